"""What is known of a model, written at release and read by the screen."""
