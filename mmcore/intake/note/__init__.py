"""Notes, and what they state."""
