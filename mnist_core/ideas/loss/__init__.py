"""Ideas about the loss and its gradient."""
