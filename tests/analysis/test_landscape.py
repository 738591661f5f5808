"""The loss on a plane: directions, the path on it, and the grid against the network itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mnist_core.analysis.landscape import loss_surface
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.errors import CheckpointError
from mnist_core.networks import weights
from mnist_core.networks.checkpoint_layout import forget_snapshots, snapshot_steps
from mnist_core.networks.models import build_model
from mnist_core.training import Trainer
from mnist_core.training import snapshots as snapshot_files
from mnist_core.training.batches import BatchLoader
from mnist_core.training.evaluation import loss_of

SMALL = RunConfig(train_size=500, validation_size=0, hidden_layers=(12, 9), batch_size=50, epochs=4, learning_rate=0.1)
KINDS: dict[str, dict[str, Any]] = {
    "mlp": {},
    "no hidden layer": {"hidden_layers": ()},
    "squared error, tanh": {"loss": "squared-error", "activation": "tanh"},
    "dropout": {"dropout": 0.5},
    "batch normalization": {"batch_norm": True},
    "cnn": {"model": "cnn", "filters": (3,), "hidden_layers": (8,), "train_size": 200},
}


def snapshots(config: RunConfig, dataset: Dataset, count: int = 5) -> list[tuple[int, Any]]:
    trainer = Trainer(config, dataset, threads=1)
    steps_and_weights = []
    for _number in range(count):
        steps_and_weights.append(
            (trainer.step, {k: v.detach().numpy().copy() for k, v in trainer.model.state_dict().items()})
        )
        trainer.advance(steps=3)
    return steps_and_weights


@pytest.mark.parametrize("kind", KINDS)
def test_the_grid_is_the_loss_of_the_network_with_these_weights(kind: str, tiny: Dataset) -> None:
    config = SMALL.replace(**KINDS[kind])
    plane = loss_surface.path_plane(snapshots(config, tiny))
    assert plane is not None
    surface = loss_surface.landscape(config, tiny, plane, side=4, images=70, threads=1)
    assert surface.losses.shape == (4, 4)
    inputs, labels = BatchLoader(config, tiny.train_images[:70], tiny.train_labels[:70]).rows(slice(0, 70))
    model = build_model(config).eval()
    for row, column in ((0, 0), (1, 3), (3, 2)):
        weights = dict(plane.origin)
        for name in plane.first:
            moved = surface.xs[column] * plane.first[name] + surface.ys[row] * plane.second[name]
            weights[name] = (plane.origin[name] + moved).astype(np.float32)
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
        with torch.inference_mode():
            expected = loss_of(config, model(inputs), labels).item()
        assert surface.losses[row, column] == pytest.approx(expected, rel=1e-4)


def plain(*rows: tuple[float, ...]) -> list[tuple[int, Any]]:
    """Snapshots of a network whose weights are these."""
    return [(10 * number, {"0.weight": np.array([row], np.float32)}) for number, row in enumerate(rows)]


def test_the_path_in_a_plane_is_shown_as_it_is() -> None:
    places = [(4.0, 0.0, 1.0), (2.0, 1.0, 1.0), (1.0, 0.5, 1.0), (0.0, 0.0, 1.0)]
    plane = loss_surface.path_plane(plain(*places))
    assert plane is not None
    assert sum(plane.explained) == pytest.approx(1)
    assert plane.explained[0] > 0.9
    away = np.array(places) - np.array(places[-1])
    np.testing.assert_allclose(np.linalg.norm(plane.path, axis=1), np.linalg.norm(away, axis=1), atol=1e-6)
    np.testing.assert_allclose(plane.path[-1], 0, atol=1e-9)
    assert plane.path[0, 0] < 0  # it begins on the left
    assert plane.xs[0] < plane.path[:, 0].min()
    assert plane.ys[1] > plane.path[:, 1].max()
    first, second = (
        np.concatenate([w.ravel() for w in direction.values()]) for direction in (plane.first, plane.second)
    )
    assert first @ second == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(first) == pytest.approx(1)


@pytest.mark.parametrize("rows", [[(1.0, 0.0), (0.0, 0.0)], [(2.0, 0.0), (1.0, 0.0), (0.0, 0.0)], [(1.0, 1.0)] * 4])
def test_a_path_that_spans_no_plane(rows: list[tuple[float, ...]]) -> None:
    assert loss_surface.path_plane(plain(*rows)) is None


def test_random_directions_are_as_long_as_each_units_weights(tiny: Dataset) -> None:
    (_step, weights) = snapshots(SMALL.replace(model="cnn", filters=(4,)), tiny, 1)[0]
    plane = loss_surface.random_plane(weights, 7)
    again, another = loss_surface.random_plane(weights, 7), loss_surface.random_plane(weights, 7, seed=1)
    for name, value in weights.items():
        for direction in (plane.first, plane.second):
            if value.ndim == 1:
                assert not direction[name].any()  # biases stay
            else:
                lengths = [np.linalg.norm(part) for part in direction[name]]
                np.testing.assert_allclose(lengths, [np.linalg.norm(part) for part in value], rtol=1e-5)
        np.testing.assert_array_equal(plane.first[name], again.first[name])
    assert not np.array_equal(plane.first["0.weight"], another.first["0.weight"])
    assert not np.array_equal(plane.first["0.weight"], plane.second["0.weight"])


def test_infinite_losses_stay_and_progress_can_end_it(tiny: Dataset) -> None:
    (_step, weights) = snapshots(SMALL, tiny, 1)[0]
    huge = {name: value * np.float32(1e30) for name, value in weights.items()}
    surface = loss_surface.landscape(SMALL, tiny, loss_surface.random_plane(huge, 0), side=3, images=20, threads=1)
    assert not np.isfinite(surface.losses).all()

    def interrupt(_share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        loss_surface.landscape(
            SMALL, tiny, loss_surface.random_plane(weights, 0), side=3, images=20, progress=interrupt
        )


def test_a_large_network_gets_fewer_points_and_images() -> None:
    assert loss_surface.affordable(RunConfig(hidden_layers=(50,))) == (31, 1_000)
    side, images = loss_surface.affordable(RunConfig(model="cnn", filters=(32, 64)))
    assert side < 31
    assert images < 1_000


def test_the_snapshots_of_a_run(home: Any, tiny: Dataset) -> None:
    planned = snapshot_files.planned_steps(SMALL)
    assert planned[0] == 0
    assert planned[-1] == SMALL.total_steps
    assert len(planned) <= snapshot_files.MOST
    assert snapshot_files.planned_steps(SMALL.replace(hidden_layers=(2_048, 2_048))) == ()
    trainer = Trainer(SMALL, tiny, threads=1)
    snapshot_files.save(trainer.state, "run")
    before = {name: value.detach().numpy().copy() for name, value in trainer.model.state_dict().items()}
    trainer.advance(steps=12)
    snapshot_files.save(trainer.state, "run")
    assert snapshot_steps("run") == [0, 12]
    for name, value in weights.at("run", 0).weights.items():
        np.testing.assert_array_equal(value, before[name])
    with pytest.raises(CheckpointError):
        weights.at("run", 5)
    forget_snapshots("run", 12)
    assert snapshot_steps("run") == [0, 12]
    forget_snapshots("run", 11)
    assert snapshot_steps("run") == [0]
    forget_snapshots("run")
    assert snapshot_steps("run") == []
