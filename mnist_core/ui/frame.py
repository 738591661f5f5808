"""The frame around every page: settings of the page, navigation, language, data note, and errors as sentences.

`run()` is all that app.py does for a page. A page file begins with `frame.ensure()`: right after a server's start Streamlit runs the
file behind an address like `/train` alone, without app.py; `ensure` then sets the navigation up and starts over.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from mnist_core import escape, settings
from mnist_core.errors import ConfigError, MnistLabError, StoreError, TransientStoreError
from mnist_core.jobs import keeper
from mnist_core.messages import first_of
from mnist_core.ui import (
    address,
    data_note,
    embedding,
    large_type,
    lost_connection,
    membership,
    names,
    own_images,
    session,
    texts,
    visits,
    widget_messages,
)
from mnist_core.ui.texts import _

LOG = logging.getLogger("mnist_lab")
LOG_AGAIN = 600  # seconds until the log has a sentence once more
MOST_NAMED, LETTERS = 5, 60  # parameters of an address that are named, and letters of each
AGAIN_SECONDS = 3.0  # between two looks for a store that is out of reach
_inside: ContextVar[bool] = ContextVar("mnist_lab_inside", default=False)
P = ParamSpec("P")


def pages() -> dict[str, list[StreamlitPage]]:
    """The pages in the order of the navigation: what one does, then, in a menu, what explains."""
    return {
        "": [
            st.Page("pages/home.py", title=_("Home"), icon=":material/home:", default=True),
            _page("lessons", _("Lessons"), "menu_book"),
            _page("train", _("Train"), "play_circle"),
            _page("learning_rate", _("Learning rate"), "speed"),
            _page("compare", _("Compare"), "compare_arrows"),
            _page("inspect", _("Inspect"), "search_insights"),
            _page("classroom", _("Classroom"), "school"),
        ],
        _("Understand"): [
            _page("two_inputs", _("Two inputs"), "scatter_plot"),
            _page("data", _("Data"), "grid_view"),
            _page("loss_and_gradients", _("Loss and gradients"), "functions"),
            _page("architecture", _("Architecture"), "account_tree"),
            _page("batch_size", _("Batch size"), "stacks"),
            _page("why", _("Why training breaks"), "help_center"),
        ],
    }


def _page(name: str, title: str, icon: str) -> StreamlitPage:
    # Address and file have one name: right after a start Streamlit knows the addresses of the files alone.
    return st.Page(f"pages/{name}.py", title=title, icon=f":material/{icon}:", url_path=name)


# A picture of our own: the browser would fetch a named one from a server elsewhere.
_ICON = Path(__file__).with_name("icon.svg")


def _configure() -> None:
    st.set_page_config(
        page_title="MNIST Lab",
        page_icon=_ICON,
        layout="wide",
        initial_sidebar_state="auto",
        menu_items={"about": "MNIST Lab"},
    )


@lru_cache(maxsize=1)
def page_names() -> frozenset[str]:
    """Addresses of all pages, as the browser has them; Home's is empty."""
    files = {file.stem for file in (settings.APP / "pages").glob("*.py")}
    return frozenset("" if name == "home" else name for name in files)


def run(below: Callable[[str], None]) -> None:
    """Draw the page that the address asks for, in its frame; `below` draws what stands between the frame's line and the page."""
    widget_messages.fold_in_logs()
    _configure()
    texts.begin()
    page = st.navigation(pages(), position="hidden" if embedding.wanted() else "top")
    safely(_draw)(page, below)


# Streamlit leaves a hand's breadth of nothing above a page; a projector has better uses for it. Of a sidebar it may leave the frame on the
# next page, where a click there came while controls were drawn again. Columns stand beneath each other in a window as narrow as a
# telephone's; on a tablet the page beside a sidebar is as narrow. What wraps needs no wide gap between its rows.
_STYLE = """<style>
.stMainBlockContainer { padding: 4.2rem 2.5rem 2rem; }
.st-key-frame { margin-bottom: -0.6rem; }
.stMainBlockContainer h1 { font-size: 1.7rem; padding: 0 0 0.7rem; }
.stMainBlockContainer h3 { font-size: 1.25rem; padding: 0.6rem 0 0.2rem; }
.stMainBlockContainer [data-testid="stMetricValue"] { font-size: 1.7rem; }
.stMainBlockContainer :is(h1, h2, h3, h5) { word-break: keep-all; overflow-wrap: anywhere; }
.stMain [data-testid="stHorizontalBlock"] { row-gap: 1rem; }
.st-key-settings_hint { display: none; }
[class*="explanation_live"] { min-height: 9.5rem; }
[data-testid="stSidebarHeader"] { height: 2.4rem; min-height: 0; }
[data-testid="stSidebar"]:not(:has([data-testid="stElementContainer"])) { display: none; }
[data-testid="stSidebarUserContent"] { padding-top: 0; }
@media (max-width: 640px) { .stMainBlockContainer { padding: 4.2rem 1rem 2rem; } }
@media (max-width: 768px) { .st-key-settings_hint { display: flex; } }
@media (max-width: 960px) {
  :where(.stApp:has([data-testid="stSidebar"][data-collapsed="false"] [data-testid="stElementContainer"])) {
    .stMainBlockContainer { padding: 4.2rem 1.5rem 2rem; }
    .stMain [data-testid="stColumn"] { min-width: calc(100% - 1.5rem); }
  }
}
</style>"""
# Streamlit's own hints in fields are English, whatever the page speaks.
_HINTLESS = _STYLE + """<style>[data-testid="InputInstructions"] { display: none; }</style>"""


def say_where_settings_are() -> None:
    """Where Streamlit folds the sidebar away: that the page's settings are there."""
    with st.container(key="settings_hint"):
        st.caption(_("The settings are in the menu: press :material/keyboard_double_arrow_right: at the top left."))


_EMBEDDED = "<style>.stMainBlockContainer { padding: 0.5rem 1rem; } .stAppHeader { display: none; }</style>"


def _draw(page: StreamlitPage, below: Callable[[str], None]) -> None:
    if embedding.wanted():
        _draw_embedded(page)
        return
    address.begin()
    st.session_state.pop("draw_anew", None)  # that is what happens here
    if texts.language() == "en":
        st.html(_STYLE + lost_connection.style())
    else:
        st.html(_HINTLESS + lost_connection.style())
    large_type.begin()
    visits.note()
    membership.begin()
    session.remember_student()
    if session.is_becoming():
        return
    is_first = not keeper.is_kept()  # since the server's start: it is drawn before the cluster takes the cores
    if not is_first:
        keeper.keep_cluster()
    interval = data_note.interval()  # where the store is out of reach, what a press met is said when it is back
    problem = st.session_state.pop("problem", None)  # before a fragment takes it for its own
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="frame"):
        fragment(data_note.line, every=interval)(page.url_path)
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            membership.line()
            large_type.switch()
            texts.language_switch()
    _say_when_the_disk_is_full()
    _say_when_the_host_is_small()
    if problem is not None:
        show_error(problem)
    _say()
    below(page.url_path)
    token = _inside.set(True)
    try:
        with own_images.found_once():
            page.run()
    finally:
        _inside.reset(token)
    _tell_what_was_left_out()
    address.end()
    if is_first:
        keeper.keep_cluster()


def _tell_what_was_left_out() -> None:
    """For a moment: what an address that was followed said for nothing."""
    for text, parameters in (
        (_("The link says more than this page uses: {names}."), address.unused()),
        (_("The link says what cannot be shown here: {names}."), address.unusable()),
    ):
        if parameters:
            listed = ", ".join(escape.markdown(name[:LETTERS]) for name in parameters[:MOST_NAMED])
            st.toast(text.format(names=listed), icon=":material/link_off:")


def _draw_embedded(page: StreamlitPage) -> None:
    """What stands in a frame of another page: no line above it, nobody is remembered, nothing is kept."""
    address.begin()
    st.html(_HINTLESS + lost_connection.style())
    st.html(_EMBEDDED)
    visits.note()
    if keeper.is_kept():
        keeper.keep_cluster()
    if (problem := st.session_state.pop("problem", None)) is not None:
        show_error(problem)
    if page.url_path in embedding.PAGES:
        token = _inside.set(True)
        try:
            with own_images.found_once():
                page.run()
        finally:
            _inside.reset(token)
    else:
        embedding.not_here()
    embedding.line()
    address.end()


def _say_when_the_disk_is_full() -> None:
    if settings.lacking_space():
        st.warning(
            _(
                "The server's disk is nearly full. Runs continue, but no weight snapshots are saved, and the oldest weights are deleted. Free some space, or tell the server's administrator."
            ),
            icon=":material/hard_drive:",
        )


def _say_when_the_host_is_small() -> None:
    if not settings.can_train():
        st.warning(
            _(
                "This server has {available} MB of memory; training needs {needed} MB, so nothing is trained here. **Two inputs** trains in your browser, and all pages under *Understand* explain without training."
            ).format(available=settings.memory_bytes() // 10**6, needed=settings.LEAST_BYTES // 10**6),
            icon=":material/memory:",
        )
    elif (cores := settings.cores()) < settings.FEW_CORES:
        st.caption(
            _(
                ":material/hourglass_empty: This server has {cores} of a core: everything takes longer. Start with small networks and few epochs."
            ).format(cores=f"{cores:.2f}")
        )


def ensure() -> None:
    """Make sure that the page runs inside the frame; see the module's docstring."""
    if not _inside.get():
        _configure()
        st.navigation(pages(), position="hidden")
        st.rerun()


def safely(draw: Callable[P, None], *, again: bool = True) -> Callable[P, None]:
    """`draw`, with errors shown as sentences; what was not foreseen goes to the log with its traceback.

    `again`: where the store is out of reach, the page is drawn anew by itself when it is back.
    """

    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            draw(*args, **kwargs)
        except MnistLabError as error:
            show_error(error)
            if again and isinstance(error, TransientStoreError):
                _try_again()
        except Exception:
            LOG.exception("A page failed")
            st.error(
                _(
                    "This part of the page could not be shown. Runs continue and nothing is lost. Reload the page to try again."
                ),
                icon=":material/error:",
            )

    return wrapped


def _try_again() -> None:
    """Draw the page anew, once a few seconds have passed, as soon as the store can be read."""
    first = True

    def look() -> None:
        nonlocal first
        if not first:
            try:
                session.store().facts.get("cluster")
            except StoreError:
                return
            st.rerun()
        first = False

    st.fragment(look, run_every=AGAIN_SECONDS)()


def callback(act: Callable[P, None]) -> Callable[P, None]:
    """`act` for a button: its error is a sentence at the top of the page, or fragment, that is drawn next."""

    @functools.wraps(act)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            act(*args, **kwargs)
        except MnistLabError as error:
            st.session_state["problem"] = error

    return wrapped


def draw_anew() -> None:
    """In a callback of a fragment that changed what stands elsewhere on the page: draw all of the page next."""
    st.session_state["draw_anew"] = True


def say_next(text: str, icon: str) -> None:
    """In a callback: say for a moment what was done, once the page, or the fragment, is drawn next."""
    st.session_state["said_next"] = text, icon


def _say() -> None:
    if (said := st.session_state.pop("said_next", None)) is not None:
        st.toast(said[0], icon=said[1])


def show_error(error: MnistLabError) -> None:
    """The error as a sentence in the language of the session."""
    st.error(sentence(error), icon=":material/error:")


@lru_cache(maxsize=200)
def _log_once(text: str, _period: int) -> None:
    """A page shows an error at each drawing."""
    LOG.error("%s", text)


def sentence(error: MnistLabError) -> str:
    """The error as Markdown, one line per problem of a configuration; what is for who runs the server alone goes to the log."""
    if error.message.has_places:
        _log_once(str(error), int(time.monotonic() // LOG_AGAIN))
    if isinstance(error, ConfigError):  # which begin with the name of a setting
        problems = first_of([problem.message for problem in error.problems])
        sentences = [names.headline(problem.text(_, term=names.term)) for problem in problems]
    else:
        sentences = [error.message.text(_, term=names.term)]
    return "\n\n".join(map(escape.markdown, sentences))


def fragment(draw: Callable[P, None], *, every: float | None = None) -> Callable[P, Any]:
    """`draw` as a fragment that shows its errors as sentences; redrawn `every` so many seconds."""

    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        if st.session_state.pop("draw_anew", False):
            st.rerun()
        # What a button of the fragment met; a toast, since a sentence would be gone with the next redrawing.
        if problem := st.session_state.pop("problem", None):
            st.toast(sentence(problem), icon=":material/error:", duration="long")
        _say()
        with own_images.found_once():
            draw(*args, **kwargs)

    return st.fragment(safely(wrapped, again=False), run_every=every)
