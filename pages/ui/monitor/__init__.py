"""The parts of Monitor."""
