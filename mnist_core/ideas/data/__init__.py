"""Ideas about the data: what a network sees of a digit."""
