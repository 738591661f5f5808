"""A CNN and an MLP with as many parameters."""
