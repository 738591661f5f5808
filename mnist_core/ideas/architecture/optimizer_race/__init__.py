"""All optimizers in one network, on the same batches."""
