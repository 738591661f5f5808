"""A network from scratch compared with MNIST Lab's own training."""
