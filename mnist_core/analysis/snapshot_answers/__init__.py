"""What each snapshot of a run answers."""
