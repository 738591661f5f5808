"""Scores to loss by slider: softmax, cross-entropy beside the squared error; and questions."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.loss.cross_entropy import concept as losses
from mnist_core.ideas.loss.cross_entropy import figure as charts
from mnist_core.ui import frame, lesson, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

START = (2.0, 1.0, 0.1)


def draw(panel: Panel) -> None:
    """Logits → softmax → cross-entropy, beside the squared error; questions."""
    lesson.look_at(
        _(
            "Softmax turns any three logits into probabilities. Lower the logit of the true class and watch its bar and the two losses."
        )
    )
    frame.fragment(_classes)(panel)
    st.subheader(_("Which has the higher loss?"))
    frame.fragment(_question)(panel)
    lesson.code(panel, losses.softmax, losses.cross_entropy, losses.squared_error)
    lesson.experiment("two-layer-net", _("An untrained network guesses: its loss starts near ln 10 = 2.303."))


def _classes(panel: Panel) -> None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        target = panel.one_of("target", _("True class"), {k: str(k) for k in range(losses.CLASSES)}, 0)
        logits = tuple(
            panel.slider(f"logit_{k}", _("Logit of class {number}").format(number=k), -5.0, 5.0, START[k], 0.1)
            for k in range(losses.CLASSES)
        )
        shares = losses.softmax(logits)
        sentence = _(
            "The probability of the true class is {fraction:.3f}: cross-entropy −ln {fraction:.3f} = **{entropy:.3f}**, squared error **{square:.3f}**."
        ).format(
            fraction=shares[target],
            entropy=losses.cross_entropy(logits, target),
            square=losses.squared_error(shares, target),
        )
        st.markdown(sentence)
        st.caption(
            _(
                "The squared error of probabilities never exceeds 2 and is flat where the answer is confident and wrong: there is no gradient to learn from. Cross-entropy has no upper bound, and keeps its gradient."
            )
        )
    with right:
        figure = charts.probabilities_chart(logits, target, session.dark(), _)
        live_chart(figure, key=panel.key("chart_softmax"), height=300, description=sentence)
        both_losses = charts.both_losses_chart(logits, target, session.dark(), _)
        live_chart(both_losses, key=panel.key("chart_both_losses"), height=300, description=sentence)


def _question(panel: Panel) -> None:
    number = panel.session.setdefault("question", 0)
    question = losses.question(number)
    if question.kind == "cross-entropy":
        text = _("Cross-entropy, true class {target}: logits {first} or {second}?")
    else:
        text = _("Squared error, true class {target}: probabilities {first} or {second}?")
    options = [f"({', '.join(f'{value:g}' for value in values)})" for values in (question.first, question.second)]
    st.markdown(text.format(target=question.target, first=options[0], second=options[1]))
    answer = st.segmented_control(
        _("Your answer"),
        (0, 1),
        key=panel.key(f"answer_{number}"),
        format_func=options.__getitem__,
        label_visibility="collapsed",
    )
    if answer is not None:
        first, second = question.losses
        right = answer == int(second > first)
        text = _("Right: {first:.3f} against {second:.3f}.") if right else _("No: {first:.3f} against {second:.3f}.")
        sentence = text.format(first=first, second=second)
        (st.success if right else st.warning)(sentence, icon=":material/check:" if right else ":material/close:")

    def next_question() -> None:
        panel.session["question"] = number + 1

    panel.button("next", _("Another question"), "casino", next_question)
