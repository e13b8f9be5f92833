"""Scans, recordings, notes and evidence, drawn."""
