"""Networks as things: their layers and sizes, their weights on disk, their output in NumPy, how long they train."""
