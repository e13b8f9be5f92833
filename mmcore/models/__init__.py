"""Encoders, heads and the fusion model."""
