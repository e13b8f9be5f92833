"""What a case, a task, a prediction and an attribution are; no torch, no files."""
