"""Train, validation and test split, and what a leak does to a test."""
