"""Stays in intensive care, drawn as courses of vital signs and laboratory values."""
