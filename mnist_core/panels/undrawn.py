"""Which runs a chart does not draw, and why: no run disappears unsaid."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from mnist_core import escape
from mnist_core.records import Run
from mnist_core.ui import names
from mnist_core.ui.texts import _, ngettext

MOST = 6  # named of one reason


def say(missing: Sequence[tuple[str, str]]) -> None:
    """(name, why) of what is not drawn, in a caption; nothing where all is."""
    parts = []
    for why in dict.fromkeys(why for _name, why in missing):
        titles = [name for name, reason in missing if reason == why]
        listed = "; ".join(titles[:MOST])
        if len(titles) > MOST:
            more = len(titles) - MOST
            listed += " " + ngettext("and {n} more", "and {n} more", more).format(n=more)
        parts.append(_("Not drawn ({why}): {runs}.").format(why=why, runs=escape.markdown(listed)))
    if parts:
        st.caption(f":material/visibility_off: {' '.join(parts)}")


def not_yet(run: Run) -> str:
    """Why a run has no figures: it has not begun, or ended before there were any."""
    return _("ended before its first evaluation") if run.state == "finished" else _("no results yet")


def rate_changed(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Those whose rate was changed by hand, as `say` takes them."""
    return [(names.variant(run).plain, _("learning rate changed by hand")) for run in runs if run.rate_changes]
