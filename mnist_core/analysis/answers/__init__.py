"""What a run answers to each image of a split."""
