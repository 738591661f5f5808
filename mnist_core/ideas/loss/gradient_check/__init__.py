"""The numerical gradient beside backpropagation."""
