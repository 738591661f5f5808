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
        st.info(_("Choose two or more runs in the table to compare them."))
    else:
        st.info(_("Train some networks first, then choose runs in the table. They are compared here."))


frame.safely(page)()
