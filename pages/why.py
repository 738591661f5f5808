"""Why it breaks: a bowl where everything is known, then a network: its sharpness, its landscape, the inside of its layers."""

from __future__ import annotations

from mnist_core.ideas import registry
from mnist_core.ui import frame
from mnist_core.ui.texts import _

frame.ensure()
registry.show("why", _("Why a high learning rate breaks training"))
