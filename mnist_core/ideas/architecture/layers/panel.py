"""Layers and units by slider: nodes from the task, and what each layer costs."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from mnist_core.config import choices
from mnist_core.figures.class_names import DIGITS
from mnist_core.figures.network import NAMES, network_svg
from mnist_core.ideas.architecture.layers import concept as sizes
from mnist_core.ideas.architecture.layers import figure as charts
from mnist_core.messages import N_
from mnist_core.networks.models import Description, Layer
from mnist_core.ui import frame, lesson, names, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.choice import number_columns
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

MOST_LAYERS = 4
UNITS = (1, 2, 4, 8, 16, 32, 50, 64, 100, 128, 256, 512, 1_024, 2_048)
START = (100, 50, 50, 50)
MEASURES: dict[charts.Measure, str] = {
    "parameters": N_("Parameters"),
    "multiplications": N_("Multiplications"),
    "memory": N_("Memory"),
}
BATCHES = (1, 10, 32, 100, 128, 500, 1_000, 5_000, 10_000, 60_000)


@dataclass(frozen=True)
class Task:
    """What a network is to answer: its nodes at both ends, and why there are so many."""

    title: str
    inputs: int
    answers: tuple[str, ...]  # one for each output node
    why: str
    input_name: str
    output_name: str


TASKS = {
    "digits": Task(
        N_("Which digit?"),
        784,
        tuple(digit.plain for digit in DIGITS),
        N_(
            "28 × 28 pixels give 784 input units, ten digits give ten output units. Softmax turns the outputs into probabilities; the digit with the largest one is the answer."
        ),
        NAMES["input"],
        NAMES["output"],
    ),
    "letters": Task(
        N_("Which letter?"),
        784,
        tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        N_("The same pixels, but 26 mutually exclusive classes: 26 output units. Only the last layer changes."),
        NAMES["input"],
        N_("letters"),
    ),
    "yes-no": Task(
        N_("Is it a 5: yes or no?"),
        784,
        ("",),
        N_(
            "One output unit is enough: a sigmoid turns it into the probability of yes, and the rest is the probability of no. The loss is binary cross-entropy."
        ),
        NAMES["input"],
        N_("yes?"),
    ),
    "color": Task(
        N_("Which of ten objects is in a small color photo?"),
        3_072,
        ("",) * 10,
        N_(
            "32 × 32 pixels with three numbers each (red, green and blue) give 3,072 input units. The first layer grows with them."
        ),
        NAMES["input"],
        N_("objects"),
    ),
    "points": Task(
        N_("Two coordinates: which side of a curve?"),
        2,
        ("",),
        N_("Two coordinates, one yes or no. With so few inputs, most of the weights are in the hidden layers."),
        N_("coordinates"),
        N_("yes?"),
    ),
    "price": Task(
        N_("Eight features of a house: what is its price?"),
        8,
        ("",),
        N_(
            "The answer is a number, not a class: one output unit without softmax or sigmoid. The loss is the squared error."
        ),
        N_("features"),
        N_("price"),
    ),
}


def draw(panel: Panel) -> None:
    """The task, the sliders, the drawing, the bars, the table."""
    lesson.look_at(
        _(
            "The task fixes the number of input and output units; the hidden layers are yours to choose. Watch where the weights are: nearly always in the first layer, which sees all pixels."
        )
    )
    frame.fragment(_panel)(panel)
    lesson.code(panel, sizes.Dense, sizes.dense_layers, sizes.memory)
    lesson.experiment(
        "keras-first-look",
        _("An eighth of the units, an eighth of the parameters: how much accuracy does a network of 64 units lose?"),
        hidden_layers="64",
    )


def _panel(panel: Panel) -> None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        titles = {name: _(task.title) for name, task in TASKS.items()}
        task = TASKS[panel.selectbox("task", _("The task"), list(TASKS), format_func=titles.__getitem__)]
        hidden = _hidden(panel)
        batch = panel.select_slider("batch", _("Batch size"), BATCHES, 100, format_func=names.number)
        optimizer = panel.selectbox("optimizer", _("Optimizer"), choices("optimizer"), "adam", format_func=names.choice)
    layers = sizes.dense_layers((task.inputs, *hidden, len(task.answers)))
    memories = [sizes.memory(layer, batch, optimizer) for layer in layers]
    with right:
        st.markdown(_(task.why))
        st.image(_drawing(task, layers), width="stretch")
        _totals(layers, memories)
    _chart(panel, layers, memories)
    _table(layers, memories)


def _hidden(panel: Panel) -> list[int]:
    depth = panel.slider("depth", _("Hidden layers"), 0, MOST_LAYERS, 1)
    return [
        panel.select_slider(
            f"units_{number}",
            _("Units in hidden layer {n}").format(n=number + 1),
            UNITS,
            START[number],
            format_func=names.number,
        )
        for number in range(depth)
    ]


def _drawing(task: Task, layers: list[sizes.Dense]) -> str:
    kinds = ["dense"] * (len(layers) - 1) + ["output"]
    shapes = [Layer(kind, (layer.outputs,)) for kind, layer in zip(kinds, layers, strict=True)]  # type: ignore[arg-type]
    description = Description((Layer("input", (task.inputs,)), *shapes))
    names = {**NAMES, "input": task.input_name, "output": task.output_name}
    return network_svg(description, _, dark=session.dark(), answers=task.answers, names=names)


def _totals(layers: list[sizes.Dense], memories: list[sizes.Memory]) -> None:
    totals = (
        (_("Parameters"), f"{sum(layer.parameters for layer in layers):,}"),
        (_("Multiplications per example"), f"{sum(layer.multiplications for layer in layers):,}"),
        (_("Memory during training"), charts.in_bytes(sum(memory.total for memory in memories))),
    )
    with st.container(horizontal=True, gap="large"):
        for label, value in totals:
            st.metric(label, value, width="content")


def _chart(panel: Panel, layers: list[sizes.Dense], memories: list[sizes.Memory]) -> None:
    measure = panel.one_of("measure", _("Metric"), MEASURES, "parameters", titled=False)
    figure = charts.size_chart(layers, memories, measure, session.dark(), _)
    template = _("{inputs} → {outputs}: {parameters} parameters, {multiplications} multiplications, {memory}.")
    description = " ".join(
        template.format(
            inputs=f"{layer.inputs:,}",
            outputs=f"{layer.outputs:,}",
            parameters=f"{layer.parameters:,}",
            multiplications=f"{layer.multiplications:,}",
            memory=charts.in_bytes(memory.total),
        )
        for layer, memory in zip(layers, memories, strict=True)
    )
    live_chart(figure, key=panel.key("chart_sizes"), height=380, description=description)


def _table(layers: list[sizes.Dense], memories: list[sizes.Memory]) -> None:
    parts = [getattr(memory, name) for memory in memories for name in charts.MEMORY]
    unit, word = charts.unit_of(max(parts))  # one for all, so that the numbers can be sorted
    titles = {name: _("{column} ({unit})").format(column=_(title), unit=word) for name, title in charts.MEMORY.items()}
    rows = [
        {
            _("Layer"): f"{layer.inputs:,} → {layer.outputs:,}",
            _(
                "Weights + biases = parameters"
            ): f"{layer.inputs:,} · {layer.outputs:,} + {layer.outputs:,} = {layer.parameters:,}",
            _("Parameters"): layer.parameters,
            _("Multiplications"): layer.multiplications,
        }
        | {title: getattr(memory, name) / unit for name, title in titles.items()}
        for layer, memory in zip(layers, memories, strict=True)
    ]
    formats = dict.fromkeys((_("Parameters"), _("Multiplications")), "localized") | dict.fromkeys(
        titles.values(), "%.3g"
    )
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", column_config=number_columns(formats))
