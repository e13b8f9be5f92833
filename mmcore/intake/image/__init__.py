"""Films and other pictures."""
