"""The parts of Review."""
