"""Models of streams."""
