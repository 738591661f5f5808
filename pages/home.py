"""Home: one network at eight learning rates, three first experiments, and the ideas behind them."""

from __future__ import annotations

from mnist_core.classroom_page import join_panel
from mnist_core.home_page import panel
from mnist_core.ui import frame

frame.ensure()
join_panel.draw()
panel.draw()
