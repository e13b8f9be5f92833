"""CT slices with nodules, drawn."""
