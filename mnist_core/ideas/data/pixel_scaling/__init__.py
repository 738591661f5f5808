"""What the scaling of the pixels does to the loss surface."""
