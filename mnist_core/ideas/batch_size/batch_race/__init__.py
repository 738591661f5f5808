"""Equal epochs and equal updates at many batch sizes."""
