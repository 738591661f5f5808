"""Forward, backward, update, with every number."""
