"""Full batch, mini-batch and single examples on one contour."""
