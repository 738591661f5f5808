"""The loss of a yes or no."""
