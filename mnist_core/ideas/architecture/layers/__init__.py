"""What each layer costs: parameters, multiplications, memory."""
