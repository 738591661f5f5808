"""Forward, backward, update: an iteration of training in a small network, step by step, with every number and formula."""

from __future__ import annotations

import numpy as np
import streamlit as st

from mnist_core.ideas.loss.backpropagation import concept as backprop
from mnist_core.ideas.loss.backpropagation.concept import FIRST, Hidden, Loss, Net
from mnist_core.ideas.loss.backpropagation.figure import TITLES, Iteration, Stage, graph, stages
from mnist_core.ideas.loss.backpropagation.formulas_figure import formulas
from mnist_core.messages import N_, minus
from mnist_core.ui import frame, lesson, session
from mnist_core.ui.chart import Narrow, live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

ACTIVATIONS: dict[Hidden, str] = {"sigmoid": N_("Sigmoid"), "relu": "ReLU"}
LOSSES: dict[Loss, str] = {"cross-entropy": N_("Cross-entropy"), "squared-error": N_("Squared error")}
RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
MOST = 100.0  # a weight beyond it, and the iterations end
STAGE, NET, PAST = "stage", "net", "past"  # in the panel's session
EXPLANATIONS: dict[Stage, str] = {
    "sums": N_(
        "Each hidden unit multiplies its inputs by the weights of their connections, sums the products and adds its bias."
    ),
    "hidden": N_("The activation function makes the sum nonlinear. Without it, two layers would do no more than one."),
    "scores": N_("Each output unit does the same with the activations of the hidden units."),
    "shares": N_("Softmax turns the logits into probabilities that sum to 1."),
    "loss": N_("The loss says in one number how wrong the answer is for this target."),
    "back-scores": N_("Now backward: how much does the loss change when a logit changes a little?"),
    "back-v": N_("The derivative for a weight is the derivative for its logit times the input of the weight."),
    "back-hidden": N_(
        "A hidden unit affects both logits: their derivatives come back along the same connections, are multiplied by the same weights, and add up."
    ),
    "back-sums": N_(
        "Through the activation function: multiply by its derivative at this sum. Where that is 0, nothing passes."
    ),
    "back-w": N_("Once more: the derivative for the sum times the input."),
    "update": N_("Every weight and bias moves against its derivative; the learning rate sets how far."),
    "again": N_("The new weights, the same inputs."),
}
FELL = N_(
    "The loss fell from **{before}** to **{after}**. The gradient predicted a change of {promised}: for a small step this is accurate."
)
ROSE = N_(
    "The loss rose from **{before}** to **{after}**, although the gradient predicted {promised}: the step was too large."
)
# On a telephone the graph stands upright, and formulas are written smaller.
ROOMY = 540  # pixels that the graph needs from left to right
STYLE = '<style>@media (max-width: 640px) { [class*="backpropagation_formula"] .katex { font-size: 0.8em; } }</style>'
DIVERGED = N_("The new weights reach {far}: they have diverged. Press **Start over** and try a smaller learning rate.")
UNCHANGED = N_("The loss stays at **{after}**: the gradient is nearly 0.")


def draw(panel: Panel) -> None:
    """The sliders, the graph, the formulas, the code, an experiment."""
    lesson.look_at(
        _(
            "Go through one iteration of training with **Next**: values flow forward to the loss, derivatives flow back along the same connections, then each weight moves. Every derivative is computed from numbers that are already there."
        )
    )
    st.html(STYLE)
    frame.fragment(_panel)(panel)
    lesson.code(panel, backprop.forward, backprop.backward, backprop.slope, backprop.update)
    lesson.experiment("two-layer-net", _("The same with 39,760 weights and biases, 10,000 times in a row."))


def _panel(panel: Panel) -> None:
    left, right = st.columns([1, 2.2], gap="large")
    with left:
        iteration = _choices(panel)
    all_stages = stages(iteration.net)
    with right:
        place = _steps(panel, len(all_stages), iteration)
        stage = all_stages[place - 1]
        figure, upright = (graph(iteration, stage, session.dark(), _, upright=side) for side in (False, True))
        explanation = _explanation(iteration, stage)
        description = f"{_(TITLES[stage])}. {_numbers(iteration, stage)}"
        narrow = Narrow(upright, below=ROOMY, height=640)
        live_chart(figure, key=panel.key("chart_graph"), height=470, description=description, narrow=narrow)
        st.markdown(explanation)
        with st.container(key=panel.key("formula")):
            columns = formulas(iteration, stage)
            for column, part in zip(st.columns(len(columns)), columns, strict=True):
                with column:
                    st.latex(part)


def _choices(panel: Panel) -> Iteration:
    """Inputs, target, rate, and the kind of network; the iteration that they make."""
    first = panel.slider("x1", _("Input x₁"), -2.0, 2.0, 1.0, 0.1)
    second = panel.slider("x2", _("Input x₂"), -2.0, 2.0, 0.5, 0.1)
    x = np.array([first, second])
    target = np.eye(2)[panel.one_of("target", _("Target"), {0: "t = (1, 0)", 1: "t = (0, 1)"}, 0)]
    rate = panel.select_slider("rate", _("Learning rate"), RATES, 0.5)
    activation = panel.one_of("activation", _("Activation function"), ACTIVATIONS, "sigmoid")
    loss = panel.one_of("loss", _("Loss"), LOSSES, "cross-entropy")
    w, b, v, c = panel.session.get(NET, (FIRST.w, FIRST.b, FIRST.v, FIRST.c))
    net = Net(w, b, v, c, activation, loss)
    values = backprop.forward(net, x, target)
    gradient = backprop.backward(net, x, target, values)
    new = backprop.update(net, gradient, rate)
    return Iteration(x, target, rate, net, values, gradient, new, backprop.forward(new, x, target))


def _steps(panel: Panel, count: int, iteration: Iteration) -> int:
    """The buttons and the slider; which step is shown, from 1."""
    if panel.session.setdefault(STAGE, panel.number(STAGE, 1, 1, count)) > count:
        panel.session[STAGE] = count
    current = panel.session[STAGE]
    with st.container(horizontal=True, vertical_alignment="center"):
        panel.button("back", _("Back"), "arrow_back", _go, panel, -1, disabled=current == 1)
        if current < count:
            panel.button("next", _("Next"), "arrow_forward", _go, panel, 1, primary=True)
        else:
            panel.button(
                "round",
                _("Next iteration"),
                "repeat",
                _next_iteration,
                panel,
                iteration,
                primary=True,
                disabled=_largest(iteration.new) > MOST,
            )
        panel.button("reset", _("Start over"), "restart_alt", _reset, panel, disabled=NET not in panel.session)
    step = panel.keep(
        STAGE, st.slider(_("Step"), 1, count, key=panel.key(STAGE)), panel.initial_number(STAGE, 1, 1, count)
    )
    if past := panel.session.get(PAST):
        losses = " → ".join(f"{loss:.3f}" for loss in past[-8:])
        st.caption(_("Loss of the iterations so far: {losses}").format(losses=losses))
    return step


def _largest(net: Net) -> float:
    """The greatest weight or bias."""
    return float(max(np.abs(array).max() for array in (net.w, net.b, net.v, net.c)))


def _go(panel: Panel, by: int) -> None:
    panel.session[STAGE] += by


def _next_iteration(panel: Panel, iteration: Iteration) -> None:
    """Go on with the new weights."""
    panel.session[NET] = (iteration.new.w, iteration.new.b, iteration.new.v, iteration.new.c)
    panel.session[PAST] = [*panel.session.get(PAST, []), iteration.forward.loss]
    panel.session[STAGE] = 1


def _reset(panel: Panel) -> None:
    for entry in (NET, PAST):
        panel.session.pop(entry, None)
    panel.session[STAGE] = 1


def _explanation(iteration: Iteration, stage: Stage) -> str:
    text = _(EXPLANATIONS[stage])
    if stage != "again":
        return text
    before, after = iteration.forward.loss, iteration.again.loss
    predicted = -iteration.rate * iteration.backward.squared
    kind = UNCHANGED if abs(predicted) < 1e-9 else FELL if after < before else ROSE
    text += " " + _(kind).format(before=f"{before:.4f}", after=f"{after:.4f}", promised=minus(f"{predicted:.4f}"))
    largest = _largest(iteration.new)
    return text if largest <= MOST else f"{text} {_(DIVERGED).format(far=f'{largest:,.0f}')}"


def _numbers(iteration: Iteration, stage: Stage) -> str:
    """What the stage finds, for those who do not see the graph."""
    forward, back = iteration.forward, iteration.backward
    values: dict[Stage, list[tuple[str, np.ndarray]]] = {
        "sums": [("z", forward.z)],
        "hidden": [("h", forward.h)],
        "scores": [("s", forward.s)],
        "shares": [("p", forward.p)],
        "loss": [("L", np.array([forward.loss]))],
        "back-scores": [("∂L/∂s", back.s)],
        "back-v": [("∂L/∂v", back.v), ("∂L/∂c", back.c)],
        "back-hidden": [("∂L/∂h", back.h)],
        "back-sums": [("∂L/∂z", back.z)],
        "back-w": [("∂L/∂w", back.w), ("∂L/∂b", back.b)],
        "update": [("w", iteration.new.w), ("b", iteration.new.b), ("v", iteration.new.v), ("c", iteration.new.c)],
        "again": [("L", np.array([forward.loss, iteration.again.loss]))],
    }
    return "; ".join(
        f"{name} = {', '.join(f'{value:.3f}' for value in array.ravel())}" for name, array in values[stage]
    )
