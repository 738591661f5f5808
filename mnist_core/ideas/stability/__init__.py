"""Ideas about where training breaks."""
