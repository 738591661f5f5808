"""The board, for the projector: how to join, and in a round what every student's run has come to. It shows no secret.

Students see the runs on it only where the teacher says so. Each chart is one item that browsers follow, the same for all who look.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from mnist_core.class_records import Class
from mnist_core.classroom_page import board_figure, invitation, predictions_figure, rounds_panel
from mnist_core.classroom_page.board_figure import BoardLook
from mnist_core.errors import ClassError, LimitError
from mnist_core.figures.sweep import METRICS
from mnist_core.figures.theme import SPLIT_STYLES
from mnist_core.panels import run_panel
from mnist_core.records import Split
from mnist_core.rounds import Round
from mnist_core.ui import board, classwork, frame, live_parts, names, seal, session, texts, watch
from mnist_core.ui.chart import Click, preload
from mnist_core.ui.panel import PAGE, Panel
from mnist_core.ui.texts import _

HEIGHT = 660  # pixels of the points
LOW, GAP = 290, 16  # of the predictions above the curves
OPENED = Panel("opened")  # the run that was clicked on
_STYLE = """<style>
.mnist-lab-board-code { font: 700 1.6rem/1.2 ui-monospace, Menlo, Consolas, monospace; letter-spacing: 0.15em; }
[class*=board_charts] [data-testid=stColumn] { min-width: min(100%, 24rem); }
</style>"""


def draw(code: str) -> None:
    """The board of the class with this code."""
    key = f"board_class_{code[:20]}"
    if key not in st.session_state:  # a code is tried once, not at each drawing
        try:
            st.session_state[key] = session.store().classes.find(code, session.student()).id
        except (ClassError, LimitError) as error:
            st.title(_("Classroom"))
            frame.show_error(error)
            return
    preload()
    frame.fragment(_board)(st.session_state[key])


def _board(class_id: str) -> None:
    opened = session.store().classes.get(class_id)
    if opened is None:
        st.info(_("This class is no longer here."))
        return
    seal.hold(sealed=session.store().rounds.keep_test_sealed(class_id))
    given = _shown_round(class_id)
    if given is None:
        st.title(opened.name.markdown)
        invitation.large(opened, invitation.who_is_here(opened))
    else:
        _round(opened, given)
    live_parts.link([opened], partial(_signature, class_id), key="board_link", pause=0.3)


def _signature(class_id: str) -> Any:
    """What the board shows of the class besides its charts."""
    opened = session.store().classes.get(class_id)
    return None if opened is None else [opened.news, opened.members]


def _shown_round(class_id: str) -> Round | None:
    """The round that was chosen, or is open, or was the last, where this browser may see it."""
    rounds = session.store().rounds.given(class_id)
    if not _is_teacher(class_id):
        rounds = [given for given in rounds if given.board_shown]
    trains = [given for given in rounds if given.plan.kind != "idea"]
    opened = _open(trains)
    chosen, opened_then = st.session_state.get("board_round", (None, None))
    if opened is not None and opened.id != opened_then:  # another than when it was chosen
        st.session_state.pop("board_round", None)
        chosen = None
    last = trains[-1] if trains else None
    return next((given for given in trains if given.id == chosen), opened or last)


def _open(rounds: Sequence[Round]) -> Round | None:
    return next((given for given in rounds if given.state == "open"), None)


def _is_teacher(class_id: str) -> bool:
    mine = classwork.taught()
    return mine is not None and mine.in_class.id == class_id


def _round(opened: Class, given: Round) -> None:
    st.html(_STYLE)
    _head(opened, given)
    shown = board.look(given.id)
    if shown is None:
        return
    look = _look(given)
    if given.plan.question != "none" and not given.uncovered:
        _predictions(shown, look, height=HEIGHT)
        st.caption(_("The results are covered until the teacher uncovers them."))
    else:
        _charts(shown, look)


def _head(opened: Class, given: Round) -> None:
    """Round, class, how to join, and how many are there."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(f"{given.number}. {given.plan.title.markdown}", width="content", anchor=False)
        st.markdown(f"**{opened.name.markdown}** · {invitation.who_is_here(opened)}", width="content")
        st.html(f'<span class="mnist-lab-board-code">{opened.code}</span>', width="content")
    if given.plan.instruction:
        st.markdown(given.plan.instruction.formatted)


def _look(given: Round) -> BoardLook:
    """What is drawn, by the switches above it."""
    panel, across = PAGE, board_figure.settings_across(given.plan)
    with st.container(horizontal=True, vertical_alignment="center", key="board_controls"):
        _choose_round(given)
        first = board_figure.first_which(given.plan)
        key = "board_which" if first == "best" else "board_which_of_sweep"
        which = panel.one_of(key, _("Runs"), board_figure.WHICH, first, titled=False)
        metric = panel.one_of("board_metric", _("Metric"), METRICS, "accuracy", titled=False)
        setting = across[0] if across else ""
        if len(across) > 1:
            titles = {name: names.setting(name) for name in across}
            setting = st.selectbox(
                _("Horizontal axis"),
                across,
                format_func=titles.__getitem__,
                key=f"board_across_{given.id}",
                width=240,
                label_visibility="collapsed",
            )
        splits = _splits(given)
        split = splits[0]
        if len(splits) > 1:
            split = panel.one_of(
                "board_split", _("Images"), {one: SPLIT_STYLES[one].name for one in splits}, split, titled=False
            )
        with_names = panel.toggle("board_names", _("Nicknames"))
        panel.toggle("board_frozen", _("Freeze"), help=_("The board stays as it is until you switch this off."))
    return BoardLook(metric, which, setting, with_names, split, session.dark())


def _splits(given: Round) -> list[Split]:
    """The images whose figures may be shown; test images once they are open to all."""
    found: list[Split] = ["validation"] if given.plan.config.validation_size else ["train"]
    return found if seal.sealed() else [*found, "test"]


def _choose_round(given: Round) -> None:
    """Earlier rounds, at hand."""
    rounds = session.store().rounds.given(given.class_id)
    if not _is_teacher(given.class_id):
        rounds = [one for one in rounds if one.board_shown]
    rounds = [one for one in rounds if one.plan.kind != "idea"]
    titles = {one.id: f"{one.number}. {one.plan.title.plain}" for one in rounds}
    if len(titles) > 1:
        st.session_state["board_round_choice"] = given.id
        st.selectbox(
            _("Round"),
            list(titles),
            format_func=titles.__getitem__,
            key="board_round_choice",
            on_change=_keep_round,
            args=(_open(rounds),),
            width=260,
            label_visibility="collapsed",
        )


def _keep_round(opened: Round | None) -> None:
    """The choice holds until another round is opened than the one that is open now."""
    st.session_state["board_round"] = st.session_state["board_round_choice"], opened and opened.id


# ---- charts --------------------------------------------------------------------------------------------------------


def _charts(shown: board.Board, look: BoardLook) -> None:
    with st.container(key="board_charts"):
        left, right = st.columns([2, 1], gap="medium")
    make_points, make_curves = partial(_points, shown.id, look), partial(_curves, shown.id, look)
    with left:
        on_click, narrow = partial(_clicked, shown.id), (board_figure.WIDTH, HEIGHT)
        _chart(shown, ("board points", look), make_points, "chart_board", on_click=on_click, narrow=narrow)
        if look.which != "all" and board_figure.draws_zones(shown.runs, shown.round.plan, look):
            st.caption(_("The zones are those of all runs of the round, also of runs that are not drawn here."))
    with right:
        asked = shown.round.plan.question != "none"
        if asked:
            _predictions(shown, look, height=LOW)
        height = HEIGHT - LOW - GAP if asked else HEIGHT
        _chart(shown, ("board curves", look), make_curves, "chart_board_curves", height=height)
    _opened_run(shown)


def _chart(shown: board.Board, name: Any, make: Any, key: str, *, height: int = HEIGHT, **options: Any) -> None:
    """The chart, which moves with the round unless the board is frozen: then it stays as it was when it was."""
    frozen = bool(st.session_state.get("board_frozen"))
    kept = st.session_state.setdefault("board_kept", {})
    if not frozen:
        kept.pop(key, None)
        live_parts.chart_of([shown], name, make, key=key, height=height, subject=shown.id, **options)
        return
    before = kept.get(key)
    if before is None or before.id != shown.id:
        kept[key] = before = shown
    with board.showing(before):
        picture = make()
    live_parts.still_chart(picture, key=key, height=height, subject=shown.id, **options)


def _points(round_id: str, look: BoardLook) -> live_parts.Picture:
    shown = board.found(round_id)
    key = (round_id, shown.version, look, texts.language(), "points")
    make = partial(board_figure.points_chart, shown.round.plan, round_id, shown.runs, look, _, names.term)
    narrow = None
    if board_figure.shows_zones(shown.round.plan, look):  # their names stand in more rows where there is less room
        narrow = watch.figure((*key, "narrow"), partial(make, width=board_figure.NARROW))
    return live_parts.Picture(watch.figure(key, make), board_figure.describe_points(shown.runs, look).text(_), narrow)


def _curves(round_id: str, look: BoardLook) -> live_parts.Picture:
    shown = board.found(round_id)
    key = (round_id, shown.version, look, texts.language(), "curves")
    make = partial(board_figure.curves_chart, shown.round.plan, round_id, shown.runs, look, _, names.term)
    return live_parts.Picture(watch.figure(key, make), _("Curves of all runs, overlaid."))


def _predictions(shown: board.Board, look: BoardLook, height: int) -> None:
    make = partial(_bars, shown.id, look)
    _chart(shown, ("board predictions", look.dark), make, "chart_predictions", height=height)


def _bars(round_id: str, look: BoardLook) -> live_parts.Picture:
    shown = board.found(round_id)
    given = shown.round
    figure = predictions_figure.predictions_chart(
        given.plan, round_id, shown.runs, look, _, waiting=shown.waiting, uncovered=given.uncovered
    )
    return live_parts.Picture(figure, predictions_figure.describe(shown.runs, shown.waiting).text(_))


# ---- one run -------------------------------------------------------------------------------------------------------


def _clicked(round_id: str, click: Click) -> None:
    """A point: its run is opened below."""
    ids = click.meta if isinstance(click.meta, list) else []
    shown = board.look(round_id)
    known = {one.run.id for one in shown.runs} if shown is not None else set()
    if 0 <= click.point < len(ids) and ids[click.point] in known:
        st.session_state["board_run"] = ids[click.point]


def _opened_run(shown: board.Board) -> None:
    run_id = st.session_state.get("board_run")
    one = next((one for one in shown.runs if one.run.id == run_id), None)
    if one is None:
        st.caption(_("Click a point to open its run."))
        return
    with st.container(border=True, key="board_run_panel"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"##### {one.nickname.markdown}", width="stretch")
            if (mine := classwork.taught()) is not None:
                label = _("Show this run to everybody")
                st.button(
                    label, key="show_run", icon=":material/campaign:", on_click=_show_run, args=(mine, one.run.id)
                )
                if one.run.state != "finished":
                    rights = (mine.in_class.id, mine.secret)
                    label, act = _("Stop this run"), rounds_panel.stop
                    st.button(label, key="stop_run", icon=":material/stop:", on_click=act, args=(rights, None, run_id))
            st.button(_("Close"), key="close_run", on_click=_close_run)
        run_panel.draw(OPENED, one.run.id)


def _show_run(mine: classwork.Taught, run_id: str) -> None:
    classwork.show_all(mine, "train", {"run": run_id})


def _close_run() -> None:
    st.session_state["board_run"] = None
