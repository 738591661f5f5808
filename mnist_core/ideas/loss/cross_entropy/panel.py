"""Losses by slider: logits to cross-entropy with questions, and binary cross-entropy."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.loss.cross_entropy import concept as losses
from mnist_core.ideas.loss.cross_entropy import figure as charts
from mnist_core.messages import N_
from mnist_core.ui import frame, lesson, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.choice import one_of
from mnist_core.ui.texts import _

START = (2.0, 1.0, 0.1)


def draw_classes() -> None:
    """Logits → softmax → cross-entropy, beside the squared error; questions."""
    lesson.look_at(
        _(
            "Softmax turns any three scores into probabilities. Move the score of the true class down and watch its "
            "bar and the two losses."
        )
    )
    frame.fragment(_classes)()
    st.subheader(_("Which has the higher loss?"))
    frame.fragment(_question)()
    lesson.code(losses.softmax, losses.cross_entropy, losses.squared_error)
    lesson.experiment("two-layer-net", _("A network before training guesses: its loss begins near ln 10 = 2.303."))


def _classes() -> None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        target = st.segmented_control(_("True class"), range(3), default=0, required=True, key="loss_target") or 0
        logits = tuple(
            st.slider(_("Score of class {number}").format(number=k), -5.0, 5.0, START[k], 0.1, key=f"loss_logit_{k}")
            for k in range(losses.CLASSES)
        )
        shares = losses.softmax(logits)
        said = _(
            "The true class has the probability {fraction:.3f}: cross-entropy −ln {fraction:.3f} = **{entropy:.3f}**, "
            "squared error **{square:.3f}**."
        ).format(
            fraction=shares[target],
            entropy=losses.cross_entropy(logits, target),
            square=losses.squared_error(shares, target),
        )
        st.markdown(said)
        st.caption(
            _(
                "The squared error of probabilities never exceeds 2, and is flat where the answer is sure and wrong: no "
                "slope to learn from. Cross-entropy has no upper end, and keeps its slope."
            )
        )
    with right:
        figure = charts.probabilities_chart(logits, target, session.dark(), _)
        live_chart(figure, key="chart_softmax", height=300, description=said)
        both = charts.both_losses_chart(logits, target, session.dark(), _)
        live_chart(both, key="chart_both_losses", height=300, description=said)


def _question() -> None:
    number = st.session_state.setdefault("loss_question", 0)
    asked = losses.question(number)
    if asked.kind == "cross-entropy":
        text = _("Cross-entropy, true class {target}: logits {first} or {second}?")
    else:
        text = _("Squared error, true class {target}: probabilities {first} or {second}?")
    options = [f"({', '.join(f'{value:g}' for value in values)})" for values in (asked.first, asked.second)]
    st.markdown(text.format(target=asked.target, first=options[0], second=options[1]))
    answer = st.segmented_control(
        _("Your answer"),
        (0, 1),
        key=f"loss_answer_{number}",
        format_func=options.__getitem__,
        label_visibility="collapsed",
    )
    if answer is not None:
        first, second = asked.losses
        right = answer == int(second > first)
        said = _("Right: {first:.3f} against {second:.3f}.") if right else _("No: {first:.3f} against {second:.3f}.")
        said = said.format(first=first, second=second)
        (st.success if right else st.warning)(said, icon=":material/check:" if right else ":material/close:")

    def another() -> None:
        st.session_state["loss_question"] = number + 1

    st.button(_("Another question"), key="loss_next", icon=":material/casino:", on_click=another)


def draw_binary() -> None:
    """Binary cross-entropy from sure and right to sure and wrong."""
    lesson.look_at(
        _(
            "The loss is 0 when the answer is right and sure, and grows without end when it is sure and wrong. Go "
            "toward a wrong 0 or 1: each further step costs more than the last."
        )
    )
    frame.fragment(_binary)()
    lesson.code(losses.binary_cross_entropy)
    lesson.experiment(
        "overfit-and-stop",
        _("The validation loss turns up while accuracy stays: the network gets surer of its errors."),
    )


def _binary() -> None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        target = one_of(_("The true answer"), {1: N_("yes"), 0: N_("no")}, 1, "binary_target")
        probability = st.slider(_("Probability given to yes"), 0.001, 0.999, 0.9, 0.001, "%.3f", key="binary_share")
        log = st.toggle(_("Log axis"), key="binary_log")
        loss = float(losses.binary_cross_entropy(probability, target))
        said = _("Given to the true answer: {fraction:.3f}. Loss: **{loss:.3f}**.").format(
            fraction=probability if target else 1 - probability, loss=loss
        )
        st.markdown(said)
    with right:
        figure = charts.binary_chart(probability, target, log, session.dark(), _)
        live_chart(figure, key="chart_binary", height=420, description=said)
