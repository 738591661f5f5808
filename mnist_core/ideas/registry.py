"""All ideas by name: where each is shown, under which title, and how it is drawn. Light: a panel is loaded when it is drawn first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from mnist_core.errors import InitialValueError
from mnist_core.ideas.names import NAMES, IdeaName
from mnist_core.messages import N_
from mnist_core.ui import embedding
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import Panel
from mnist_core.ui.views import Views
from mnist_core.ui.views import show as show_view


@dataclass(frozen=True)
class Idea(IdeaName):
    """An idea: a folder below this one with a `panel.py` whose `draw(panel)` draws it."""

    def panel(self, instance: str = "", initial: Mapping[str, Any] | None = None) -> Panel:
        """One place for it to stand: on its own page, or an `instance` elsewhere whose controls begin with `initial` values.

        Raises InitialValueError where there is no control of such a name.
        """
        for name in initial or {}:
            if name not in self.controls.split():
                template = N_("“{idea}” has no control “{control}”: expected one of {options}.")
                options = ", ".join(self.controls.split()) or "–"
                raise InitialValueError(template, idea=self.name, control=name, options=options)
        return Panel(self.name, instance, initial or {}, alone=not instance and self.is_alone)

    def draw(self, panel: Panel, *parts: Any) -> None:
        """Draw it in this place; ideas about data take the name of a data set, which may be left out. Raises InitialValueError."""
        module = import_module(f"mnist_core.ideas.{self.folder.replace('/', '.')}.panel")
        draw: Callable[..., None] = module.draw
        draw(panel, *parts)


# In the order of `NAMES`.
IDEAS: Mapping[str, Idea] = {
    name: Idea(known.folder, known.view, known.title, known.controls) for name, known in NAMES.items()
}


def of_page(page: str) -> Iterator[Idea]:
    """The ideas that a page shows, in their order."""
    return (idea for idea in IDEAS.values() if idea.page == page)


def views(page: str) -> Views:
    """Word in the page's address → title, and what draws the idea on its own page."""
    return {idea.view: (idea.title, partial(idea.draw, idea.panel())) for idea in of_page(page)}


def show(page: str, title: str) -> None:
    """A page of ideas: its title, and the view that its address names."""
    embedding.title(title)
    preload()
    show_view(Panel(page), views(page))
