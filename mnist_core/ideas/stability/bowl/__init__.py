"""Gradient descent on a quadratic: the stability edge by slider."""
