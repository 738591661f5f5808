"""The loss on a plane through the space of all weights."""
