"""The blocks that ask: what is expected, a question with its answers, a place for a note. What is said is kept, half-written too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from mnist_core import escape, typed_numbers
from mnist_core.diagnostics import predictions as outcomes
from mnist_core.lessons.schema import NoteBlock, OwnNumber, PredictBlock, QuestionBlock
from mnist_core.lessons_page import reached
from mnist_core.lessons_page.here import Here, way_to_run
from mnist_core.messages import accuracy_text
from mnist_core.panels import lesson_answers, predictions
from mnist_core.records import Run
from mnist_core.ui import frame, names, seal, session
from mnist_core.ui.choice import typed
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

NOTE_LETTERS = 2_000
NUMBER_LETTERS = 30


# ---- what is expected ----------------------------------------------------------------------------------------------


def predict(here: Here, panel: Panel, block: PredictBlock) -> None:
    """The question before the run, and the outcome beside it afterwards."""
    said = here.predicted(block.of)
    with st.container(border=True, key=panel.key("prediction_box")):
        title = _("Predict first")
        st.markdown(f":material/psychology: **{title}**")
        if block.ask:
            st.markdown(block.ask)
        if said is None and here.newest(block.of) is None:
            _ask_prediction(here, panel, block)
        elif said is None:
            st.caption(_("You did not predict this one."))
        else:
            _compare(here, block, said)


def _ask_prediction(here: Here, panel: Panel, block: PredictBlock) -> None:
    value: Any
    if block.question == "accuracy":
        label = _("Which validation accuracy do you expect, in percent?")
        value = st.slider(label, 0, 100, 50, key=panel.key("expected"), width=420)
    elif block.question == "outcome":
        value = st.segmented_control(
            _("I expect that this run …"),
            list(predictions.WORDS),
            key=panel.key("expected"),
            format_func=lambda word: _(predictions.WORDS[word]),
            help=_(predictions.MEANINGS),
        )
    else:
        value = _choose_one(panel, "expected", [answer.text for answer in block.answers], None)
    panel.button(
        "say",
        _("This is my prediction"),
        "check",
        _keep_prediction,
        here,
        block,
        value,
        primary=True,
        disabled=value is None,
    )


@frame.callback
def _keep_prediction(here: Here, block: PredictBlock, value: Any) -> None:
    _keep(here, block.name, reached.content(block), value, given=True)
    frame.draw_anew()  # its run may begin now


class Came(NamedTuple):
    """What came of the run that a prediction was about: in words, and whether it was right; None where that is no matter of right and wrong."""

    run: Run
    words: str = ""
    right: bool | None = None
    off: str = ""  # how far the prediction was from it


def came(here: Here, block: PredictBlock, said: Any) -> Came | None:
    """What came of the first run (or sweep) after it; None before that is over."""
    runs = here.runs.get(block.of, [])
    first = runs[-1] if runs else None
    if first is None or any(run.state != "finished" for run in runs if run.group == first.group):
        return None
    if block.answers:
        return Came(first, right=isinstance(said, int) and 0 <= said < len(block.answers) and block.answers[said].right)
    if block.question == "accuracy":
        accuracy = reached.measured(first, "validation_accuracy")
        if accuracy is None:
            return Came(first, _(names.STATES[names.state(first)]))
        return Came(first, accuracy_text(accuracy), off=predictions.off(accuracy, float(said)))
    outcome = outcomes.observed(first)
    return Came(first) if outcome is None else Came(first, _(predictions.WORDS[outcome]), outcome == said)


def judged(*, right: bool) -> str:
    """Whether a prediction was right."""
    return _("Correct.") if right else _("Not this time.")


def _compare(here: Here, block: PredictBlock, said: Any) -> None:
    words = lesson_answers.in_words(block, said, markdown=True)
    parts = [_("You predicted: **{said}**.").format(said=words.rstrip(". "))]  # an answer may be a sentence
    found = came(here, block, said)
    if found is not None and found.words:
        parts.append(_("Outcome: **{came}**.").format(came=found.words))
    if found is None or found.right is None:
        st.markdown(" ".join([*parts, *([found.off] if found is not None and found.off else [])]))
    else:
        _verdict(" ".join(parts), right=found.right, why=_why(block.answers, said))


def _why(answers: Sequence[Any], said: Any) -> str:
    return answers[said].why if isinstance(said, int) and 0 <= said < len(answers) else ""


def _verdict(text: str, *, right: bool, why: str = "") -> None:
    tone, icon = (st.success, "check") if right else (st.warning, "close")
    tone("\n\n".join(part for part in (f"{text} {judged(right=right)}", why) if part), icon=f":material/{icon}:")


# ---- a question ----------------------------------------------------------------------------------------------------


def question(here: Here, panel: Panel, block: QuestionBlock) -> None:
    """What is asked, the answers, and whether the one that was given is right, and why."""
    content = reached.content(block)
    kept = here.answer(block.name, content)
    with st.container(border=True, key=panel.key("question_box")):
        st.markdown(f":material/help: {block.ask}")
        right = None
        if block.number is not None:
            right = reached.target(block, here.runs)
            value: Any = _number(here, panel, block, content, "" if kept is None else kept.value)
            ready = parsed(value) is not None and right is not None
        elif block.several:
            value = _choose_several(here, panel, block, content, kept.value if kept is not None else [])
            ready = bool(value)
        else:
            before = kept.value[0] if kept is not None and isinstance(kept.value, list) and kept.value else None
            chosen = _choose_one(
                panel, "answer", [answer.text for answer in block.answers], before, _half(here, panel, block, content)
            )
            value, ready = ([] if chosen is None else [chosen]), chosen is not None
        with st.container(horizontal=True, vertical_alignment="center"):
            panel.button("check", _("Check"), "check", _give, here, block, value, right, disabled=not ready)
            if isinstance(block.number, OwnNumber):
                if right is None:
                    st.caption(_why_not_yet(here, block.number))
                way_to_run(here, panel, block.name, block.number.run)
        if kept is not None and kept.given and kept.value == value:
            _say(block, value, right=bool(kept.is_right))


def _why_not_yet(here: Here, number: OwnNumber) -> str:
    """Why a result of the student's own is not there to answer with."""
    newest = here.newest(number.run)
    if newest is not None and newest.state == "finished" and reached.is_of_test(number.measure) and seal.sealed():
        return _(":material/lock: The test set is sealed: its result answers this once it is open.")
    return _("Train the run above first: its result answers this.")


def _half(here: Here, panel: Panel, block: QuestionBlock, content: str) -> Any:
    """A callback that keeps what was chosen and not yet given."""

    def changed() -> None:
        value = panel.session.get("answer")
        _keep(here, block.name, content, [] if value is None else [value], given=False)

    return frame.callback(changed)


def _choose_one(panel: Panel, name: str, answers: Sequence[str], before: Any, changed: Any = None) -> int | None:
    index = before if isinstance(before, int) and 0 <= before < len(answers) else None
    return st.radio(
        _("Answers"),
        range(len(answers)),
        index=index,
        key=panel.key(name),
        format_func=lambda number: answers[number],
        label_visibility="collapsed",
        on_change=changed,
    )


def _choose_several(here: Here, panel: Panel, block: QuestionBlock, content: str, before: Any) -> list[int]:
    def chosen() -> list[int]:
        return [number for number in range(len(block.answers)) if panel.session.get(f"answer_{number}")]

    @frame.callback
    def changed() -> None:
        _keep(here, block.name, content, chosen(), given=False)

    st.caption(_("Several can be right."))
    for number, answer in enumerate(block.answers):
        was = isinstance(before, list) and number in before
        st.checkbox(answer.text, was, key=panel.key(f"answer_{number}"), on_change=changed)
    return chosen()


def _number(here: Here, panel: Panel, block: QuestionBlock, content: str, before: Any) -> str:
    @frame.callback
    def changed() -> None:
        _keep(here, block.name, content, typed(panel.session.get("answer"))[:NUMBER_LETTERS], given=False)

    with st.container(horizontal=True, vertical_alignment="center"):
        text = st.text_input(
            _("Your number"),
            before if isinstance(before, str) else "",
            key=panel.key("answer"),
            max_chars=NUMBER_LETTERS,
            on_change=changed,
            width=180,
            label_visibility="collapsed",
        )
        if block.unit:
            st.markdown(escape.markdown(block.unit))
    if text and parsed(text) is None:
        st.caption(_("This is no number. Write one such as 0.5 or 97.8."))
    return text


def parsed(text: Any) -> float | None:
    """The number in what somebody typed; None where it is none."""
    try:
        return typed_numbers.number(str(text).strip().rstrip("%"))
    except ValueError:
        return None


@frame.callback
def _give(here: Here, block: QuestionBlock, value: Any, right: float | None) -> None:
    if block.number is not None:
        number = parsed(value)
        is_right = number is not None and right is not None
        is_right = is_right and reached.is_right_number(number or 0.0, right or 0.0, block.tolerance)
    else:
        is_right = reached.is_right_choice(block, value)
    _keep(here, block.name, reached.content(block), value, given=True, is_right=is_right)


def _say(block: QuestionBlock, value: Any, *, right: bool) -> None:
    if right:
        st.success(verdict(block, value, right=right), icon=":material/check:")
    else:
        st.warning(verdict(block, value, right=right), icon=":material/close:")


def verdict(block: QuestionBlock, value: Any, *, right: bool) -> str:
    """Right or wrong, and why, in Markdown; which ones are right stays open until they are found."""
    whys = []
    if isinstance(value, list):
        chosen = [block.answers[number] for number in value if 0 <= number < len(block.answers)]
        whys = [answer.why for answer in chosen if answer.why and (right or not answer.right)]
    common = block.right if right else block.wrong
    head = _("Right.") if right else _("Not yet. Try again.")
    parts = [*whys, *([common] if common else [])]
    if not parts or not parts[0].startswith(head.rstrip(".")):  # else the lesson says it in its own words
        parts.insert(0, head)
    return "\n\n".join(parts)


# ---- a note --------------------------------------------------------------------------------------------------------


def note(here: Here, panel: Panel, block: NoteBlock) -> None:
    """A text of the student's own."""
    kept = here.answer(block.name)

    @frame.callback
    def changed() -> None:
        text = escape.lines(typed(panel.session.get("note")))[:NOTE_LETTERS]
        _keep(here, block.name, "note", text, given=bool(text))

    with st.container(border=True, key=panel.key("note_box")):
        st.markdown(f":material/edit_note: {block.ask}")
        st.text_area(
            _("Your note"),
            kept.value if kept is not None and isinstance(kept.value, str) else "",
            key=panel.key("note"),
            max_chars=NOTE_LETTERS,
            height=120,
            on_change=changed,
            label_visibility="collapsed",
        )


def _keep(here: Here, block: str, content: str, value: Any, *, given: bool, is_right: bool | None = None) -> None:
    place = here.place(block)
    session.store().lessons.answer(session.student(), place, content, value, given=given, is_right=is_right)
