"""The parts of New case."""
