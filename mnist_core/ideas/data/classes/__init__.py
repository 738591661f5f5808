"""How many images each digit has, what they have in common, and how they spread."""
