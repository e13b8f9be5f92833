"""ECG recordings."""
