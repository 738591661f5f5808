"""Sharpness against 2 / learning rate, measured while a network trains."""
