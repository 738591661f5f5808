"""The images on a map of two principal components."""
