"""Two inputs: a network that learns to tell points of the plane apart, trained in the browser, where every unit can be seen."""

from __future__ import annotations

import json
import re
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from mnist_core.ideas.two_inputs.plane import concept
from mnist_core.ideas.two_inputs.plane.concept import Activation, Loss
from mnist_core.ideas.two_inputs.plane.figure import colors, rate_colors
from mnist_core.ideas.two_inputs.plane.texts import texts
from mnist_core.messages import N_
from mnist_core.ui import address, chart, frame, large_type, lesson, session
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

SCRIPTS = Path(__file__).with_name("scripts")
MODULES = ("network.js", "points.js", "training.js", "pictures.js", "curves.js", "eight.js", "plane.js")
MOST_LAYERS, MOST_UNITS = 4, 8
UNITS = (4, 2, 2, 2)
RATE = 0.3
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
EIGHT_RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # trained side by side
BATCHES = (1, 5, 10, 20, 50, 100, 200)
STRENGTHS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
SPEEDS = (2, 5, 10, 30, 100, 300, 1_000, 3_000)  # steps a second
SHOWN = {"one": N_("One network"), "eight": N_("Eight learning rates")}
# A setting in the address → its title.
POINTS = {
    "clusters": N_("Two clusters"),
    "circles": N_("Circles"),
    "xor": N_("XOR"),
    "spiral": N_("Spirals"),
    "painted": N_("Painted by hand"),
}
FEATURES = {"x": "x", "y": "y", "x2": "x²", "y2": "y²", "xy": "xy", "sin-x": "sin x", "sin-y": "sin y"}
ACTIVATIONS: dict[Activation, str] = {"tanh": "tanh", "relu": "ReLU", "sigmoid": N_("Sigmoid"), "linear": N_("Linear")}
LOSSES: dict[Loss, str] = {"cross-entropy": N_("Cross-entropy"), "squared-error": N_("Squared error")}
PENALTIES = {"none": N_("None"), "l1": "L1", "l2": "L2"}
PAINTED = re.compile(r"(?:[0-9A-Za-z_-]{2}[01]){0,200}")  # scripts/points.js says how
STYLE = """<style>
[class*="plane_settings"] { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.4rem, 1fr)); gap: 0.2rem 1.1rem;
  align-items: start; }
</style>"""


def draw(panel: Panel) -> None:
    """The settings, the network that trains, the code, an experiment."""
    lesson.look_at(
        _(
            "A network learns to tell two classes of points apart. Press **Play** and watch the decision boundary bend and each hidden unit find its own line; then raise the learning rate until training breaks."
        )
    )
    frame.fragment(_panel)(panel)
    lesson.code(panel, concept.forward, concept.gradient, concept.step, concept.sharpness)
    lesson.experiment(
        "two-layer-net-rate-1.5",
        _("The same in a network that reads digits: at a learning rate of 1.5 it is beyond its stability edge."),
    )


def _panel(panel: Panel) -> None:
    st.html(STYLE)
    shown = panel.one_of("shown", _("What trains"), SHOWN, "one", titled=False)
    with st.container(key=panel.key("settings")):
        begins = {"shown": shown} | _points(panel)
        rate = panel.select_slider("rate", _("Learning rate"), RATES, RATE) if shown == "one" else RATE
        begins["units"] = _units(panel)
    training = st.container()  # an empty one would be emptied by each drawing, and what trains be gone
    with st.container(key=panel.key("settings_more")):
        begins |= _more_of_the_network(panel)
        more = _training(panel)
    more["rate"] = rate
    features = panel.pills(
        "features", _("Inputs of the network"), list(FEATURES), ["x", "y"], format_func=FEATURES.__getitem__
    )
    begins["features"] = [name for name in FEATURES if name in features]
    with training:
        _train(panel, begins, more)


def _count(number: int) -> str:
    return f"{number:,}"


def _points(panel: Panel) -> dict[str, Any]:
    data = panel.selectbox("data", _("Points"), list(POINTS), "circles", format_func=lambda name: _(POINTS[name]))
    activation = panel.selectbox(
        "activation", _("Activation function"), list(ACTIVATIONS), format_func=lambda name: _(ACTIVATIONS[name])
    )
    return {"data": data, "activation": activation}


def _units(panel: Panel) -> list[int]:
    """Of each hidden layer."""
    layers = panel.slider("layers", _("Hidden layers"), 0, MOST_LAYERS, 2)
    return [
        panel.slider(f"units_{n}", _("Units in layer {n}").format(n=n + 1), 1, MOST_UNITS, UNITS[n])
        for n in range(layers)
    ]


def _more_of_the_network(panel: Panel) -> dict[str, Any]:
    noise = panel.slider("noise", _("Noise of the points"), 0.0, 1.0, 0.1, 0.05)
    loss = panel.selectbox("loss", _("Loss"), list(LOSSES), format_func=lambda name: _(LOSSES[name]))
    seed = panel.number_input("seed", _("Seed"), 0, 9_999, 0)
    return {"noise": noise, "loss": loss, "seed": seed}


def _training(panel: Panel) -> dict[str, Any]:
    """What may change while it trains."""
    batch = panel.select_slider("batch", _("Batch size"), BATCHES, 10)
    penalty = panel.selectbox(
        "regularization", _("Regularization"), list(PENALTIES), format_func=lambda name: _(PENALTIES[name])
    )
    strength = 0.0
    if penalty != "none":
        strength = panel.select_slider("strength", _("Regularization strength"), STRENGTHS, 0.001)
    speed = panel.select_slider("speed", _("Steps per second"), SPEEDS, 100, format_func=_count)
    return {
        "batch": batch,
        "regularization": penalty,
        "strength": strength,
        "speed": speed,
        "shows_test": panel.toggle("test_points", _("Show test points")),
    }


def _train(panel: Panel, begins: dict[str, Any], more: dict[str, Any]) -> None:
    """The component, which trains anew where something of `begins` is another."""
    component = st.components.v2.component("mnist_lab_plane", js=chart.LOADER, isolate_styles=False)
    key = panel.key("training")
    look = {"colors": colors(session.dark()), "growth": large_type.growth()}
    data = {
        "key": key,
        "script": chart.script("plane.js", SCRIPTS),
        "modules": [chart.script(name, SCRIPTS) for name in MODULES[:-1]],
        "about": json.dumps(begins),
        "settings": begins | more,
        "speed": more["speed"],
        "rates": EIGHT_RATES,
        "rate_colors": rate_colors(len(EIGHT_RATES), session.dark()),
        "names": [FEATURES[name] for name in begins["features"]],
        "painted": _painted(panel),
        "texts": texts(_),
        **look,
    }
    data["version"] = zlib.crc32(repr([data["settings"], data["painted"], look]).encode())
    take = partial(_take, panel)
    state = component(key=key, data=data, height="content", on_painted_change=lambda: None, on_taken_change=take)
    if (told := _readable(state.get("painted"))) is not None:
        panel.session["painted"] = told
    panel.keep("painted", panel.session["painted"], "")


def _take(panel: Panel) -> None:
    """Of the eight, go on with the one that was chosen."""
    rate = panel.session["training"].get("taken")
    if rate in EIGHT_RATES:
        panel.let("rate", rate)
        panel.let("shown", "one")


def _painted(panel: Panel) -> str:
    """The points painted by hand, as the session has them, else the address."""
    first = _readable(panel.initial.get("painted")) or ""
    painted: str = address.shows(panel.key("painted"), first, _readable, panel.parameter("painted"))
    panel.session["painted"] = painted
    return painted


def _readable(text: Any) -> str | None:
    """What the browser or an address says, as far as it can be points."""
    return text if isinstance(text, str) and PAINTED.fullmatch(text) else None
