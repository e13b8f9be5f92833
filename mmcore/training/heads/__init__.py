"""Fits the heads of all modalities together on frozen encodings, so that what two of them both know counts once."""
