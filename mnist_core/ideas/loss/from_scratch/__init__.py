"""A network in a hundred lines of NumPy."""
