"""The Lessons page: the list, one lesson with its live parts, and lessons written in the browser."""
