"""Attributions that sum to the evidence, one method a file."""
