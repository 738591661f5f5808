"""Batch size: how many images speak before each step."""

from __future__ import annotations

from mnist_core.ideas import registry
from mnist_core.ui import frame
from mnist_core.ui.texts import _

frame.ensure()
registry.show("batch_size", _("Batch size: images per update"))
