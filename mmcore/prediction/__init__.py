"""From a checked case to its prediction."""
