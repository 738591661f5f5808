"""All ideas by name: where each is shown, under which title, and how it is drawn. Light: a panel is loaded when it is drawn first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from mnist_core.messages import N_
from mnist_core.ui.panel import Panel
from mnist_core.ui.views import Views

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

    `view`: the word for it in its page's address, which old links have. `title`: on the page's switch.
    """

    folder: str
    view: str
    title: str

    @property
    def name(self) -> str:
        """What a lesson calls it, and the beginning of its keys."""
        return self.folder.partition("/")[2]

    @property
    def page(self) -> str:
        """File of the page that shows it."""
        return PAGES[self.folder.partition("/")[0]]

    def panel(self, instance: str = "", initial: Mapping[str, Any] | None = None) -> Panel:
        """One place for it to stand: on its own page, or an `instance` elsewhere whose controls begin with `initial` values."""
        return Panel(self.name, instance, initial or {})

    def draw(self, panel: Panel, *parts: Any) -> None:
        """Draw it in this place; ideas about data take the name of a data set, which may be left out. Raises InitialValueError."""
        module = import_module(f"mnist_core.ideas.{self.folder.replace('/', '.')}.panel")
        drawn: Callable[..., None] = module.draw
        drawn(panel, *parts)


# In the order in which a page's switch has them.
IDEAS: Mapping[str, Idea] = {
    idea.name: idea
    for idea in (
        Idea("data/samples", "samples", N_("Samples")),
        Idea("data/classes", "classes", N_("Classes")),
        Idea("data/pixel_values", "numbers", N_("As numbers")),
        Idea("data/pixel_scaling", "scales", N_("Scales")),
        Idea("data/data_split", "heaps", N_("Three heaps")),
        Idea("data/augmentation", "augmentation", N_("Augmentation")),
        Idea("data/projection", "projection", N_("Projection")),
        Idea("loss/perceptron", "perceptron", N_("A perceptron")),
        Idea("loss/cross_entropy", "classes", N_("Scores to loss")),
        Idea("loss/binary_cross_entropy", "binary", N_("Sure and wrong")),
        Idea("loss/local_minima", "valleys", N_("Two valleys")),
        Idea("loss/backpropagation", "backprop", N_("Forward and backward")),
        Idea("loss/gradient_check", "check", N_("Numerical gradient")),
        Idea("loss/from_scratch", "scratch", N_("From scratch")),
        Idea("architecture/layers", "layers", N_("Layers and units")),
        Idea("architecture/depth_and_width", "grid", N_("Depth × width")),
        Idea("architecture/mlp_or_cnn", "equal", N_("MLP against CNN")),
        Idea("architecture/convolution", "convolution", N_("How a convolution slides")),
        Idea("architecture/optimizer_paths", "valley", N_("Optimizers in a valley")),
        Idea("architecture/optimizer_race", "race", N_("Optimizers raced")),
        Idea("batch_size/updates_per_epoch", "updates", N_("Updates per epoch")),
        Idea("batch_size/gradient_noise", "noise", N_("Gradient noise")),
        Idea("batch_size/batch_paths", "paths", N_("Three ways down")),
        Idea("batch_size/batch_times", "seconds", N_("Seconds per epoch")),
        Idea("batch_size/batch_race", "race", N_("Equal epochs, equal updates")),
        Idea("stability/bowl", "bowl", N_("A bowl")),
        Idea("stability/sharpness", "sharpness", N_("Sharpness")),
        Idea("stability/landscape", "landscape", N_("The landscape")),
        Idea("stability/inside_layers", "inside", N_("Inside the layers")),
    )
}


def of_page(page: str) -> Iterator[Idea]:
    """The ideas that a page shows, in their order."""
    return (idea for idea in IDEAS.values() if idea.page == page)


def views(page: str) -> Views:
    """Word in the page's address → title, and what draws the idea on its own page."""
    return {idea.view: (idea.title, partial(idea.draw, idea.panel())) for idea in of_page(page)}
