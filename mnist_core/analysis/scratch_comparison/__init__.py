"""A network from scratch beside MNIST Lab's own training."""
