"""Architecture: what a network is built of, what its size costs, and what it buys."""

from __future__ import annotations

from mnist_core.ideas import registry
from mnist_core.ui import frame
from mnist_core.ui.texts import _

frame.ensure()
registry.show("architecture", _("Architecture: layers, units, filters"))
