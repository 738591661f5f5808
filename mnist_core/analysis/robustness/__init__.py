"""How perturbed images are answered, by several runs."""
