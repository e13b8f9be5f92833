"""What a page or the command line may ask for."""
