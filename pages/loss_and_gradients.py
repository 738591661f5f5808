"""Loss and gradients: one unit, scores to a loss, a loss that grows without end, two valleys."""

from __future__ import annotations

from mnist_core.ideas import registry
from mnist_core.ui import frame
from mnist_core.ui.texts import _

frame.ensure()
registry.show("loss_and_gradients", _("Loss and gradients"))
