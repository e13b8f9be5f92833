"""The frame of every screen, its words, state and shared resources."""
