"""Seconds per epoch against the batch size, measured."""
