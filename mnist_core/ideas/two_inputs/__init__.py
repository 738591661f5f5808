"""A network with two inputs, all of which can be seen."""
