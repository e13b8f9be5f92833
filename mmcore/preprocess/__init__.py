"""The same preparation of inputs in training and at the bedside."""
