"""Dead units, gradients and updates inside a run's layers."""
