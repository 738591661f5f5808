"""Gradient descent that may end in the wrong minimum."""
