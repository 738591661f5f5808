"""The same digit shifted, rotated and bent."""
