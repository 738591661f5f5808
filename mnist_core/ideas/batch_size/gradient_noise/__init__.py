"""Mini-batch gradients around the gradient of all images."""
