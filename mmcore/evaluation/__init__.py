"""Metrics, calibration and conformal sets: numpy in, numpy out."""
