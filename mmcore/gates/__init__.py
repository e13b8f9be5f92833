"""Which inputs of a case may speak, and why not."""
