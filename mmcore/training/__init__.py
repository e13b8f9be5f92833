"""Data sets, splits, fitting and calibration."""
