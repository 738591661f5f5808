"""One image as numbers: pixel by pixel, scaled, flattened."""
