"""An image of each digit, changed in all ways and strengths."""
