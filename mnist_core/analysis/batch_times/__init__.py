"""Seconds of an update at several batch sizes, on this machine."""
