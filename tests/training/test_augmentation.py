"""Augmentation while training: what each choice does to an image, and that a run with it is as repeatable as any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mnist_core import ConfigError, RunConfig, Trainer, stacks, train
from mnist_core.data import Dataset
from mnist_core.data.augment import SHIFT
from mnist_core.training import batches, train_together
from mnist_core.training.augmentation import augmented, transforms, transforms_of_updates
from tests.training.test_going_on import Course, taken_up
from tests.training.test_trainer import small

IMAGES = 200
NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden_layers": (12,)},
    "cnn": {"model": "cnn", "filters": (3,), "kernel_size": 3, "hidden_layers": ()},
    "batch norm": {"hidden_layers": (12,), "batch_norm": True},
}


def changed(kind: str, images: np.ndarray, step: int = 0, **more: Any) -> np.ndarray:
    """The images (n×28×28) as one batch of update `step`."""
    changes = transforms(small(augmentation=kind, **more), step, range(len(images)))
    assert changes is not None
    pixels = torch.from_numpy(images.reshape(-1, 784).astype(np.float32))
    return augmented(kind, pixels, changes).view(-1, 28, 28).numpy()  # type: ignore[arg-type]


def blob(rows: slice, columns: slice) -> np.ndarray:
    """As many images with a random rectangle of ink."""
    images = np.zeros((IMAGES, 28, 28), np.uint8)
    images[:, rows, columns] = np.random.default_rng(0).integers(1, 256, images[0, rows, columns].shape)
    return images


def test_a_shift_moves_an_image_by_whole_pixels_and_0_comes_in() -> None:
    images = blob(slice(28), slice(28))
    found = set()
    for before, after in zip(images, changed("shift", images), strict=True):
        framed = np.pad(before, SHIFT)
        shifts = [
            (down, right)
            for down in range(-SHIFT, SHIFT + 1)
            for right in range(-SHIFT, SHIFT + 1)
            if np.array_equal(framed[SHIFT - down :, SHIFT - right :][:28, :28], after)
        ]
        assert len(shifts) == 1
        found.add(shifts[0])
    assert len(found) == (2 * SHIFT + 1) ** 2  # all are drawn


def moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(angle in degrees, length as a standard deviation in pixels) of the ink of each image."""
    places = np.arange(28) - 13.5
    angles, lengths = [], []
    for image in images:
        ink = image / image.sum()
        x, y = (ink.sum(0) * places).sum(), (ink.sum(1) * places).sum()
        xx, yy = (ink.sum(0) * (places - x) ** 2).sum(), (ink.sum(1) * (places - y) ** 2).sum()
        xy = (ink * np.outer(places - y, places - x)).sum()
        angles.append(np.degrees(np.arctan2(2 * xy, xx - yy)) / 2)
        lengths.append(np.sqrt((xx + yy + np.hypot(xx - yy, 2 * xy)) / 2))
    return np.array(angles), np.array(lengths)


def test_affine_rotates_and_scales_within_its_bounds() -> None:
    images = np.zeros((IMAGES, 28, 28), np.uint8)
    images[:, 12:16, 6:22] = 255
    angles, lengths = moments(changed("affine", images))
    (_angle,), (length,) = moments(images[:1])
    assert 14 < np.abs(angles).max() < 15.5
    assert abs(angles.mean()) < 2
    assert 0.84 < (lengths / length).min() < 0.88
    assert 1.12 < (lengths / length).max() < 1.17
    only_shifted, same_length = moments(changed("shift", images))
    np.testing.assert_allclose(only_shifted, 0, atol=1e-4)
    np.testing.assert_allclose(same_length, length, rtol=1e-4)


@pytest.mark.parametrize("kind", ["shift", "affine"])
def test_changes_hang_on_seed_and_step_and_place_alone(kind: str) -> None:
    config = small(augmentation=kind)
    first = transforms(config, 3, range(20))
    assert first is not None
    assert torch.equal(first, transforms(config, 3, range(20)))  # type: ignore[arg-type]
    assert torch.equal(first[7:12], transforms(config, 3, range(7, 12)))  # type: ignore[arg-type]
    for other in (transforms(config, 4, range(20)), transforms(config.replace(seed=9), 3, range(20))):
        assert not torch.equal(first, other)  # type: ignore[arg-type]
    assert torch.equal(first, transforms(config.replace(seed=9, batch_seed=config.seed), 3, range(20)))  # type: ignore[arg-type]
    assert len(first.unique(dim=0)) > 5
    of_updates = transforms_of_updates(config, range(2, 5), range(20))
    assert torch.equal(first, of_updates[1])  # type: ignore[index]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kind", ["shift", "affine"])
def test_a_run_that_was_disturbed_is_the_undisturbed_one(
    kind: str, network: str, tiny: Dataset, tmp_path: Path
) -> None:
    config = small(augmentation=kind, train_size=60, batch_size=20, epochs=3, **NETWORKS[network])
    whole, course, plain = (
        Course(Trainer(config.replace(augmentation=how), tiny, threads=1)) for how in (kind, kind, "off")
    )
    whole.advance()
    for _step in range(4):
        course.advance(1)
        taken_up(course, tmp_path / "run", tiny)
    course.advance()
    assert course == whole
    plain.advance()
    first, other = (run.records["steps"][0]["loss"] for run in (whole, plain))
    assert not np.array_equal(first, other)


def test_only_training_images_are_changed(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every evaluation sees images as they are: of a network that does not move, it says what it says without augmentation."""
    seen: list[int] = []

    def counted(kind: Any, pixels: torch.Tensor, changes: torch.Tensor) -> torch.Tensor:
        seen.append(len(pixels))
        return augmented(kind, pixels, changes)

    monkeypatch.setattr(batches, "augmented", counted)
    still = {"learning_rate": 1e-6, "train_size": 60, "batch_size": 20, "epochs": 2}
    for network in ("mlp", "cnn"):
        seen.clear()
        runs = [train(small(augmentation=kind, **still, **NETWORKS[network]), tiny) for kind in ("off", "affine")]
        assert seen == [20] * 6  # one batch in each update, nothing else
        for name in ("train_loss", "validation_loss", "test_loss"):
            np.testing.assert_allclose(runs[0].evaluations[name], runs[1].evaluations[name], rtol=1e-4)
        assert not np.allclose(runs[0].steps["loss"], runs[1].steps["loss"], rtol=1e-3)


def test_a_stack_sees_the_same_changes_as_each_run_alone(tiny: Dataset) -> None:
    configs = [small(augmentation="affine", learning_rate=rate) for rate in (0.02, 0.01)]
    assert stacks.key(configs[0]) == stacks.key(configs[1]) != stacks.key(configs[0].replace(augmentation="shift"))
    together = [Trainer(config, tiny) for config in configs]
    train_together(together).advance()
    for trainer, config in zip(together, configs, strict=True):
        np.testing.assert_allclose(trainer.take_records().steps["loss"], train(config, tiny).steps["loss"], rtol=2e-3)


def test_off_is_what_older_settings_mean() -> None:
    old = RunConfig(augmentation="shift").to_dict()
    del old["augmentation"]
    assert RunConfig.from_dict(old).augmentation == "off"
    assert transforms(RunConfig(), 0, range(5)) is None
    with pytest.raises(ConfigError, match="augmentation must be one of off, shift, affine, not 'flip'"):
        RunConfig(augmentation="flip")  # type: ignore[arg-type]
