"""One unit: weights, bias, activation."""
