"""The page Architecture: its views moved by their sliders, without a worker."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import stacks
from mnist_core.estimate import Speed, estimate_sweep
from mnist_core.ideas.architecture.optimizer_paths import panel as optimizer_paths_panel
from mnist_core.ideas.architecture.optimizer_paths.surfaces_concept import VALLEYS
from mnist_core.panels import started as started_panel
from mnist_core.presets import PRESETS
from mnist_core.records import EVALUATION_DTYPE, Curves, Progress, Report
from mnist_core.store import Store
from mnist_core.ui import live_parts, names
from mnist_core.ui.chart import Click
from tests.pages.conftest import Open
from tests.pages.content import columns_of, component, metrics, percents, texts

# ---- layers ----------------------------------------------------------------------------------------------------


def test_the_network_of_the_reference(open_page: Open) -> None:
    app = open_page("architecture")
    assert metrics(app)["Parameters"] == "79,510"
    assert metrics(app)["Multiplications per example"] == "79,400"
    assert app.dataframe[0].value["Weights + biases = parameters"].tolist() == [
        "784 · 100 + 100 = 78,500",
        "100 · 10 + 10 = 1,010",
    ]
    numbers = app.dataframe[0].value.drop(columns=["Layer", "Weights + biases = parameters"])
    assert numbers["Parameters"].tolist() == [78_500, 1_010]  # numbers, which sort as such
    assert numbers["Weights (kB)"].tolist() == [314.0, 4.04]
    assert all(columns_of(app)[title]["type_config"]["type"] == "number" for title in numbers)


def test_every_slider_of_the_layers(open_page: Open) -> None:
    app = open_page("architecture")
    app.slider(key="layers_depth").set_value(2).run()
    app.select_slider(key="layers_units_0").set_value(50).run()
    app.select_slider(key="layers_units_1").set_value(1).run()
    assert metrics(app)["Parameters"] == f"{784 * 50 + 50 + 50 * 1 + 1 + 1 * 10 + 10:,}"
    app.slider(key="layers_depth").set_value(0).run()
    assert metrics(app)["Parameters"] == "7,850"
    # 7,850 numbers of 4 bytes: weights, gradients, two more for Adam; 1 × 10 outputs.
    app.select_slider(key="layers_batch").set_value(1).run()
    assert metrics(app)["Memory during training"] == "126 kB"
    app.selectbox(key="layers_optimizer").set_value("sgd").run()
    assert metrics(app)["Memory during training"] == "62.8 kB"
    app.segmented_control(key="layers_measure").set_value("memory").run()
    assert [trace["uid"] for trace in component(app, "layers_chart_sizes")["figure"]["data"]] == [
        "weights",
        "gradients",
        "optimizer",
        "activations",
    ]
    assert not app.exception


@pytest.mark.parametrize(
    ("task", "parameters"),
    [
        ("letters", 784 * 100 + 100 + 100 * 26 + 26),
        ("yes-no", 784 * 100 + 100 + 100 + 1),
        ("color", 3072 * 100 + 100 + 100 * 10 + 10),
        ("points", 2 * 100 + 100 + 100 + 1),
        ("price", 8 * 100 + 100 + 100 + 1),
    ],
)
def test_the_task_fixes_the_ends(open_page: Open, task: str, parameters: int) -> None:
    app = open_page("architecture")
    app.selectbox(key="layers_task").set_value(task).run()
    assert metrics(app)["Parameters"] == f"{parameters:,}"
    assert not app.exception


# ---- convolution -----------------------------------------------------------------------------------------------


def test_a_convolution_slides(open_page: Open, real_digits: None) -> None:
    app = open_page("architecture", view="convolution")
    assert "⌊(28 + 2 · 0 − 3) / 1⌋ + 1 = 26" in texts(app)
    app.slider(key="convolution_padding").set_value(2).run()
    app.slider(key="convolution_stride").set_value(4).run()
    app.select_slider(key="convolution_side").set_value(5).run()
    assert "⌊(28 + 2 · 2 − 5) / 4⌋ + 1 = 7" in texts(app)  # 27 / 4 = 6.75
    assert app.slider(key="convolution_at_1").value == 6  # was 12, beyond the smaller output
    app.slider(key="convolution_at_0").set_value(3).run()
    assert "Row 3, column 6: the 25 products" in texts(app)
    for name in ("level", "outline", "blur", "sharpen", "shift", "one"):
        app.selectbox(key="convolution_kernel").set_value(name).run()
        assert not app.exception, name
    app.slider(key="convolution_image").set_value(99).run()
    assert not app.exception


def test_own_numbers_of_a_kernel(open_page: Open, real_digits: None) -> None:
    app = open_page("architecture", view="convolution")
    app.selectbox(key="convolution_kernel").set_value("own").run()
    app.text_area(key="convolution_own").input("0 0\n0 0").run()
    assert "the 4 products add up to **0.000**" in texts(app)
    app.text_area(key="convolution_own").input("0 0\n0 500").run()
    assert "Expected numbers from −100 to 100, got 500." in texts(app)
    assert "the 4 products add up to **0.000**" in texts(app)  # the last that was a kernel
    app.text_area(key="convolution_own").input("1 two\n3 4").run()
    assert "Expected a number, got two." in texts(app)
    app.text_area(key="convolution_own").input("").run()
    assert "; got none." in texts(app)
    assert not app.exception


def test_a_convolution_is_played(open_page: Open, real_digits: None) -> None:
    app = open_page("architecture", view="convolution")
    app.slider(key="convolution_at_0").set_value(25).run()
    app.slider(key="convolution_at_1").set_value(24).run()
    app.button(key="convolution_play").click().run()
    assert app.button(key="convolution_play").label == "Pause"
    for _turn in range(3):
        app.run()
    assert "Row 25, column 25" in texts(app)
    assert app.button(key="convolution_play").label == "Play"  # the last stop ends it
    assert not app.exception


def test_without_images_it_says_so(open_page: Open) -> None:
    app = open_page("architecture", view="convolution")
    assert "The built-in digits are being drawn" in texts(app)


# ---- the valley ------------------------------------------------------------------------------------------------


def test_optimizers_in_a_valley(open_page: Open) -> None:
    app = open_page("architecture", view="valley")
    # A step across multiplies by 1 − 10 · rate: at 0.15 by −0.5, at 0.25 by −1.5.
    assert "SGD: loss" in texts(app)
    app.select_slider(key="optimizer_paths_rate").set_value(0.25).run()
    assert "SGD: diverged after" in texts(app)
    app.slider(key="optimizer_paths_momentum").set_value(0.0).run()
    assert "SGD with momentum: diverged after" in texts(app)
    app.select_slider(key="optimizer_paths_rate").set_value(0.1).run()
    app.slider(key="optimizer_paths_steps").set_value(200).run()
    # 1 − 0.1 · 0.2 = 0.98 a step along the floor: ½ · 0.2 · 4.5² · 0.98²ⁿ ≤ 0.01 from n = 132 on.
    assert "SGD: converged after 132 steps" in texts(app)
    assert not app.exception


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([(1.0, 1.0), (np.inf, 0.0)], "diverged after 1 step"),
        ([(1.0, 1.0), (5.0, 5.0), (np.inf, 0.0)], "diverged after 2 steps"),
        ([(1.0, 1.0), (0.0, 0.0)], "converged after 1 step"),
        ([(0.0, 0.0)], "converged after 0 steps"),
    ],
)
def test_one_step_is_one_step(places: list[tuple[float, float]], words: str) -> None:
    assert optimizer_paths_panel._ending(VALLEYS["long"], np.array(places)) == words


def test_every_valley_and_optimizer(open_page: Open) -> None:
    app = open_page("architecture", view="valley")
    app.button_group(key="optimizer_paths_shown").set_value(["adam", "adamw"]).run()
    app.slider(key="optimizer_paths_decay").set_value(0.0).run()
    _lines, adam, adamw = component(app, "optimizer_paths_chart_paths")["figure"]["data"][1:]
    assert adam["x"] == adamw["x"]
    for rate in (0.001, 2.0):
        app.select_slider(key="optimizer_paths_adaptive_rate").set_value(rate).run()
        for kind in ("bent", "saddle", "long"):
            app.segmented_control(key="optimizer_paths_kind").set_value(kind).run()
            assert not app.exception
    app.button_group(key="optimizer_paths_shown").set_value([]).run()
    assert "Choose an optimizer." in texts(app)
    assert not app.exception


# ---- depth × width ---------------------------------------------------------------------------------------------

GROUP = "0123456789"


def report(store: Store, run_id: str, accuracy: float, outcome: str | None = None) -> None:
    """Two evaluations, after 100 and 200 steps, and the end, if there is one."""
    rows = np.zeros(2, EVALUATION_DTYPE)
    rows["step"], rows["seconds"] = [100, 200], [1.0, 2.0]
    rows["validation_accuracy"] = [accuracy / 2, accuracy]
    store.queue.claim(run_id, "worker", 1)
    store.record_writer.publish([Report(run_id, Progress(200, 2_500, 0.4, 2.0, 1e5), Curves(evaluations=rows))])
    if outcome:
        store.record_writer.finish(run_id, outcome, {"validation_accuracy": accuracy})  # type: ignore[arg-type]


def written(app: AppTest) -> list[list[str]]:
    """What stands in the cells of the map."""
    layers = [trace["text"] for trace in component(app, "depth_and_width_chart_grid")["figure"]["data"]]
    return [["".join(texts) for texts in zip(*rows, strict=True)] for rows in zip(*layers, strict=True)]


def test_one_click_starts_the_grid(open_page: Open, store: Store) -> None:
    app = open_page("architecture", view="grid")
    assert app.button(key="depth_and_width_start").label == "Train all 10"
    app.button_group(key="depth_and_width_depths").set_value([0, 2]).run()
    app.button_group(key="depth_and_width_widths").set_value([4, 16]).run()
    app.select_slider(key="depth_and_width_images").set_value(1_000).run()
    app.select_slider(key="depth_and_width_epochs").set_value(1).run()
    app.select_slider(key="depth_and_width_rate").set_value(0.5).run()
    app.button(key="depth_and_width_start").click().run()
    runs = store.queue.next(50)
    assert [run.config.hidden_layers for run in runs] == [(), (4, 4), (16, 16)]
    assert {(run.config.train_size, run.config.epochs, run.config.learning_rate) for run in runs} == {(1_000, 1, 0.5)}
    assert app.query_params["group"] == runs[0].group
    assert written(app) == [["waiting", "waiting"], ["waiting", "waiting"]]
    assert not app.exception


def test_the_plan_of_the_preset_is_the_preset(open_page: Open, store: Store) -> None:
    app = open_page("architecture", view="grid")
    app.button(key="depth_and_width_start").click().run()
    preset = PRESETS["depth-and-width"]
    queued = {run.variant: run.config.replace(dataset="mnist") for run in store.queue.next(50)}
    assert queued == {label: preset.variant(label) for label in preset.variants}


def test_nothing_chosen_is_a_sentence(open_page: Open) -> None:
    app = open_page("architecture", view="grid")
    app.button_group(key="depth_and_width_widths").set_value([]).run()
    assert app.button(key="depth_and_width_start").disabled
    assert "Choose at least one number of layers and one number of units." in texts(app)
    assert not app.exception


def started(store: Store) -> list[str]:
    base = PRESETS["depth-and-width"].config
    shapes: list[tuple[int, ...]] = [(), (16,), (64,), (16, 16), (64, 64)]
    names = ["0", "1 × 16", "1 × 64", "2 × 16", "2 × 64"]
    configs = [base.replace(hidden_layers=shape) for shape in shapes]
    return store.runs.create_group("ann", configs, GROUP, preset="depth-and-width", variants=names)


def test_the_cells_fill(open_page: Open, store: Store) -> None:
    ids = started(store)
    report(store, ids[0], 0.92, "completed")
    report(store, ids[1], 0.961)
    report(store, ids[2], 0.1, "diverged")
    app = open_page("architecture", view="grid", group=GROUP)
    assert "Someone else's runs: you can watch them." in texts(app)
    linear = "92.00%"
    assert written(app) == [[linear, linear], ["96.10%<br>…", "✕ diverged"], ["waiting", "waiting"]]
    report(store, ids[3], 0.97, "completed")
    report(store, ids[4], 0.973, "completed")
    app.run()
    assert written(app)[2] == ["97.00%", "97.30%"]
    assert "Best so far: **2 × 64**, 97.30% with 55,050 parameters." in texts(app)  # 1 × 16 still trains
    assert "Best:" not in texts(app)
    assert "The smallest network" not in texts(app)
    assert "Best so far" in component(app, "depth_and_width_chart_grid")["description"]
    report(store, ids[1], 0.961, "completed")
    app.run()
    assert "Best: **2 × 64**, 97.30% with 55,050 parameters." in texts(app)
    assert (
        f"The smallest network within half a percentage point of it is **2 × 16**: 97.00% with {784 * 16 + 16 + 272 + 170:,}"
        in texts(app)
    )
    assert "1 × 64: ✕ diverged" in component(app, "depth_and_width_chart_grid")["description"]


def test_what_a_cell_shows_can_be_chosen(open_page: Open, store: Store) -> None:
    ids = started(store)
    for run_id in ids[:2]:
        report(store, run_id, 0.96, "completed")
    app = open_page("architecture", view="grid", group=GROUP)
    app.segmented_control(key="depth_and_width_measure").set_value("parameters").run()
    assert written(app)[0] == ["7,850", "7,850"]
    app.segmented_control(key="depth_and_width_measure").set_value("seconds").run()
    assert written(app)[1] == ["2.00 s", "waiting"]
    app.segmented_control(key="depth_and_width_measure").set_value("steps").run()
    assert written(app)[1] == ["200", "waiting"]
    app.slider(key="depth_and_width_accuracy").set_value(96.5).run()
    assert written(app)[1] == ["–", "waiting"]
    assert app.dataframe[0].value["Steps to converge"].isna().all()
    assert percents(app, "Validation accuracy") == ["96.00%", "96.00%", "–", "–", "–"]  # numbers, which sort as such
    assert not app.exception


def test_a_click_on_a_cell_opens_its_run(open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = started(store)
    report(store, ids[3], 0.96, "completed")
    heard: dict[str, Any] = {}
    monkeypatch.setattr(live_parts, "live_chart", lambda figure, **more: heard.update(more))
    app = open_page("architecture", view="grid", group=GROUP)
    with pytest.MonkeyPatch.context() as patch:
        opened: list[str] = []
        patch.setattr(started_panel, "open_run", opened.append)
        for point in range(6):
            heard["on_click"](Click("values", point))
        heard["on_click"](Click("values", 99))  # the browser says what it likes
        heard["on_click"](Click("values", -1))
    assert opened == [ids[0], ids[0], ids[1], ids[2], ids[3], ids[4]]
    app.session_state["shown_run"] = ids[3]
    app.session_state["go_to_train"] = True
    app.run()
    assert "Deeper or wider? – 2 × 16" in texts(app) or "784-16-16-10" in texts(app)


def test_seeds_in_each_cell_cost_time_and_see_the_same_batches(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_WORKERS", "1")
    app = open_page("architecture", view="grid")
    app.button_group(key="depth_and_width_depths").set_value([0, 1]).run()
    app.button_group(key="depth_and_width_widths").set_value([16, 1_024]).run()
    one_seed = metrics(app)["Expected time"]
    app.segmented_control(key="depth_and_width_seeds").set_value(3).run()
    assert app.button(key="depth_and_width_start").label == "Train all 9"
    three = metrics(app)["Expected time"]
    base = PRESETS["depth-and-width"].config

    def expected(seeds: int) -> str:
        """Three of one network share its overhead."""
        configs = [base.replace(hidden_layers=units) for units in ((), (16,), (1_024,))]
        return names.duration(sum(estimate_sweep(config, seeds, Speed()) for config in configs))

    assert one_seed == expected(1)
    assert three == expected(3) != expected(1)
    app.button(key="depth_and_width_start").click().run()
    runs = store.queue.next(50)
    assert sorted((run.variant, run.config.seed) for run in runs) == [
        (name, seed) for name in ("0", "1 × 1024", "1 × 16") for seed in (0, 1, 2)
    ]
    assert {stacks.order_seed(run.config) for run in runs} == {0}
    assert not app.exception


def test_a_cell_is_the_mean_of_its_seeds(open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    base = PRESETS["depth-and-width"].config
    configs = [base.replace(hidden_layers=(units,), seed=seed) for units in (16, 64, 256) for seed in (0, 1, 2)]
    labels = [f"1 × {units}" for units in (16, 64, 256) for _seed in range(3)]
    ids = store.runs.create_group("ann", configs, GROUP, preset="depth-and-width", variants=labels)
    for run_id, accuracy in zip(ids[:3], (0.963, 0.956, 0.961), strict=True):
        report(store, run_id, accuracy, "completed")
    report(store, ids[3], 0.970, "completed")
    report(store, ids[4], 0.974, "completed")
    report(store, ids[5], 0.1, "diverged")
    report(store, ids[6], 0.98)
    heard: dict[str, Any] = {}
    live_chart = live_parts.live_chart

    def draw(figure: dict[str, Any], **more: Any) -> None:
        heard.update(more)
        live_chart(figure, **more)

    monkeypatch.setattr(live_parts, "live_chart", draw)
    app = open_page("architecture", view="grid", group=GROUP)
    assert written(app) == [["96.00%<br>± 0.35%", "97.20%<br>± 0.20%<br>✕ 1 / 3", "98.00%<br>…"]]
    assert "1 × 16: 96.00% ± 0.35% (mean of 3 seeds, from 95.60% to 96.30%)" in heard["description"]
    hover = component(app, "depth_and_width_chart_grid")["figure"]["data"][0]["hovertext"]
    assert hover[0][1] == "97.20%<br>± 0.20%<br>✕ 1 / 3<br>mean of 2 seeds, from 97.00% to 97.40%"
    assert "A cell shows the mean over its seeds" in texts(app)
    assert app.dataframe[0].value["Seed"].tolist() == [0, 1, 2] * 3
    # Seconds are the same in all that reached it: two of three did.
    app.segmented_control(key="depth_and_width_measure").set_value("steps").run()
    app.slider(key="depth_and_width_accuracy").set_value(96.0).run()
    assert written(app)[0][0] == "200<br>± 0<br>2 of 3 seeds"
    app.segmented_control(key="depth_and_width_measure").set_value("parameters").run()
    assert written(app)[0][0] == "12,730"
    app.segmented_control(key="depth_and_width_measure").set_value("accuracy").run()
    for run_id in ids[7:]:
        report(store, run_id, 0.979, "completed")
    store.record_writer.finish(ids[6], "completed", {"validation_accuracy": 0.98})
    app.run()
    assert "Best: **1 × 256**, 97.93% with 203,530 parameters." in texts(app)
    assert "Within one cell, the seeds differ by up to 0.70 percentage points." in texts(app)
    opened: list[str] = []
    monkeypatch.setattr(started_panel, "open_run", opened.append)
    heard["on_click"](Click("values", 1))
    assert opened == [ids[3]]
    assert not app.exception


def test_no_such_group(open_page: Open) -> None:
    app = open_page("architecture", view="grid", group="nothing")
    assert "This group of runs does not exist here." in texts(app)


# ---- MLP against CNN -------------------------------------------------------------------------------------------


def test_an_mlp_with_as_many_parameters(open_page: Open, store: Store) -> None:
    app = open_page("architecture", view="equal")
    # 8·25+8, 16·8·25+16, 784·32+32, 32·10+10: 28,874; (28,874 − 10) / 795 = 36.3
    table = app.dataframe[0].value
    assert table["Parameters"].tolist() == [28_874, 795 * 36 + 10]
    assert table["Multiplications per image"].tolist() == [
        200 * 784 + 3200 * 196 + 784 * 32 + 320,
        784 * 36 + 360,
    ]
    assert columns_of(app)["Parameters"]["type_config"] == {"type": "number", "format": "localized"}
    assert "with 1 hidden layer of **36** units" in texts(app)
    app.slider(key="mlp_or_cnn_depth").set_value(3).run()
    app.select_slider(key="mlp_or_cnn_images").set_value(1_000).run()
    app.button(key="mlp_or_cnn_start").click().run()
    cnn, mlp = store.queue.next(5)
    assert cnn.config.model == "cnn"
    assert (mlp.config.model, len(mlp.config.hidden_layers)) == ("mlp", 3)
    assert set(cnn.config.differences(mlp.config)) == {"model", "hidden_layers"}
    assert app.query_params["pair"] == cnn.group
    assert app.dataframe[1].value["Run"].tolist() == ["CNN", "MLP"]
    assert not app.exception


@pytest.mark.parametrize("filters", [(1, 1), (32, 32)])
@pytest.mark.parametrize("depth", [1, 4])
def test_the_ends_of_the_sliders_have_an_mlp(open_page: Open, filters: tuple[int, int], depth: int) -> None:
    app = open_page("architecture", view="equal")
    for number, count in enumerate(filters):
        app.select_slider(key=f"mlp_or_cnn_filters_{number}").set_value(count)
    app.select_slider(key="mlp_or_cnn_units").set_value(8 if filters[0] == 1 else 128)
    app.select_slider(key="mlp_or_cnn_kernel").set_value(7)
    app.slider(key="mlp_or_cnn_depth").set_value(depth).run()
    cnn, mlp = app.dataframe[0].value["Parameters"]
    assert abs(cnn - mlp) <= 800  # half of what one more unit in each layer costs
    assert not app.exception


# ---- the race --------------------------------------------------------------------------------------------------


def test_the_race_is_the_preset(open_page: Open, store: Store) -> None:
    app = open_page("architecture", view="race")
    app.button(key="optimizer_race_start").click().run()
    preset = PRESETS["optimizer-race"]
    runs = store.queue.next(9)
    assert {run.variant: run.config.replace(dataset="mnist") for run in runs} == {
        label: preset.variant(label) for label in preset.variants
    }
    assert app.query_params["race"] == runs[0].group
    assert not app.exception


def test_all_rates_times_a_factor(open_page: Open, store: Store) -> None:
    app = open_page("architecture", view="race")
    app.select_slider(key="optimizer_race_factor").set_value(0.3).run()
    app.slider(key="optimizer_race_epochs").set_value(1).run()
    app.select_slider(key="optimizer_race_images").set_value(1_000).run()
    assert "Rates: SGD 0.003, Momentum 0.003, Adagrad 0.003, RMSprop 0.0003, Adam 0.0003" in texts(app)
    app.button(key="optimizer_race_start").click().run()
    assert {run.config.total_steps for run in store.queue.next(9)} == {10}
