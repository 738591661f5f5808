"""What arithmetic alone can show, for the pages that explain: NumPy, no training, no torch."""
