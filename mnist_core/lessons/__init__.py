"""Lessons: Markdown files with live parts."""
