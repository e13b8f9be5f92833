"""Stays as they unfold: risk now, a ward, alerts."""
