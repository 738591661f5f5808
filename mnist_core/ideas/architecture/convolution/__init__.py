"""How a kernel slides over an image."""
