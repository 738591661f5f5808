"""The list of this student's runs, with state and result; those whose settings cannot be read, to be deleted."""

from __future__ import annotations

from functools import partial

import streamlit as st

from mnist_core import escape
from mnist_core.escape import UserText
from mnist_core.messages import accuracy_text
from mnist_core.panels import waiting
from mnist_core.records import Run, UnreadableRun
from mnist_core.ui import frame, live_parts, names, session, watch
from mnist_core.ui.texts import _, ngettext

SHOWN = 8
# Where columns stand beneath each other a run takes two lines: its name with the button, and the rest.
STYLE = """<style>
@media (max-width: 960px) {
  .st-key-run_list [data-testid="stHorizontalBlock"] { gap: 0 1rem; border-bottom: 1px solid #8884; padding-bottom: 0.2rem; }
  .st-key-run_list [data-testid="stColumn"] { min-width: 0; width: auto; flex: 0 1 auto; order: 2; }
  .st-key-run_list [data-testid="stColumn"]:first-child { flex: 1 1 calc(100% - 6rem); order: 0; }
  .st-key-run_list [data-testid="stColumn"]:last-child { order: 1; }
}
</style>"""
MOST_TITLES = 200  # runs whose titles say what tells them apart


def draw() -> None:
    """The last runs, as they are now; a click opens one."""
    watch.my_runs()  # where the store is out of reach the whole page waits for it, not this part alone
    frame.fragment(_list)()


def _list() -> None:
    store, student = session.store(), session.student()
    runs, unreadable = watch.my_runs(), store.runs.unreadable(student)
    if not (runs or unreadable):
        return
    moving = [run.id for run in runs[:SHOWN] if run.may_go_on]
    live_parts.link(watch.look_at(moving), partial(live_parts.states, moving), key="run_list_link")
    st.html(STYLE)
    st.subheader(_("My runs"))
    with st.container(key="run_list"):
        _lines(runs)
        for unreadable_run in unreadable:
            _unreadable_line(unreadable_run)


def _lines(runs: list[Run]) -> None:
    titles = names.told_apart(runs[:MOST_TITLES])
    for run, title in zip(runs[:SHOWN], titles, strict=False):
        _line(run, title)
    if len(runs) > SHOWN:
        earlier = len(runs) - SHOWN
        with st.expander(ngettext("{n} earlier run", "{n} earlier runs", earlier).format(n=earlier)):
            for place, run in enumerate(runs[SHOWN:], SHOWN):
                _line(run, titles[place] if place < len(titles) else names.run_title(run))


def _open(run: Run) -> None:
    st.session_state.update(shown_run=run.id, shown_group=None)
    frame.draw_anew()  # its panel is no part of this fragment


def _line(run: Run, called: UserText) -> None:
    name, state, result, action = st.columns([6, 4, 3, 2], vertical_alignment="center")
    current = st.session_state.get("shown_run") == run.id
    title = called.markdown
    name.markdown(f"**{title}**" if current else title)
    state.markdown(f"{names.badge(run)} {names.verdict_badge(run)}")
    result.markdown(_result(run))
    action.button(_("Open"), key=f"open_{run.id}", type="tertiary", disabled=current, on_click=_open, args=(run,))


def _unreadable_line(run: UnreadableRun) -> None:
    sentence, action = st.columns([11, 2], vertical_alignment="center")
    sentence.markdown(escape.markdown(run.problem.text(_, term=names.term)))
    action.button(_("Delete"), key=f"delete_{run.id}", type="tertiary", on_click=_delete, args=(run.id,))


@frame.callback
def _delete(run_id: str) -> None:
    session.store().runs.delete(run_id, session.student())
    if st.session_state.get("shown_run") == run_id:
        st.session_state["shown_run"] = None
        frame.draw_anew()


def _result(run: Run) -> str:
    if run.state == "queued":
        return waiting.place(run)
    accuracy = run.result.get("test_accuracy")
    if accuracy is None:
        return ""
    return _("test accuracy {accuracy}").format(accuracy=accuracy_text(accuracy))
