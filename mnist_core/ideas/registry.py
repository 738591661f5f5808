"""All ideas by name: where each is shown, under which title, and how it is drawn. Light: a panel is loaded when it is drawn first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import streamlit as st

from mnist_core.errors import InitialValueError
from mnist_core.messages import N_
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import Panel
from mnist_core.ui.views import Views
from mnist_core.ui.views import show as show_view

# Folder of ideas → page that shows them, by the name of its file.
PAGES: Mapping[str, str] = {
    "data": "data",
    "loss": "loss_and_gradients",
    "architecture": "architecture",
    "batch_size": "batch_size",
    "stability": "why",
}


@dataclass(frozen=True)
class Idea:
    """An idea: a folder below this one with a `panel.py` whose `draw(panel)` draws it.

    `view`: the word for it in its page's address, which old links have. `title`: on the page's switch. `controls`: the names, with
    spaces between, of those that may be told where to begin.
    """

    folder: str
    view: str
    title: str
    controls: str = ""

    @property
    def name(self) -> str:
        """What a lesson calls it, and the beginning of its keys."""
        return self.folder.partition("/")[2]

    @property
    def page(self) -> str:
        """File of the page that shows it."""
        return PAGES[self.folder.partition("/")[0]]

    def panel(self, instance: str = "", initial: Mapping[str, Any] | None = None) -> Panel:
        """One place for it to stand: on its own page, or an `instance` elsewhere whose controls begin with `initial` values.

        Raises InitialValueError where there is no control of such a name.
        """
        for name in initial or {}:
            if name not in self.controls.split():
                template = N_("“{idea}” has no control “{control}”: expected one of {options}.")
                options = ", ".join(self.controls.split()) or "–"
                raise InitialValueError(template, idea=self.name, control=name, options=options)
        return Panel(self.name, instance, initial or {})

    def draw(self, panel: Panel, *parts: Any) -> None:
        """Draw it in this place; ideas about data take the name of a data set, which may be left out. Raises InitialValueError."""
        module = import_module(f"mnist_core.ideas.{self.folder.replace('/', '.')}.panel")
        draw: Callable[..., None] = module.draw
        draw(panel, *parts)


# In the order in which a page's switch has them.
IDEAS: Mapping[str, Idea] = {
    idea.name: idea
    for idea in (
        Idea("data/samples", "samples", N_("Samples"), "order hard rank_part rank_hard"),
        Idea("data/classes", "classes", N_("Classes"), "size shares mean_count one other"),
        Idea("data/pixel_values", "numbers", N_("Pixel values"), "image scale shown row column flatten_side"),
        Idea("data/pixel_scaling", "scales", N_("Pixel scaling"), "scale row column rate steps"),
        Idea("data/data_split", "heaps", N_("Train, validation and test split"), "cut leak_share leak_memory"),
        Idea("data/augmentation", "augmentation", N_("Augmentation"), "kind strength digits"),
        Idea("data/projection", "projection", N_("Projection"), "digits first second count numbers"),
        Idea("loss/perceptron", "perceptron", N_("A perceptron"), "activation w1 w2 b picture"),
        Idea("loss/cross_entropy", "classes", N_("From logits to loss"), "target logit_0 logit_1 logit_2"),
        Idea(
            "loss/binary_cross_entropy",
            "binary",
            N_("Binary cross-entropy: confident and wrong"),
            "target probability log",
        ),
        Idea("loss/local_minima", "valleys", N_("Local minima"), "start rate steps"),
        Idea("loss/backpropagation", "backprop", N_("Backpropagation"), "x1 x2 target rate activation loss stage"),
        Idea("loss/gradient_check", "check", N_("Numerical gradient"), "hidden step"),
        Idea("loss/from_scratch", "scratch", N_("From scratch"), "rate iterations"),
        Idea(
            "architecture/layers",
            "layers",
            N_("Layers and units"),
            "task depth units_0 units_1 units_2 units_3 batch optimizer measure",
        ),
        Idea(
            "architecture/depth_and_width",
            "grid",
            N_("Depth × width"),
            "depths widths images epochs rate seeds measure accuracy",
        ),
        Idea(
            "architecture/mlp_or_cnn",
            "equal",
            N_("MLP vs. CNN"),
            "filters_0 filters_1 kernel units depth images epochs seed",
        ),
        Idea(
            "architecture/convolution",
            "convolution",
            N_("How a convolution works"),
            "image kernel side stride padding row column",
        ),
        Idea(
            "architecture/optimizer_paths",
            "valley",
            N_("Optimizer trajectories"),
            "kind shown rate adaptive_rate momentum decay steps",
        ),
        Idea("architecture/optimizer_race", "race", N_("Comparing optimizers"), "images epochs factor"),
        Idea("batch_size/updates_per_epoch", "updates", N_("Updates per epoch"), "train_size batch_size epochs"),
        Idea("batch_size/gradient_noise", "noise", N_("Gradient noise"), "batch steps"),
        Idea(
            "batch_size/batch_paths",
            "paths",
            N_("Full batch, mini-batch, single examples"),
            "equal batch rate steps points",
        ),
        Idea("batch_size/batch_times", "seconds", N_("Seconds per epoch"), "units"),
        Idea("batch_size/batch_race", "race", N_("Equal epochs, equal updates"), "images epochs rate"),
        Idea("stability/bowl", "bowl", N_("A quadratic bowl"), "weights curvature rate momentum start steps"),
        Idea("stability/sharpness", "sharpness", N_("Sharpness")),
        Idea("stability/landscape", "landscape", N_("Loss landscape"), "plane"),
        Idea("stability/inside_layers", "inside", N_("Inside the layers")),
    )
}


def of_page(page: str) -> Iterator[Idea]:
    """The ideas that a page shows, in their order."""
    return (idea for idea in IDEAS.values() if idea.page == page)


def views(page: str) -> Views:
    """Word in the page's address → title, and what draws the idea on its own page."""
    return {idea.view: (idea.title, partial(idea.draw, idea.panel())) for idea in of_page(page)}


def show(page: str, title: str) -> None:
    """A page of ideas: its title, and the view that its address names."""
    st.title(title)
    preload()
    show_view(Panel(page), views(page))
