"""Timed measurements of a stay."""
