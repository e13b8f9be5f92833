"""The parts of the worklist."""
