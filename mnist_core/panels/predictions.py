"""Predict, then run: what the student expects, asked before a run or sweep and set beside what came of it."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from mnist_core.diagnostics import predictions
from mnist_core.messages import N_, accuracy_text, number_text
from mnist_core.records import Prediction, Run, Tally
from mnist_core.rounds import predicted_edge
from mnist_core.ui import address, names, session, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

ADDRESS = "predict"  # the parameter that says so
WORDS: Mapping[Prediction, str] = {"learns": N_("learns"), "slow": N_("learns slowly"), "breaks": N_("breaks")}
MEANINGS = N_(
    "Learns: at least 80% of the training or validation images are classified correctly at the end (of the test images if there are no validation images). Learns slowly: fewer, but nothing broke. Breaks: the run diverged or collapsed."
)


def toggle() -> bool:
    """Whether the student wants to predict first: a toggle, off at first, the same on all pages."""
    if "predict_first" not in st.session_state:
        st.session_state["predict_first"] = st.query_params.get(ADDRESS) == "1"
    st.session_state["predict_toggle"] = st.session_state["predict_first"]

    def changed() -> None:
        st.session_state["predict_first"] = st.session_state["predict_toggle"]

    st.toggle(
        _("Predict first"),
        key="predict_toggle",
        on_change=changed,
        help=_("Predict the outcome before you press Run. Your prediction is shown beside the outcome afterwards."),
    )
    predicts = bool(st.session_state["predict_first"])
    address.say(**{ADDRESS: "1" if predicts else None})
    return predicts


def ask_outcome() -> Prediction | None:
    """What the student expects of the next run; None until it is said."""
    return st.segmented_control(
        _("I expect that this run …"),
        list(WORDS),
        key="predicted_outcome",
        format_func=lambda word: _(WORDS[word]),
        help=_(MEANINGS),
    )


def predicted_outcome() -> Prediction | None:
    """What the student predicted of the run that now begins, in the callback that begins it."""
    prediction: Prediction | None = st.session_state.get("predicted_outcome")
    return prediction if st.session_state.get("predict_first") else None


def forget_outcome() -> None:
    """The run has begun: of the next one it is asked anew."""
    st.session_state.pop("predicted_outcome", None)


def edge_slider(rates: Sequence[float], key: str, on_change: Callable[[], None] | None = None) -> None:
    """What the student expects of a sweep: the rate at which training begins to break; the middle one at first."""
    if st.session_state.get(key) not in rates:
        st.session_state[key] = rates[len(rates) // 2]
    label = _("I expect that training begins to break at a rate of …")
    st.select_slider(label, rates, key=key, on_change=on_change, format_func=names.number, width=640)


def said(prediction: str) -> str:
    """What was predicted, as a sentence to its student."""
    edge = predicted_edge(prediction)
    if edge is not None:
        return _("You predicted that training breaks from {rate} on.").format(rate=number_text(edge))
    return _("You predicted: **{said}**.").format(said=in_words(prediction))


def draw(panel: Panel, run: Run) -> None:
    """Prediction and outcome of a run side by side; nothing where none was made."""
    if run.own_prediction is None:
        return
    predicted = said(run.own_prediction)
    if run.own_prediction not in WORDS:
        st.caption(f":material/psychology: {predicted} {_accuracy_beside(run, float(run.own_prediction))}")
        return
    outcome = predictions.observed(run)
    if outcome is None:
        st.caption(f":material/psychology: {predicted} {_why_unchecked(run)}")
        return
    observed = _("Outcome: **{came}**.").format(came=_(WORDS[outcome]))
    verdict = _("Correct.") if outcome == run.prediction else _("Not this time.")
    icon = ":material/check:" if outcome == run.prediction else ":material/close:"
    with st.container(key=panel.key("prediction")):
        st.markdown(f":material/psychology: {predicted} {observed} {icon} {verdict}", help=_(MEANINGS))
        draw_tally()


def in_words(prediction: str) -> str:
    """A prediction as it is read: a word, a percentage, or a rate."""
    edge, word = predicted_edge(prediction), WORDS.get(prediction)  # type: ignore[call-overload]
    if edge is not None:
        return _("breaks from {rate} on").format(rate=number_text(edge))
    if word is not None:
        return _(word)
    return f"{prediction}%" if re.fullmatch(r"[\d.]+", prediction) else prediction


def off_by(accuracy: float, percent: float) -> str:
    """The accuracy that came, and how far it is from the one that was predicted, `percent`."""
    observed = _("Outcome: **{came}**.").format(came=accuracy_text(accuracy))
    return f"{observed} {off(accuracy, percent)}"


def off(accuracy: float, percent: float) -> str:
    """How far an accuracy is from the one that was predicted."""
    return _("Off by {points} percentage points.").format(points=f"{abs(100 * accuracy - percent):.2f}")


def _accuracy_beside(run: Run, percent: float) -> str:
    accuracy = predictions.accuracy(run)
    if accuracy is not None:
        return off_by(accuracy, percent)
    return _why_unchecked(run) if run.rate_changes else ""


def _why_unchecked(run: Run) -> str:
    """Why a run that is over does not tell whether the prediction was right; nothing where that needs no words."""
    if run.rate_changes:
        return _("The learning rate was changed by hand, so the prediction cannot be checked.")
    if run.outcome == "completed":
        return _("Only the test images can show the outcome, and the test set is sealed.")
    return ""


def tally() -> Tally:
    """How good this student's predictions were so far, as far as what may be seen tells."""
    sweeps = session.store().sweeps.newest(session.student(), limit=1_000)
    return predictions.tally(watch.my_predictions(), [sweep.off for sweep in sweeps if sweep.off is not None])


def draw_tally() -> None:
    """The tally in a line; nothing before there is one."""
    counts = tally()
    parts = []
    if counts.runs:
        text = ngettext("{right} of {n} run correct", "{right} of {n} runs correct", counts.runs)
        parts.append(text.format(right=counts.right, n=counts.runs))
    if counts.off:
        n = len(counts.off)
        text = ngettext("{n} sweep, off by a factor of {factor}", "{n} sweeps, off by a factor of {factor} (median)", n)
        parts.append(text.format(n=n, factor=number_text(statistics.median(counts.off), 2)))
    if parts:
        st.caption(_("My predictions so far: {tally}").format(tally=" · ".join(parts)))
