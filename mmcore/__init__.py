"""Threefold: multimodal evidence for clinical questions, as an account that adds up to the prediction."""
