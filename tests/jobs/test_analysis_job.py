"""What a worker does with an analysis, in this process."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mnist_core import data
from mnist_core.config import RunConfig
from mnist_core.data import augment
from mnist_core.jobs import analysis_job, run_job
from mnist_core.networks import forward, weights
from mnist_core.networks.checkpoint_layout import forget_snapshots, snapshot_steps
from mnist_core.records import Analysis, AnalysisKind
from mnist_core.store import Store
from mnist_core.training import snapshots

CONFIG = RunConfig(train_size=1_000, validation_size=0, hidden_layers=(8,), batch_size=50, epochs=4)


@pytest.fixture
def store(shared_store: Store) -> Store:
    return shared_store


def trained(store: Store, config: RunConfig = CONFIG) -> str:
    run_id = store.runs.create("ann", config)
    run_job.execute([run_id], store.url, 1)
    assert store.runs.get(run_id).outcome == "completed"
    return run_id


def computed(store: Store, kind: AnalysisKind, parameters: dict[str, Any]) -> Analysis:
    """What a worker makes of an analysis."""
    analysis_id = store.analyses.create("ann", kind, parameters)
    analysis_job.execute(analysis_id, store.url, 1)
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    return analysis


def finished(store: Store, kind: AnalysisKind, parameters: dict[str, Any]) -> Analysis:
    analysis = computed(store, kind, parameters)
    assert analysis.state == "finished", analysis.message
    return analysis


def landscape(store: Store, run_id: str) -> Analysis:
    return computed(store, "landscape", {"run": run_id, "plane": "path"})


def test_the_landscape_of_a_runs_path(store: Store) -> None:
    run_id = trained(store)
    analysis = landscape(store, run_id)
    assert analysis.state == "finished", analysis.message
    assert analysis.values["plane"] == "path"
    assert analysis.arrays["steps"][0] == 0
    assert analysis.arrays["steps"][-1] == CONFIG.total_steps
    assert len(analysis.arrays["path"]) == len(snapshots.planned_steps(CONFIG))
    losses, path = analysis.arrays["losses"], analysis.arrays["path"]
    assert losses.shape == (31, 31)
    # Where the run ended the loss is about that of its result: other images, a point of the grid nearby.
    column = int(np.abs(analysis.arrays["xs"] - path[-1, 0]).argmin())
    row = int(np.abs(analysis.arrays["ys"] - path[-1, 1]).argmin())
    assert losses[row, column] == pytest.approx(store.runs.get(run_id).result["train_loss"], rel=0.5)
    start = int(np.abs(analysis.arrays["xs"] - path[0, 0]).argmin())
    assert losses[row, start] > losses[row, column]


def test_without_a_trail_random_directions_around_the_checkpoint(store: Store) -> None:
    run_id = trained(store)
    forget_snapshots(run_id)
    analysis = landscape(store, run_id)
    assert analysis.values["plane"] == "random"
    assert analysis.values["step"] == CONFIG.total_steps
    assert analysis.values["explained"] is None
    middle = analysis.arrays["losses"][15, 15]
    assert middle == pytest.approx(store.runs.get(run_id).result["train_loss"], rel=0.5)


def test_a_run_without_weights_and_one_that_is_not_there(store: Store) -> None:
    waiting = store.runs.create("ann", CONFIG)
    for run_id, text in (
        (
            waiting,
            "No usable weights have been saved for this run yet",
        ),
        ("nothing", "There is no run nothing here"),
    ):
        analysis = landscape(store, run_id)
        assert analysis.state == "failed"
        assert text in str(analysis.message)


def test_a_cancelled_analysis_ends_in_its_midst(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = trained(store)
    monkeypatch.setattr(analysis_job, "REPORT_SECONDS", 0.0)
    report = store.analyses.report
    reported: list[float] = []

    def cancelled(analysis_id: str, progress: float, **_token: int) -> bool:
        reported.append(progress)
        store.analyses.cancel(analysis_id, "ann")
        return report(analysis_id, progress)

    monkeypatch.setattr(store.analyses, "report", cancelled)
    analysis = landscape(store, run_id)
    assert analysis.state == "failed"
    assert len(reported) == 1


def test_a_run_that_diverged_is_shown_as_far_as_it_is_numbers(store: Store) -> None:
    config = CONFIG.replace(
        learning_rate=100.0, activation="identity", loss="squared-error", stop_when_not_finite=False
    )
    run_id = store.runs.create("ann", config)
    run_job.execute([run_id], store.url, 1)
    assert store.runs.get(run_id).outcome == "diverged"
    analysis = landscape(store, run_id)
    assert analysis.state == "finished", analysis.message
    assert 0 <= analysis.values["step"] < analysis.values["reached"] == config.total_steps


def test_the_answers_of_a_run_are_those_of_its_last_weights(store: Store) -> None:
    run_id = trained(store)
    analysis = finished(store, "answers", {"run": run_id, "split": "test"})
    assert analysis.values == {"step": CONFIG.total_steps, "reached": CONFIG.total_steps}
    parts = data.split(data.load_dataset("mnist"), CONFIG)
    shares = analysis.arrays["probabilities"].astype(np.float64)
    last = weights.latest(run_id).weights
    assert shares == pytest.approx(forward.probabilities(CONFIG, last, parts.test.images), abs=1e-3)
    right = (shares.argmax(1) == parts.test.labels).mean()
    assert right == pytest.approx(store.runs.get(run_id).result["test_accuracy"], abs=2e-3)


def test_what_an_answer_hangs_on(store: Store) -> None:
    run_id = trained(store)
    image = data.load_dataset("mnist").test_images[0]
    analysis = finished(store, "attribution", {"run": run_id, "image": image.reshape(-1).tolist()})
    digit = forward.probabilities(CONFIG, weights.latest(run_id).weights, image[None])[0].argmax()
    assert analysis.values["digit"] == digit
    assert not analysis.arrays["integrated_gradients"][image == 0].any()
    assert analysis.arrays["occlusion"].any()


def test_the_course_of_a_run_ends_where_its_answers_do(store: Store) -> None:
    run_id = trained(store)
    analysis = finished(store, "snapshot-answers", {"run": run_id})
    steps = analysis.values["steps"]
    assert steps == snapshot_steps(run_id)
    answers = analysis.arrays["answers"]
    assert answers.shape == (len(steps), analysis.values["images"])
    assert analysis.values["split"] == "train"
    part = data.split(data.load_dataset("mnist"), CONFIG).train  # no validation images were kept apart
    images, labels = part.images[: analysis.values["images"]], part.labels[: analysis.values["images"]]
    for place in (0, -1):
        snapshot = weights.at(run_id, steps[place])
        digits = forward.probabilities(CONFIG, snapshot.weights, images).argmax(1)
        assert (answers[place] == digits).mean() > 0.998  # equal to rounding
    assert (answers[-1] == labels).sum() > (answers[0] == labels).sum()


@pytest.mark.parametrize("layer", [1, 2])
def test_images_that_excite_the_units_of_a_layer(store: Store, layer: int) -> None:
    run_id = trained(store)
    analysis = finished(store, "activation-maximization", {"run": run_id, "layer": layer})
    arrays = analysis.arrays
    units = CONFIG.hidden_layers[0] if layer == 1 else 10
    assert arrays["smooth"].shape == arrays["plain"].shape == (units, 28, 28)
    assert analysis.values["split"] == "train"
    assert (arrays["plain_values"] > arrays["real_values"][:, 0]).all()
    assert (arrays["plain_values"] > arrays["smooth_values"]).all()
    if layer == 2:  # a real image excites an output as much as the network's answer says
        part = data.split(data.load_dataset("mnist"), CONFIG).train
        first = part.images[arrays["real"][:, 0]]
        outputs = forward.layers(CONFIG, weights.latest(run_id).weights, first.astype(np.float32) / 255)[-1]
        assert outputs.diagonal() == pytest.approx(arrays["real_values"][:, 0], abs=1e-3)


@pytest.mark.parametrize("kind", ["noise", "shift", "rotation", "occlusion", "fgsm"])
def test_disturbed_images_are_answered_worse(store: Store, kind: str) -> None:
    first, second = trained(store), trained(store)
    analysis = finished(store, "robustness", {"runs": [first, second], "perturbation": kind})
    accuracy = analysis.arrays["accuracy"]
    assert accuracy.shape == (2, len(analysis.values["strengths"]))
    assert np.array_equal(accuracy[0], accuracy[1])  # the same seed: the same network, the same disturbance
    assert accuracy[0, 0] == pytest.approx(store.runs.get(first).result["train_accuracy"], abs=0.01)
    assert accuracy[0, -1] < accuracy[0, 0] - 0.1
    assert analysis.values["images"] == [1_000, 1_000]


def test_so_many_disturbed_images_as_there_are_and_how_far_each_run_had_come(store: Store) -> None:
    """Four validation images, no more; beside it a run that kept none."""
    few = trained(store, CONFIG.replace(train_size=1_000, validation_size=4, epochs=1))
    none = trained(store, CONFIG.replace(train_size=100, validation_size=0, epochs=1, batch_size=50))
    analysis = finished(store, "robustness", {"runs": [few, none], "perturbation": "fgsm"})
    assert analysis.values["images"] == [4, 100]
    assert analysis.values["splits"] == ["validation", "train"]
    assert (
        analysis.values["reached"]
        == analysis.values["steps"]
        == [store.runs.get(weighted).checkpoint_step for weighted in (few, none)]
    )
    dataset = data.load_dataset("mnist")
    np.testing.assert_array_equal(analysis.arrays["labels"], dataset.train_labels[-4:])
    np.testing.assert_array_equal(analysis.arrays["examples"][0], dataset.train_images[-4:])
    assert analysis.arrays["answers"].shape == (len(analysis.values["strengths"]), 4)


def test_the_network_from_scratch_goes_the_engines_way(store: Store) -> None:
    parameters = {"dataset": "mnist", "learning_rate": 0.1, "iterations": 100}
    analysis = finished(store, "scratch-comparison", parameters)
    scratch, engine = analysis.arrays["scratch"], analysis.arrays["engine"]
    assert len(scratch) == len(engine) == 100
    assert np.abs(scratch - engine).max() < 2e-6
    assert scratch[0] != scratch[-1]
    assert all(seconds > 0 for seconds in analysis.values["seconds"])


def test_updates_are_timed_at_each_batch_size(store: Store) -> None:
    parameters = {"dataset": "mnist", "hidden_layers": [8], "train_size": 2_000, "batch_sizes": [1, 100, 2_000]}
    analysis = finished(store, "batch-times", parameters)
    seconds, updates = analysis.arrays["seconds"], analysis.values["updates"]
    assert seconds.shape == (3,)
    assert len(updates) == 3
    assert (seconds > 0).all()
    # Each was timed for as long, so that one image at a time is timed more often than 2,000.
    assert min(updates) >= 1
    assert updates[0] > updates[2]
    assert seconds[2] > seconds[0]  # 2,000 times the multiplications in one update


def test_timing_can_be_cancelled_in_its_midst(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis_job, "REPORT_SECONDS", 0.0)
    shares: list[float] = []

    def cancelled(analysis_id: str, progress: float, **_token: int) -> bool:
        shares.append(progress)
        return progress < 0.5

    monkeypatch.setattr(store.analyses, "report", cancelled)
    parameters = {"dataset": "mnist", "hidden_layers": [8], "train_size": 1_000, "batch_sizes": [10, 1_000]}
    analysis = computed(store, "batch-times", parameters)
    assert analysis.state == "running"  # left as it is: the store says what became of it
    assert shares == sorted(shares)
    assert 0.5 <= shares[-1] <= 1
    assert shares[-2] < 0.5


def test_augmented_digits_in_all_strengths(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "DRAWS", 2)
    analysis = finished(store, "augmentation", {"dataset": "mnist", "seed": 3})
    originals = analysis.arrays["originals"]
    dataset = data.load_dataset("mnist")
    assert np.array_equal(originals, dataset.train_images[data.samples(dataset, per_class=1, seed=3)])
    for kind in augment.KINDS:
        changed = analysis.arrays[kind]
        assert changed.shape == (10, len(augment.STRENGTHS), 2, 28, 28)
        assert np.array_equal(changed[:, 0, 0], originals)
        off = np.abs(changed.astype(int) - originals[:, None, None]).mean((0, 2, 3, 4))
        assert off[0] == 0 < off[1] < off[3]
