"""The Inspect page: what a network learned, and where it errs."""
