"""Compare: my runs in a table; the chosen ones beside each other."""

from __future__ import annotations

import streamlit as st

from mnist_core.compare_page import charts_panel, table_panel
from mnist_core.ui import frame
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import PAGE
from mnist_core.ui.texts import _

frame.ensure()


def page() -> None:
    """The table above, the chosen runs below; the address brings the same runs back, in any browser."""
    st.title(_("Compare runs: what did one change do?"))
    preload()
    chosen = table_panel.choose()
    table_panel.actions(chosen)
    if chosen:
        charts_panel.draw(PAGE, [run.id for run in chosen])
    elif table_panel.has_runs():
        st.info(_("Choose two runs or more in the table, to see them beside each other."))
    else:
        st.info(_("Train networks first, then choose some in the table: they appear here beside each other."))


frame.safely(page)()
