"""An epoch cut into batches."""
