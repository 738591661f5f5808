"""The Inspect page without a browser: weights, what the layers give, what counted, what excites a unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from mnist_core.networks import forward
from mnist_core.networks import weights as files
from mnist_core.networks.checkpoint_layout import snapshot_folder
from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import texts
from tests.pages.inspected_runs import run_with_weights, with_a_drawing


def test_inside_an_mlp(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    owner = app.session_state["student"]
    run_id = run_with_weights(store, owner, answer=3)
    app.query_params["view"] = "inside"
    app.run()
    assert "Weights of 10 of 10 first-layer units after step 40" in texts(app)
    app.session_state["network_view"] = "layers"
    with_a_drawing(app)
    assert "The output of class 3 is the maximum, 3.000; the minimum is 0.000." in texts(app)
    app.session_state["network_view"] = "attention"
    app.run()
    assert not store.analyses.newest(owner, "attribution")  # not before it is asked for
    app.button(key="attention_ask").click().run()
    (analysis,) = store.analyses.newest(owner, "attribution")
    assert analysis.parameters["run"] == run_id
    assert len(analysis.parameters["image"]) == 784
    store.analyses.claim(analysis.id)
    maps = {name: np.zeros((28, 28), np.float32) for name in ("gradient", "integrated_gradients", "occlusion")}
    maps["occlusion"][10, 10] = 1
    store.analyses.finish(analysis.id, {"step": 40, "reached": 40, "digit": 3}, maps)
    app.run()
    assert "The network's answer: **3**" in texts(app)


def with_an_earlier_snapshot(run_id: str, step: int, answer: int) -> None:
    """Weights on the run's way that say `answer` to everything; then some so large that every sum of them overflows, then none
    that are numbers."""
    bias = np.zeros(10, np.float32)
    bias[answer] = 3
    nothing = np.zeros((10, 784), np.float32)
    snapshot_folder(run_id).mkdir(parents=True)
    for number, weights, biases in (
        (step, nothing, bias),
        (step + 1, nothing + 1e37, bias),
        (step + 2, nothing, bias * np.nan),
    ):
        tensors = {"0.weight": weights, "0.bias": biases}
        save_file(tensors, snapshot_folder(run_id) / f"{number}.safetensors")


def test_a_run_without_numbers_is_looked_at_where_it_had_some(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    run_id = run_with_weights(store, app.session_state["student"], answer=3, scale=np.inf)
    with_an_earlier_snapshot(run_id, 20, answer=6)
    with_a_drawing(app)
    assert "After step 40 the output of this run is NaN" in texts(app)
    assert "Its last output that was not NaN, after step 20" in texts(app)
    assert "The network's answer: 6" in texts(app)
    app.session_state["inspect_view"] = "inside"
    app.run()
    assert "Shown here is the network after step 20" in texts(app)
    assert "Weights of 10 of 10 first-layer units after step 20" in texts(app)
    app.session_state["network_view"] = "layers"
    with_a_drawing(app)
    assert "The output of class 6 is the maximum, 3.000; the minimum is 0.000." in texts(app)


@pytest.mark.parametrize(
    ("activation", "shown"),
    [
        ("relu", "1 of 2 units are active (above 0); the maximum is 9.64e17."),
        ("tanh", "The activations of the 2 units range from −1.000 to 1.000."),
    ],
)
def test_what_hidden_units_give(open_page: Open, store: Store, activation: str, shown: str) -> None:
    app = open_page("inspect")
    run_id = run_with_weights(store, app.session_state["student"], answer=3, hidden_layers=(2,), activation=activation)
    arrays = {"0.weight": np.zeros((2, 784)), "0.bias": np.array([9.64e17, -100]), "2.weight": np.zeros((10, 2))}
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    files.keep(run_id, files.Snapshot(40, arrays | {"2.bias": np.zeros(10, np.float32)}))
    app.query_params["view"] = "inside"
    app.run()
    app.session_state["network_view"] = "layers"
    with_a_drawing(app)
    assert shown in texts(app)


@pytest.mark.parametrize(
    ("changes", "kept"), [({}, True), ({"preprocessing": "standardized"}, False), ({"weight_decay": 0.1}, False)]
)
def test_border_pixels_keep_their_weights_where_nothing_moves_them(
    open_page: Open, store: Store, changes: dict[str, Any], kept: bool
) -> None:
    app = open_page("inspect")
    run_with_weights(store, app.session_state["student"], answer=3, **changes)
    app.query_params["view"] = "inside"
    app.run()
    assert ("keep their initial weights" in texts(app)) == kept


def test_silent_layers_say_so(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    run_with_weights(store, app.session_state["student"], answer=3, scale=0)
    app.query_params["view"] = "inside"
    app.session_state["network_view"] = "layers"
    with_a_drawing(app)
    assert "Every output of this layer is 0 for this image." in texts(app)
    app.session_state["network_view"] = "attention"
    app.run()
    app.button(key="attention_ask").click().run()
    (analysis,) = store.analyses.newest(app.session_state["student"], "attribution")
    store.analyses.claim(analysis.id)
    maps = {name: np.zeros((28, 28), np.float32) for name in ("gradient", "integrated_gradients", "occlusion")}
    store.analyses.finish(analysis.id, {"step": 40, "reached": 40, "digit": 3}, maps)
    app.run()
    assert "No pixel matters: the hidden units are dead" in texts(app)


@pytest.mark.parametrize(
    ("activation", "said"),
    [("relu", "no color: 0"), ("tanh", "Orange: above 0, the stronger the greater; blue: below 0")],
)
def test_of_feature_maps_it_is_said_what_their_colors_mean(
    open_page: Open, store: Store, activation: str, said: str
) -> None:
    app = open_page("inspect")
    changes: dict[str, Any] = {"model": "cnn", "filters": (2,), "hidden_layers": (), "activation": activation}
    run_id = run_with_weights(store, app.session_state["student"], answer=3, **changes)
    sign = np.array([1, -1], np.float32)[:, None, None, None]
    config = store.runs.get(run_id).config
    arrays = {name: np.ones(shape, np.float32) for name, shape in forward.shapes(config).items()}
    arrays |= {"0.weight": arrays["0.weight"] * sign, "0.bias": np.zeros(2, np.float32)}
    files.keep(run_id, files.Snapshot(40, arrays))
    app.query_params["view"] = "inside"
    app.session_state["network_view"] = "layers"
    with_a_drawing(app)
    assert app.segmented_control(key="layer_shown").options == [
        "Convolution 1 · 2×28×28",
        "Pooling 1 · 2×14×14",
        "Output layer · 10",
    ]
    assert said in texts(app)


def test_inside_a_network_without_numbers(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    run_with_weights(store, app.session_state["student"], answer=3, scale=np.inf)
    app.query_params["view"] = "inside"
    app.run()
    assert ", and no earlier weights were saved. There is nothing to show." in texts(app)


def test_what_excites_a_unit(built_in: None, open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    owner = app.session_state["student"]
    run_id = run_with_weights(store, owner, answer=3)
    analysis_id = store.analyses.create(owner, "activation-maximization", {"run": run_id, "layer": 1})
    store.analyses.claim(analysis_id)
    arrays = {
        "smooth": np.zeros((10, 28, 28), np.uint8),
        "plain": np.zeros((10, 28, 28), np.uint8),
        "smooth_values": np.arange(10, dtype=np.float32),
        "plain_values": 2 * np.arange(10, dtype=np.float32),
        "real": np.zeros((10, 8), np.int64),
        "real_values": np.ones((10, 8), np.float32),
    }
    store.analyses.finish(analysis_id, {"step": 40, "reached": 40, "images": 2_000, "split": "validation"}, arrays)
    app.query_params["view"] = "inside"
    app.session_state["network_view"] = "exciting"
    app.run()
    app.number_input(key="exciting_unit").set_value(7).run()
    assert "Activation 7.00" in texts(app)
    assert "Activation 14.00" in texts(app)
    assert "From 2,000 validation images" in texts(app)
