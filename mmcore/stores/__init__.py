"""Where models and cases are kept."""
