"""Classroom: open a class, see who joins it, and what the projector shows."""

from __future__ import annotations

from mnist_core.classroom_page import panel
from mnist_core.ui import frame

frame.ensure()
panel.draw()
