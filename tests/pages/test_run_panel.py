"""The panel of a run on the Train page: what it says, its buttons, whose it is."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.config import RunConfig
from mnist_core.errors import StoreUnavailableError
from mnist_core.presets import PRESETS
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves, Event, Progress, Report
from mnist_core.store import Store
from mnist_core.store.commands import Commands
from tests.pages.conftest import Open
from tests.pages.content import texts
from tests.pages.inspected_runs import run_with_weights


def test_what_a_run_trained_together_with(open_page: Open, store: Store) -> None:
    for together, sentence in {
        1: "Trained alone (CPU",
        2: "with up to 1 other run (",
        3: "with up to 2 other runs (",
    }.items():
        run_id = store.runs.create("cem", RunConfig())
        store.queue.claim(run_id, "worker", 1)
        result = {"train_accuracy": 0.9, "device": "cpu", "threads": 1, "trained_together": together}
        store.record_writer.finish(run_id, "completed", result)
        assert sentence in texts(open_page("train", run=run_id))


def test_on_how_many_images_curves_and_figures_are_measured(open_page: Open, store: Store) -> None:
    """The last point of a curve was 84.80 %, the figure above it 87.41 %, and nothing said why."""
    found = {}
    for name, config, outcome in (
        ("few", PRESETS["lenet"].config, "completed"),
        ("stopped", PRESETS["lenet"].config, "stopped"),
        ("all", RunConfig(hidden_layers=()), "completed"),
    ):
        run_id = store.runs.create("cem", config)
        store.queue.claim(run_id, "worker", 1)
        store.record_writer.finish(run_id, cast(Any, outcome), {"train_accuracy": 0.9})
        found[name] = "the curves on the first 1,000 images of each set" in texts(open_page("train", run=run_id))
    assert found == {"few": True, "stopped": False, "all": False}


def test_of_a_set_with_fewer_images_no_more_are_said_to_be_measured(open_page: Open, store: Store) -> None:
    run_id = store.runs.create("cem", PRESETS["lenet"].config.replace(validation_size=500))
    store.queue.claim(run_id, "worker", 1)
    result = {"train_accuracy": 0.9, "validation_accuracy": 0.9, "test_accuracy": 0.9}
    store.record_writer.finish(run_id, "completed", result)
    said = texts(open_page("train", run=run_id))
    parts = "1,000 training images, 500 validation images, 1,000 test images"
    assert f"the curves on the first images of each set ({parts}), so that" in said


@pytest.mark.parametrize(
    ("changes", "measured", "sets"),
    [
        ({}, ("train", "validation", "test"), "10,000 training images, 10,000 validation images, 10,000 test images"),
        ({}, ("train", "validation"), "10,000 training images, 10,000 validation images"),  # the test set is sealed
        ({"validation_size": 0}, ("train", "test"), "10,000 training images, 10,000 test images"),
        ({"train_size": 2_000}, ("train",), "2,000 training images"),
    ],
)
def test_of_the_sets_those_are_named_whose_accuracy_stands_there(
    open_page: Open, store: Store, changes: dict[str, Any], measured: tuple[str, ...], sets: str
) -> None:
    run_id = store.runs.create("cem", PRESETS["lenet"].config.replace(**changes))
    store.queue.claim(run_id, "worker", 1)
    store.record_writer.finish(run_id, "completed", {f"{name}_accuracy": 0.9 for name in measured})
    assert f"These accuracies are measured on {sets}, the curves on" in texts(open_page("train", run=run_id))


def publish(store: Store, run_id: str, losses: list[float]) -> None:
    """Records of a run whose loss per step was `losses`."""
    steps = np.zeros(len(losses), STEP_DTYPE)
    steps["step"] = np.arange(1, len(losses) + 1)
    steps["steps"] = 1
    for name in ("loss", "loss_min", "loss_max"):
        steps[name] = losses
    steps["learning_rate"] = 0.1
    steps["gradient_norm"] = steps["gradient_norm_max"] = 1.0
    evaluations = np.zeros(1, EVALUATION_DTYPE)
    for name in ("train_loss", "validation_loss", "test_loss"):
        evaluations[name] = 2.3
    store.record_writer.publish(
        [Report(run_id, Progress(len(losses), 100, 0.1, 1.0, 1000.0), Curves(steps, evaluations))]
    )


def with_a_run(open_page: Open) -> AppTest:
    """The Train page after Run was pressed."""
    app = open_page("train", preset="two-layer-net")
    return app.button(key="run").click().run()


def test_buttons_ask_the_run(open_page: Open, store: Store) -> None:
    app = with_a_run(open_page)
    run_id = store.queue.next(1)[0].id
    store.queue.claim(run_id, "worker", 1)
    publish(store, run_id, [2.3, 2.2, 2.1])
    app.run()
    app.button(key="pause").click().run()
    assert store.commands.pending([run_id])[run_id].command == "pause"
    store.record_writer.pause(run_id, {})
    app.run()
    app.button(key="step").click().run()
    assert store.runs.get(run_id).state == "queued"
    assert store.runs.get(run_id).command == "step"
    app.button(key="stop").click().run()
    assert store.runs.get(run_id).outcome == "stopped"
    assert not app.exception


def test_a_button_of_the_panel_that_the_store_refuses_is_a_sentence(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = with_a_run(open_page)

    def refused(*_args: Any, **_kwargs: Any) -> None:
        raise StoreUnavailableError("The store is in use.")

    monkeypatch.setattr(Commands, "send", refused)
    app.button(key="stop").click().run()
    assert "The store is in use." in texts(app) + "".join(toast.value for toast in app.toast)
    assert not app.exception


def test_a_run_for_which_the_queue_has_no_room_stays_paused_and_says_so(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = with_a_run(open_page)
    (run,) = store.queue.next(1)
    app.button(key="pause").click().run()
    store.runs.create("bob", run.config)
    monkeypatch.setenv("MNIST_LAB_QUEUE", "1")
    app.button(key="resume").click().run()
    assert "The queue is full" in texts(app) + "".join(toast.value for toast in app.toast)
    assert store.runs.state(run.id) == "paused"
    assert not app.exception


def test_a_diverged_run_says_what_happened_and_where(open_page: Open, store: Store) -> None:
    app = with_a_run(open_page)
    run_id = store.queue.next(1)[0].id
    store.queue.claim(run_id, "worker", 1)
    publish(store, run_id, [2.3, 40.0, 8.1e12, float("nan")])
    store.record_writer.publish([Report(run_id, Progress(4, 100), Curves(events=(Event(4, "not_finite", 8.1e12),)))])
    store.record_writer.finish(run_id, "diverged", {"not_finite_step": 4, "last_finite_loss": 8.1e12})
    app.run()
    content = texts(app)
    assert "step 4" in content
    assert "8.1e12" in content
    assert not app.exception


def test_somebody_elses_run_can_be_watched_not_stopped(open_page: Open, store: Store) -> None:
    run_id = store.runs.create("another student", RunConfig())
    app = open_page("train", run=run_id)
    assert "This is someone else's run." in texts(app)
    assert not [button for button in app.button if button.key in ("pause", "stop", "reset", "step")]
    assert "My runs" not in texts(app)


def test_a_run_that_is_gone_is_a_sentence_and_the_list_is_there(open_page: Open, store: Store) -> None:
    app = open_page("train", run="0123456789")
    assert "There is no run 0123456789 here" in texts(app)
    assert not app.exception
    app.button(key="run").click().run()
    app.session_state["shown_run"] = "0123456789"
    app.run()
    assert "There is no run 0123456789 here" in texts(app)
    assert "My runs" in texts(app)


def test_a_run_that_was_deleted_shows_nowhere_by_its_link_either_until_it_is_restored(
    open_page: Open, store: Store
) -> None:
    owner = "another student"
    run_id = run_with_weights(store, owner, answer=3)
    gone = f"There is no run {run_id} here. It may have been deleted."
    assert gone not in texts(open_page("train", run=run_id))
    store.retention.soft_delete([run_id], owner)
    assert gone in texts(open_page("train", run=run_id))
    assert "You have no run with saved weights yet." in texts(open_page("inspect", run=run_id))
    store.retention.restore([run_id], owner)
    assert gone not in texts(open_page("train", run=run_id))
