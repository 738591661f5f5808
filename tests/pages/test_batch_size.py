"""The page Batch size: every view and its main sliders."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from mnist_core.ideas.batch_size.batch_times import panel as batch_times_panel
from mnist_core.records import EVALUATION_DTYPE, Curves, Progress, Report, Run
from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import component, texts


def test_updates_per_epoch_follow_the_sliders(open_page: Open) -> None:
    app = open_page("batch_size")
    assert "60,000 images / 128 = 468.75, rounded up: **469 updates per epoch**" in texts(app)
    assert "The last batch has only 96 images. In 5 epochs: **2,345 updates**." in texts(app)
    app.select_slider(key="updates_per_epoch_train_size").set_value(50_000).run()
    app.select_slider(key="updates_per_epoch_batch_size").set_value(10).run()
    assert "50,000 images / 10 = **5,000 updates per epoch**" in texts(app)
    app.select_slider(key="updates_per_epoch_epochs").set_value(1).run()
    assert "In 1 epoch: **5,000 updates**." in texts(app)
    app.select_slider(key="updates_per_epoch_batch_size").set_value(1).run()
    assert "50,000 images / 1 = **50,000 updates per epoch**" in texts(app)
    app.select_slider(key="updates_per_epoch_batch_size").set_value(50_000).run()
    assert "**1 update per epoch**" in texts(app)
    assert not app.exception


def test_fewer_images_than_the_batch_make_it_smaller(open_page: Open) -> None:
    app = open_page("batch_size")
    app.select_slider(key="updates_per_epoch_train_size").set_value(100).run()
    assert app.select_slider(key="updates_per_epoch_batch_size").value == 100
    assert "100 images / 100 = **1 update per epoch**" in texts(app)
    app.select_slider(key="updates_per_epoch_train_size").set_value(60_000).run()
    assert "= **600 updates per epoch**" in texts(app)
    assert not app.exception


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("0", "Batch size must be from 1 to 240,000, not 0"),
        ("70000", "Batch size 70,000 is larger than the number of training images"),
        ("12.5", "Batch size cannot be “12.5”. Expected a whole number such as 100."),
        ("many", "Batch size cannot be “many”"),
    ],
)
def test_a_typed_size_that_cannot_be_is_a_sentence(open_page: Open, typed: str, sentence: str) -> None:
    app = open_page("batch_size")
    app.text_input(key="updates_per_epoch_exact").input(typed).run()
    assert sentence in texts(app)
    assert "**469 updates per epoch**" in texts(app)  # nothing has changed
    app.text_input(key="updates_per_epoch_exact").input("96").run()
    assert "= **625 updates per epoch**" in texts(app)
    assert app.select_slider(key="updates_per_epoch_batch_size").value == 96
    assert not app.error


def test_a_typed_size_holds_until_another_is_chosen(open_page: Open) -> None:
    app = open_page("batch_size")
    for _turn in range(2):
        app.text_input(key="updates_per_epoch_exact").input("96").run()
        assert app.select_slider(key="updates_per_epoch_batch_size").value == 96
        assert app.text_input(key="updates_per_epoch_exact").value == ""
        app.select_slider(key="updates_per_epoch_batch_size").set_value(128).run()
    app.text_input(key="updates_per_epoch_exact").input("many").run()
    app.select_slider(key="updates_per_epoch_epochs").set_value(1).run()
    assert not app.error
    assert app.text_input(key="updates_per_epoch_exact").value == ""


def test_a_typed_size_above_the_images_is_a_sentence(open_page: Open) -> None:
    app = open_page("batch_size")
    app.select_slider(key="updates_per_epoch_train_size").set_value(1_000).run()
    app.text_input(key="updates_per_epoch_exact").input("2000").run()
    assert "larger than the number of training images, 1,000. Use at most 1,000" in texts(app)


def test_gradient_noise_by_slider(open_page: Open, real_digits: None) -> None:
    app = open_page("batch_size", view="noise")
    assert "**Batch size 10.** Half of the batches point within **68°**" in texts(app)
    app.select_slider(key="gradient_noise_batch").set_value(1_000).run()
    assert "has no noise" in texts(app)
    app.select_slider(key="gradient_noise_batch").set_value(100).run()
    untrained = texts(app)
    app.segmented_control(key="gradient_noise_steps").set_value(300).run()
    assert "**Batch size 100.**" in texts(app)
    assert texts(app) != untrained
    before = texts(app)
    app.button(key="gradient_noise_next").click().run()
    assert texts(app) != before
    assert not app.exception


def test_gradient_noise_waits_for_the_images(open_page: Open) -> None:
    assert "are being drawn" in texts(open_page("batch_size", view="noise"))


def test_three_ways_down(open_page: Open) -> None:
    app = open_page("batch_size", view="paths")
    assert "Full batch (32): loss **" in texts(app)
    assert "mini-batch (8): loss **" in texts(app)
    assert "(steps: 30, epochs: 30); mini-batch" in texts(app)
    app.slider(key="batch_paths_steps").set_value(60).run()
    app.select_slider(key="batch_paths_batch").set_value(16).run()
    assert "(steps: 60, epochs: 30); single" in texts(app)
    app.select_slider(key="batch_paths_rate").set_value(1.0).run()
    assert "beyond the stability edge of the bowl, 0.67" in texts(app)
    app.segmented_control(key="batch_paths_equal").set_value("points").run()
    app.select_slider(key="batch_paths_rate").set_value(0.1).run()
    assert "(steps: 128, epochs: 4)." in texts(app)
    app.slider(key="batch_paths_points").set_value(20).run()
    assert "(steps: 640, epochs: 20)." in texts(app)
    assert not app.exception


def test_three_ways_down_step_by_step_and_played(open_page: Open) -> None:
    app = open_page("batch_size", view="paths")
    app.button(key="batch_paths_one").click().run()
    assert app.slider(key="batch_paths_steps").value == 31
    app.button(key="batch_paths_play").click().run()
    assert app.slider(key="batch_paths_steps").value < 3
    app.button(key="batch_paths_play").click().run()
    app.slider(key="batch_paths_steps").set_value(60).run()
    app.button(key="batch_paths_one").click().run()
    assert app.slider(key="batch_paths_steps").value == 60
    assert not app.exception


def timed(store: Store, analysis_id: str) -> None:
    """The analysis as a worker leaves it: an update takes a millisecond, and a microsecond for each image."""
    store.analyses.claim(analysis_id)
    seconds = np.array([0.001 + 1e-6 * size for size in batch_times_panel.SIZES])
    store.analyses.finish(analysis_id, {"updates": [400] * 7, "cores": 2}, {"seconds": seconds})


def test_seconds_per_epoch_from_the_button_to_the_charts(open_page: Open, store: Store, real_digits: None) -> None:
    app = open_page("batch_size", view="seconds")
    assert "Press the button" in texts(app)
    app.select_slider(key="batch_times_units").set_value(32).run()
    app.button(key="batch_times_measure").click().run()
    (analysis,) = store.analyses.newest(app.session_state["student"], "batch-times")
    assert analysis.parameters["hidden_layers"] == [32]
    assert analysis.parameters["batch_sizes"][-1] == analysis.parameters["train_size"] == 50_000
    assert app.button(key="batch_times_measure").disabled
    timed(store, analysis.id)
    app.run()
    # 50,000 updates of 1.001 ms; one of 51 ms.
    assert "an epoch of 50,000 images takes about **50 s** at batch size 1 and **0.1 s** at 50,000" in texts(app)
    assert "a factor of 981" in texts(app)
    assert "Measured with 2 cores" in texts(app)
    assert not app.button(key="batch_times_measure").disabled
    app.select_slider(key="batch_times_units").set_value(64).run()
    assert "Press the button" in texts(app)  # each network has times of its own
    assert not app.exception


def test_measuring_can_be_cancelled(open_page: Open, store: Store, real_digits: None) -> None:
    app = open_page("batch_size", view="seconds")
    app.button(key="batch_times_measure").click().run()
    app.button(key="batch_times_cancel_batch-times").click().run()
    assert "Stopped before it finished." in texts(app)


def evaluated(store: Store, run: Run, accuracies: Mapping[int, float]) -> None:
    """The run with these validation accuracies after so many updates, finished."""
    rows = np.zeros(len(accuracies), EVALUATION_DTYPE)
    rows["step"], rows["validation_accuracy"] = list(accuracies), list(accuracies.values())
    rows["epoch"] = rows["step"] / run.config.steps_per_epoch
    store.queue.claim(run.id, "worker", 1)
    store.record_writer.publish(
        [Report(run.id, Progress(run.config.total_steps, run.config.total_steps), Curves(evaluations=rows))]
    )
    store.record_writer.finish(run.id, "completed", {"validation_accuracy": list(accuracies.values())[-1]})


def test_equal_epochs_and_updates_from_the_button_to_the_charts(open_page: Open, store: Store) -> None:
    app = open_page("batch_size", view="race")
    assert "Press the button" in texts(app)
    app.select_slider(key="batch_race_images").set_value(1_000).run()
    app.select_slider(key="batch_race_epochs").set_value(8).run()
    app.select_slider(key="batch_race_rate").set_value(0.05).run()
    assert app.metric[0].label == "Expected time"
    assert app.button(key="batch_race_start").label == "Train at 5 batch sizes"
    app.button(key="batch_race_start").click().run()
    group = app.query_params["group"]
    group = group[0] if isinstance(group, list) else group
    runs = store.runs.of_group(group)
    assert [run.config.batch_size for run in runs] == [1, 10, 32, 100, 1_000]
    assert {(run.config.train_size, run.config.epochs, run.config.learning_rate) for run in runs} == {(1_000, 8, 0.05)}
    assert len({(run.config.seed, run.config.hidden_layers) for run in runs}) == 1
    for run, accuracy in zip(runs, (0.93, 0.9, 0.8, 0.7, 0.6), strict=True):
        steps = run.config.steps_per_epoch
        evaluated(store, run, {0: 0.1, min(64, 8 * steps - 1): accuracy - 0.3, 8 * steps: accuracy})
    app.run()
    epochs = component(app, "batch_race_chart_epochs")["description"]
    assert "1: 93.00%, 10: 90.00%, 32: 80.00%, 100: 70.00%, 1,000: 60.00%" in epochs
    app.select_slider(key="batch_race_at_updates_7_64").set_value(64).run()
    updates = component(app, "batch_race_chart_updates")["description"]
    assert "1: 63.00%, 10: 60.00%, 32: 50.00%, 100: 40.00%." in updates
    assert not app.exception
    other = open_page("batch_size", view="race", group=group)
    assert "1: 93.00%" in component(other, "batch_race_chart_epochs")["description"]


def test_a_group_that_is_not_there_and_a_long_race(open_page: Open) -> None:
    app = open_page("batch_size", view="race", group="0123456789")
    assert "This group of runs does not exist here." in texts(app)
    app.select_slider(key="batch_race_images").set_value(50_000).run()
    app.select_slider(key="batch_race_epochs").set_value(20).run()
    assert ", most of it for batch size 1. Fewer images or epochs make it shorter." in texts(app)
    assert app.button(key="batch_race_start").label == "Train at 7 batch sizes"
    app.select_slider(key="batch_race_epochs").set_value(1).run()
    assert not app.exception
