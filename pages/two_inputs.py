"""Two inputs: a network of which everything can be seen, trained in the browser."""

from __future__ import annotations

from mnist_core.ideas.registry import IDEAS
from mnist_core.ui import embedding, frame
from mnist_core.ui.texts import _

frame.ensure()
embedding.title(_("Two inputs"))
idea = IDEAS["plane"]
idea.draw(idea.panel())
