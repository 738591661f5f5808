"""What several pages show of runs: controls, one run, a group, an analysis, predictions, export."""
