"""Cases without their answer, scores, and a model taught to be wrong."""
