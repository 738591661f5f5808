"""The views of a run, by their words in addresses and in lessons."""

from __future__ import annotations

from mnist_core.inspect_page import activations_panel, draw_panel, mistakes_panel, robustness_panel, snapshots_panel
from mnist_core.messages import N_
from mnist_core.ui.views import Views

VIEWS: Views = {
    "draw": (N_("Draw"), draw_panel.draw),
    "mistakes": (N_("Mistakes"), mistakes_panel.draw),
    "inside": (N_("Weights and activations"), activations_panel.draw),
    "course": (N_("Through training"), snapshots_panel.draw),
    "disturb": (N_("Robustness"), robustness_panel.draw),
}
