"""All optimizers on one surface of two weights."""
