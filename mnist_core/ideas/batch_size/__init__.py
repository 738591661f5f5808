"""Ideas about the batch size."""
