"""The Learning-rate page: sweeps over many rates, and the range test."""
