"""Chest films and pictures that are none, drawn from their anatomy."""
