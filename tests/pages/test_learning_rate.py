"""The page Learning rate: the plan, its errors, one click, the sweep as it grows, predictions; without a worker."""

from __future__ import annotations

import math
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.presets import PRESETS
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves, Event, Progress, Report, SweepRecord
from mnist_core.store import Store
from mnist_core.store.sweeps import Sweeps
from mnist_core.sweep_range import Plan
from tests.pages.conftest import Open
from tests.pages.content import bars, component, percents, texts

CHANCE = math.log(10)
TWO_LAYER = PRESETS["two-layer-net"].config.replace(epochs=10, dataset="built-in")


def create(store: Store, plan: Plan, group: str = "0123456789", owner: str = "ann", **more: Any) -> list[str]:
    """A sweep of the two-layer network, in the queue."""
    record = SweepRecord(group, owner, 1.0, TWO_LAYER, plan.rates, plan.seeds, "two-layer-net", **more)
    return store.sweeps.create(record, plan.configs(TWO_LAYER))


def end(store: Store, run_id: str, loss: float, outcome: str = "completed", records: int = 100) -> None:
    """Train the run as a worker would, with a loss that falls to `loss`."""
    store.queue.claim(run_id, "worker", 1)
    steps = np.zeros(records, STEP_DTYPE)
    steps["step"] = np.arange(1, records + 1)
    steps["steps"] = 1
    for name in ("loss", "loss_min", "loss_max"):
        steps[name] = np.linspace(CHANCE, loss, records)
    evaluations = np.zeros(60, EVALUATION_DTYPE)
    evaluations["step"] = np.linspace(0, 1000, 60)
    accuracy = 0.9 if outcome == "completed" else 0.1
    for split in ("train", "validation", "test"):
        evaluations[f"{split}_loss"] = np.linspace(CHANCE, loss, 60)
        evaluations[f"{split}_accuracy"] = np.linspace(0.1, accuracy, 60)
    broken = (Event(1000, "not_finite", 5.0),) if outcome == "diverged" else ()
    store.record_writer.publish(
        [Report(run_id, Progress(1000, 1000, 10.0, 1.0, 1e5), Curves(steps, evaluations, broken))]
    )
    store.record_writer.finish(
        run_id, outcome, {"train_loss": loss, "train_accuracy": accuracy, "test_accuracy": accuracy}
    )  # type: ignore[arg-type]


LEARNS_AND_BREAKS = ((1.5, "completed"), (0.1, "completed"), (0.05, "completed"), (2.303, "collapsed"))


def ended(store: Store, **more: Any) -> list[str]:
    """A sweep over 0.01, 0.0669, 0.448, 3, of which the last collapsed."""
    ids = create(store, Plan(0.01, 3, 4), **more)
    for run_id, (loss, outcome) in zip(ids, LEARNS_AND_BREAKS, strict=True):
        end(store, run_id, loss, outcome)
    return ids


def test_the_range_fits_the_network(open_page: Open) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    assert [app.text_input(key=f"rates_{name}").value for name in ("lowest", "highest")] == ["0.01", "3"]
    assert "784-50-10" in texts(app)
    app.selectbox(key="preset_choice").set_value("lenet").run()
    assert [app.text_input(key=f"rates_{name}").value for name in ("lowest", "highest")] == ["1e-5", "1"]
    assert not app.exception


def test_every_experiment_can_be_swept(open_page: Open) -> None:
    app = open_page("learning_rate")
    for name in PRESETS:
        app.selectbox(key="preset_choice").set_value(name).run()
        assert not app.exception, name
        assert not app.error, name
        assert not app.button(key="sweep").disabled


def test_what_is_typed_moves_the_slider_and_the_other_way_round(open_page: Open) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    app.text_input(key="rates_highest").input("1.7").run()
    (slider,) = [slider for slider in app.select_slider if slider.label == "Range of learning rates"]
    assert slider.value == (0.01, 1.7)
    slider.set_value((0.1, 1.2)).run()
    assert [app.text_input(key=f"rates_{name}").value for name in ("lowest", "highest")] == ["0.1", "1.2"]
    app.slider(key="rates_count").set_value(3).run()
    assert "Rates: 0.1, 0.346, 1.2" in texts(app)


@pytest.mark.parametrize(
    ("lowest", "highest", "sentence"),
    [
        ("3", "0.1", "is above the highest"),
        ("0.1", "0.1", ", but a sweep needs two different rates. Change one of them."),
        ("0", "1", "The lowest learning rate must be above 0, not 0"),
        ("-1", "1", "The lowest learning rate must be above 0, not -1"),
        ("abc", "1", "The lowest learning rate must be a number"),
        ("0.1", "1e9", "The highest learning rate must be from 1e-5 to 100, not 1e9."),
        ("🙂", "**", "The highest learning rate must be a number"),
    ],
)
def test_a_range_that_cannot_be_is_a_sentence(
    open_page: Open, store: Store, lowest: str, highest: str, sentence: str
) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    app.text_input(key="rates_lowest").input(lowest).run()
    app.text_input(key="rates_highest").input(highest).run()
    assert sentence in texts(app)
    assert app.button(key="sweep").disabled
    assert not app.exception
    app.text_input(key="rates_lowest").input("0.1").run()
    app.text_input(key="rates_highest").input("1").run()
    assert not app.error
    assert not app.button(key="sweep").disabled
    assert store.queue.next(5) == []


def test_one_click_makes_the_sweep(open_page: Open, store: Store) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    app.slider(key="rates_count").set_value(8)
    app.slider(key="rates_seeds").set_value(2)
    app.select_slider(key="rates_epochs").set_value(20).run()
    assert app.button(key="sweep").label == "Train 16 runs"
    app.button(key="sweep").click().run()
    runs = store.queue.next(50)
    assert len(runs) == 16
    assert len({run.group for run in runs}) == 1
    assert {run.config.epochs for run in runs} == {20}
    assert {run.config.batch_seed for run in runs} == {11}
    assert app.query_params["sweep"] == runs[0].group
    assert "Starting …" in bars(app)
    assert not app.exception


def test_one_press_that_arrives_twice_makes_one_sweep(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = Sweeps.create

    def twice(self: Sweeps, *args: Any, **kwargs: Any) -> list[str]:
        create(self, *args, **kwargs)
        return create(self, *args, **kwargs)

    monkeypatch.setattr(Sweeps, "create", twice)
    app = open_page("learning_rate", preset="two-layer-net")
    app.button(key="sweep").click().run()
    assert len(store.queue.next(50)) == 12
    app.button(key="sweep").click().run()
    assert len(store.queue.next(50)) == 24  # another press is another sweep


def test_32_cnns_are_announced(open_page: Open, store: Store) -> None:
    app = open_page("learning_rate", preset="lenet")
    app.slider(key="rates_count").set_value(32).run()
    assert "32 networks are queued and trained one after another" in texts(app)
    app.button(key="sweep").click().run()
    assert len(store.queue.next(50)) == 32
    assert not app.exception


def test_a_sweep_that_waits_says_its_place_and_when_it_will_begin(open_page: Open, store: Store) -> None:
    store.queue.claim(store.runs.create("bob", RunConfig()), "worker", 1)
    store.runs.create("cem", RunConfig())
    create(store, Plan(0.1, 1, 3))
    app = open_page("learning_rate", sweep="0123456789")
    (progress,) = bars(app)
    assert progress.startswith("Waiting: 1 run is ahead · 1 run is training · starts in about ")


def test_an_ended_sweep_is_read(open_page: Open, store: Store) -> None:
    ended(store)
    app = open_page("learning_rate", sweep="0123456789")
    content = texts(app)
    assert (
        "The network learns well in this many epochs at rates from 0.0669 to 0.448; the best rate tried is 0.448 (training loss 0.05)."
        in content
    )
    assert "Training breaks from 3 on: the highest rate that still trains lies between 0.448 and 3." in content
    assert ":material/visibility" in content
    assert not [button for button in app.button if button.key == "stop_sweep"]
    assert "the highest rate that still trains lies between 0.448 and 3" in component(app, "chart_rates")["description"]
    table = app.dataframe[0].value
    assert table["Outcome"].tolist() == ["completed", "completed", "completed", "collapsed"]
    assert table["Zone"].tolist() == ["too small", "good", "good", "broken"]
    assert table["Rate"].tolist() == [0.01, 0.0669, 0.448, 3.0]  # numbers, which sort as such
    assert table["Final loss"].tolist() == [1.5, 0.1, 0.05, 2.303]
    assert percents(app, "Final accuracy") == ["90.00%", "90.00%", "90.00%", "10.00%"]


def test_a_rate_that_never_began_has_no_figures(open_page: Open, store: Store) -> None:
    ids = create(store, Plan(0.01, 3, 4))
    end(store, ids[0], 1.5)
    for run_id in ids[1:]:
        store.commands.send(run_id, "ann", "stop")
    app = open_page("learning_rate", sweep="0123456789")
    app.selectbox(key="sweep_rate").set_value(0.448).run()
    (line,) = [text.value for text in app.markdown if text.value.startswith("Rate **0.448**")]
    assert line.endswith("stopped]")
    assert app.dataframe[0].value["Best loss"].tolist()[:1] == [1.5]
    assert app.dataframe[0].value["Best loss"].isna().tolist() == [False, True, True, True]
    app.selectbox(key="sweep_rate").set_value(0.01).run()
    assert "completed] loss 1.5, accuracy 90.00%" in texts(app)


def test_a_rate_changed_by_hand_is_said_in_a_column_of_its_own(open_page: Open, store: Store) -> None:
    first, *others = create(store, Plan(0.01, 3, 4))
    for run_id in others:
        end(store, run_id, 0.1)
    store.queue.claim(first, "worker", 1)
    steps = np.zeros(2, STEP_DTYPE)
    steps["step"], steps["steps"] = [40, 100], [40, 60]
    curves = Curves(steps, events=(Event(40, "learning_rate", 0.5),))
    store.record_writer.publish([Report(first, Progress(100, 100, 1.0, 2.0), curves)])
    store.record_writer.finish(first, "completed", {})
    table = open_page("learning_rate", sweep="0123456789").dataframe[0].value
    assert table["Rate"].tolist() == [0.01, 0.0669, 0.448, 3.0]
    assert table["Learning rate changes by hand"].tolist() == ["0.5 after step 40", "none", "none", "none"]


def test_a_chosen_rate_goes_to_the_train_page(open_page: Open, store: Store) -> None:
    ended(store)
    app = open_page("learning_rate", preset="two-layer-net", dataset="built-in", sweep="0123456789")
    app.selectbox(key="sweep_rate").set_value(0.448).run()
    assert "Rate **0.448** · good" in texts(app)
    app.button(key="set_rate").click().run()
    assert app.select_slider(key="c_learning_rate").value == 0.448
    assert not app.exception


def test_another_network_goes_to_the_train_page_with_its_rate(open_page: Open, store: Store) -> None:
    ended(store)
    app = open_page("learning_rate", preset="keras-first-look", sweep="0123456789")
    app.selectbox(key="sweep_rate").set_value(0.448).run()
    app.button(key="set_rate").click().run()
    assert app.select_slider(key="c_learning_rate").value == 0.448
    assert app.select_slider(key="c_units_0").value == 50


def test_a_chosen_run_is_opened(open_page: Open, store: Store) -> None:
    ids = ended(store)
    app = open_page("learning_rate", sweep="0123456789")
    app.selectbox(key="sweep_rate").set_value(3.0).run()
    app.button(key="open_seed_11").click().run()
    assert app.session_state["shown_run"] == ids[3]
    assert "784-50-10 · SGD 3" in texts(app)


def test_stop_all(open_page: Open, store: Store) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    app.button(key="sweep").click().run()
    app.button(key="stop_sweep").click().run()
    assert store.queue.next(5) == []
    assert "Left out because runs were stopped or failed:" in texts(app)
    assert not app.exception


def test_a_sweep_goes_on_where_the_page_is_opened_again(open_page: Open, store: Store) -> None:
    ids = create(store, Plan(0.1, 1, 3))
    end(store, ids[0], 0.2)
    app = open_page("learning_rate", sweep="0123456789")
    (progress,) = bars(app)
    assert progress.startswith("1 of 3 runs is done" if "is done" in progress else "1 of 3 runs are done")
    assert "2 wait" in progress
    end(store, ids[1], 0.1)
    app.run()
    (progress,) = bars(app)
    assert progress.startswith("2 of 3 runs are done")


@pytest.mark.parametrize("typed", ["x" * 100_000, "a\0b", "🙂 **bold**", " "], ids=["long", "nul", "bold", "space"])
def test_whatever_is_typed_into_the_address_is_a_sentence(open_page: Open, typed: str) -> None:
    app = open_page("learning_rate", sweep=typed)
    assert "This sweep was not found. It may have been deleted." in texts(app)
    assert not app.error


def test_earlier_sweeps_can_be_opened_again(open_page: Open, store: Store) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    app.button(key="sweep").click().run()
    first = app.session_state["shown_sweep"]
    app.button(key="sweep").click().run()
    assert app.session_state["shown_sweep"] != first
    assert "12 rates from 0.01 to 3" in texts(app)
    sweep = store.sweeps.get(first)
    assert sweep is not None
    created = sweep.created_at
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # a day apart at any time
        app.context["timezone"] = zone
        app.run()
        read = datetime.fromtimestamp(created, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
        assert read in [caption.value for caption in app.caption]
    app.button(key=f"open_{first}").click().run()
    assert app.session_state["shown_sweep"] == first
    assert app.query_params["sweep"] == first


def test_a_predicted_edge_stands_beside_the_measured_one(open_page: Open, store: Store) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    assert not [slider for slider in app.select_slider if slider.key == "rates_edge"]  # off at first
    app.toggle(key="predict_toggle").set_value(True).run()
    app.select_slider(key="rates_edge").set_value(0.2).run()
    app.button(key="sweep").click().run()
    (sweep,) = store.sweeps.newest(app.session_state["student"])
    assert sweep.predicted_edge == 0.2
    assert "You predicted that training breaks from 0.2 on." in texts(app)
    for run in store.runs.of_group(sweep.id):
        rate = run.config.learning_rate
        end(store, run.id, 0.1 if rate < 1.5 else 2.303, "completed" if rate < 1.5 else "collapsed")
    app.run()
    assert "You predicted 0.2: too low by a factor of 5.3." in texts(app)  # 1.06 learns
    assert "My predictions so far: 1 sweep, off by a factor of 5.3" in texts(app)
    lines = [
        shape["x0"] for shape in component(app, "chart_rates")["figure"]["layout"]["shapes"] if shape["type"] == "line"
    ]
    assert 0.2 in lines


def test_a_prediction_that_nobody_saw_come_is_counted_all_the_same(open_page: Open, store: Store) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    ended(store, owner=app.session_state["student"], predicted_edge=0.0448)
    app.run()
    assert [sweep.off for sweep in store.sweeps.newest(app.session_state["student"])] == [pytest.approx(10)]


def test_a_run_is_predicted_and_told(open_page: Open, store: Store) -> None:
    app = open_page("train", preset="two-layer-net")
    app.toggle(key="predict_toggle").set_value(True).run()
    assert app.button(key="run").disabled
    (prediction,) = [group for group in app.button_group if group.key == "predicted_outcome"]
    prediction.set_value("breaks").run()
    app.button(key="run").click().run()
    (run,) = store.queue.next(5)
    assert run.prediction == "breaks"
    assert "You predicted: **breaks**." in texts(app)
    end(store, run.id, 0.1)
    app.run()
    assert "You predicted: **breaks**. Outcome: **learns**." in texts(app)
    assert "My predictions so far: 0 of 1 run correct" in texts(app)
    assert app.button(key="run").disabled  # the next one is asked anew


def test_a_poll_of_32_ended_runs_is_cheap(open_page: Open, store: Store) -> None:
    ids = create(store, Plan(0.001, 1, 32))
    for run_id in ids:
        end(store, run_id, 0.1, records=1000)
    app = open_page("learning_rate", sweep="0123456789")
    begun = time.process_time()
    for _time in range(5):
        app.run()
    spent = (time.process_time() - begun) / 5
    print(f"a whole rerun: {spent:.3f} s of the processor")
    assert spent < 0.6  # measured 0.1; no reading or drawing anew
