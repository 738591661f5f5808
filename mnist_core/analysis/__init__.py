"""Analyses: what a worker computes about networks besides training them."""
