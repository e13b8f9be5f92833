"""Figures from arrays: numpy in, numpy out."""
