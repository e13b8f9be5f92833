"""Learned gates."""
