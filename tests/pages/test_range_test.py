"""The range test on the page Learning rate."""

from __future__ import annotations

import numpy as np

from mnist_core.records import STEP_DTYPE, Curves, Progress, Report
from mnist_core.schedule import factor
from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import texts


def run_it(store: Store, *, falls: bool = True) -> str:
    """The queued test, ended with a loss that falls and turns at a rate of 1."""
    (run,) = store.queue.next(10)
    store.queue.claim(run.id, "w", 1)
    steps = np.zeros(run.config.total_steps, STEP_DTYPE)
    steps["step"] = 1 + np.arange(len(steps))
    steps["steps"] = 1
    rates = [run.config.learning_rate * factor(run.config, step) for step in range(len(steps))]
    steps["learning_rate"] = rates
    logs = np.log10(rates)
    steps["loss"] = 2.3 - falls * 2.0 / (1 + np.exp(-4 * (logs + 1.5))) + np.maximum(0, logs) ** 2 * 30
    steps["accuracy"] = 1 - 0.9 * np.clip(steps["loss"] / 2.3, 0, 1)
    store.record_writer.publish([Report(run.id, Progress(len(steps), len(steps), 3.0, 1.0, 1e5), Curves(steps))])
    store.record_writer.finish(run.id, "completed", {})
    return run.id


def test_one_press_makes_a_run_whose_rate_rises(open_page: Open, store: Store) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    app.segmented_control(key="rates_view").set_value("test").run()
    assert [
        " · 1,000 steps · " in caption.value for caption in app.sidebar.caption if "784-50-10" in caption.value
    ] == [True]
    app.button(key="range_test").click().run()
    (run,) = store.queue.next(10)
    assert run.config.schedule == "rising"
    assert run.config.total_steps == 1_000
    assert run.preset == "two-layer-net"
    assert app.query_params["test"] == run.id


def test_an_ended_test_is_read_and_its_rate_used(open_page: Open, store: Store) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    app.segmented_control(key="rates_view").set_value("test").run()
    app.button(key="range_test").click().run()
    run_it(store)
    app.run()
    assert "Accuracy is highest at a rate of" in texts(app)
    assert "a tenth of" in texts(app)
    app.button(key="use_steepest").click().run()
    assert app.title[0].value == "Train a network and watch it learn"
    assert 0.01 < float(app.query_params["learning_rate"]) < 0.1


def test_a_test_that_finds_nothing_says_so(open_page: Open, store: Store) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    app.segmented_control(key="rates_view").set_value("test").run()
    app.button(key="range_test").click().run()
    run_id = run_it(store, falls=False)
    again = open_page("learning_rate", test=run_id)
    assert "so the test suggests no rate" in texts(again)


def test_it_is_said_between_which_rates_it_trains(open_page: Open) -> None:
    """In Korean the millionth of ten read as ten times a millionth."""
    assert "학습률은 1e-5에서 10까지" in texts(open_page("learning_rate", view="test", lang="ko"))
