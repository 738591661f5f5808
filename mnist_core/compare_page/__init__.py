"""The Compare page: the table of runs, and the chosen ones beside each other."""
