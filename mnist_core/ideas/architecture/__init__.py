"""Ideas about layers, units, filters and optimizers."""
