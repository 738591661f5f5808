"""Views of one page, one shown at a time, named in the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from mnist_core.ui import address, embedding, frame
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

Views = Mapping[str, tuple[str, Callable[..., None]]]


def show(panel: Panel, views: Views, *parts: Any) -> None:
    """Draw the one of `views` (word in the address → title, function) that is chosen, with `parts`.

    The first is shown where the address asks for none. `panel`: of the switch.
    """
    parameter, key = panel.address("view"), panel.key("view")
    requested, first = st.query_params.get(parameter), next(iter(views))
    start = requested if requested is not None and requested in views else first
    address.can_use(parameter, requested in (None, *views))
    if embedding.wanted():
        address.say(**{parameter: start})
        frame.safely(views[start][1])(*parts)
        return
    names = {name: _(title) for name, (title, _draw) in views.items()}
    # As the default, which the browser is told with every drawing; what is written to the session's state before the
    # widget is drawn comes with the first message only.
    chosen = st.segmented_control(
        _("View"),
        list(views),
        default=address.widget_default(key, start) if address.followed() else start,
        required=True,
        key=key,
        format_func=names.__getitem__,
        label_visibility="collapsed",
        wrap=True,
    )
    view = chosen or first
    address.say(**{parameter: view})
    frame.safely(views[view][1])(*parts)
