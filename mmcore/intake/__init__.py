"""Bytes of the outside world turned into checked domain values."""
