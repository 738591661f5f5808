"""The page Why it breaks."""

from __future__ import annotations

import numpy as np

from mnist_core.presets import PRESETS
from mnist_core.records import LAYER_DTYPE, SHARPNESS_DTYPE, Curves, Progress, Report
from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import component, texts


def test_the_bowl_answers_to_its_sliders(open_page: Open) -> None:
    app = open_page("why")
    assert "**It converges from one side.** Each step leaves" in texts(app)
    assert "the edge is a learning rate of 2." in texts(app)
    app.select_slider(key="bowl_rate").set_value(2.0).run()
    assert "This is the edge" in texts(app)
    app.select_slider(key="bowl_rate").set_value(2.5).run()
    assert "each step lands 1.5 times as far away" in texts(app)
    app.slider(key="bowl_momentum").set_value(0.5).run()
    assert "**It overshoots, but still converges.** Each step goes past" in texts(app)
    assert "2 (1 + β) / a" in texts(app)
    app.select_slider(key="bowl_curvature").set_value(10.0).run()
    assert "a learning rate of 0.3" in texts(app)


def test_near_the_edge_the_seed_decides(open_page: Open) -> None:
    """Of forty seeds 17 learned at 1.2 (docs/experiments.md)."""
    assert "at a learning rate of 1.2 the seed decides whether this one learns" in texts(open_page("why"))
    summary = PRESETS["two-layer-net-rate-1.2"].summary
    assert "With this seed" in summary
    assert "with other seeds" in summary


def test_one_step_and_playing(open_page: Open) -> None:
    app = open_page("why")
    app.button(key="bowl_one").click().run()
    assert app.slider(key="bowl_steps").value == 11
    app.button(key="bowl_play").click().run()
    assert app.slider(key="bowl_steps").value < 11
    app.run()
    app.button(key="bowl_play").click().run()
    at = app.slider(key="bowl_steps").value
    app.run()
    assert app.slider(key="bowl_steps").value == at
    assert not app.exception


def test_two_weights(open_page: Open) -> None:
    app = open_page("why")

    def kinds() -> list[str]:
        return [trace["type"] for trace in component(app, "bowl_chart_walk")["figure"]["data"]]

    assert kinds() == ["scatter", "scatter"]  # the parabola, and the walk
    app.segmented_control(key="bowl_weights").set_value(2).run()
    assert kinds() == ["contour", "scatter"]


def test_one_click_measures_the_sharpness_at_four_rates(open_page: Open, store: Store) -> None:
    app = open_page("why", view="sharpness")
    app.segmented_control(key="why_view").set_value("sharpness").run()
    app.button(key="sharpness_start").click().run()
    runs = store.queue.next(10)
    assert sorted(run.config.learning_rate for run in runs) == [0.02, 0.05, 0.1, 0.2]
    assert all(run.config.sharpness for run in runs)
    for run in runs:
        store.queue.claim(run.id, "w", 1)
        rows = np.zeros(12, SHARPNESS_DTYPE)
        rows["step"] = 10 * np.arange(12)
        rows["sharpness"] = np.minimum(np.linspace(5, 50, 12), 2 / run.config.learning_rate)
        rows["learning_rate"] = run.config.learning_rate
        store.record_writer.publish([Report(run.id, Progress(700, 700, 700.0, 1.0, 1e5), Curves(sharpness=rows))])
        store.record_writer.finish(run.id, "completed", {})
    app.run()
    assert "Rate 0.1: the sharpness has reached the stability edge, 20, and stays close to it" in texts(app)
    assert "Rate 0.02: the sharpness has grown from 5 to 50; the stability edge is at 100." in texts(app)


def test_inside_a_run(open_page: Open, store: Store) -> None:
    app = open_page("why")
    app.segmented_control(key="why_view").set_value("inside").run()
    assert "Train a network first" in texts(app)
    app.switch_page("pages/train.py").run()
    app.button(key="run").click().run()
    (run,) = store.queue.next(10)
    store.queue.claim(run.id, "w", 1)
    store.record_writer.publish([Report(run.id, Progress(1, 10, 0.1, 1.0, 1e5), Curves())])
    app.switch_page("pages/why.py").run()
    app.segmented_control(key="why_view").set_value("inside").run()
    assert "There are no layer measurements for this run" in texts(app)
    layers = np.zeros(4, LAYER_DTYPE)
    layers["step"], layers["layer"], layers["gradient"] = [0, 0, 1, 1], [0, 1, 0, 1], 1.0
    store.record_writer.publish([Report(run.id, Progress(1, 10, 0.1, 1.0, 1e5), Curves(layers=layers))])
    app.run()
    assert app.segmented_control(key="inside_layers_layer_of_2").options == ["Hidden layer 1", "Output layer"]
    assert "The more a cell stands out from the ground, the larger the fraction" in texts(app)
