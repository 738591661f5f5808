"""Whatever goes through a network goes in pieces of bounded size, hears a request to stop between them, and comes to the
same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mnist_core import RunConfig, Trainer, build_model
from mnist_core.analysis import inference
from mnist_core.analysis.activation_maximization import ascent
from mnist_core.analysis.attribution import maps
from mnist_core.analysis.landscape import loss_surface
from mnist_core.analysis.robustness import perturbations
from mnist_core.data import Dataset
from mnist_core.training import chunks, speed
from mnist_core.training.batches import BatchLoader
from mnist_core.training.chunks import Progress, chunk_size, even_size, pieces
from mnist_core.training.dense_step import DenseStep
from mnist_core.training.layer_probe import Probed, probe_layers
from mnist_core.training.sharpness import sharpness
from tests.training.test_layers import loader
from tests.training.test_trainer import small

NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden_layers": (30, 20)},
    "norm": {"hidden_layers": (30, 20), "batch_norm": True},
    "cnn": {"model": "cnn", "filters": (3, 4), "kernel_size": 3, "hidden_layers": (8,)},
}
SOON = 20  # images of a piece, in these tests
SHORT: dict[str, Any] = {"train_size": 100, "validation_size": 30, "batch_size": 60, "epochs": 1, "sharpness": True}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """For matrices as small as these, a second thread is waited for longer than it works."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def cut(config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of `SOON` images from now on, and few of them for the sharpness."""
    monkeypatch.setattr("mnist_core.training.sharpness.PRODUCTS", 3)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", (SOON + 0.5) / (chunk_size(config) + 0.5) * chunks.CHUNK_BYTES)
    assert chunk_size(config) == SOON


@pytest.mark.parametrize("network", NETWORKS)
def test_no_more_than_a_chunk_goes_through_at_once(
    network: str, tiny: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small(**SHORT, **NETWORKS[network])
    cut(config, monkeypatch)
    sizes: list[int] = []

    def watched(name: str) -> None:
        real = getattr(BatchLoader, name)

        def seen(self: BatchLoader, *arguments: Any) -> Any:
            found = real(self, *arguments)
            sizes.append(len(found[1] if name == "rows" else arguments[0]))
            return found

        monkeypatch.setattr(BatchLoader, name, seen)

    watched("rows")
    watched("fill")
    trainer = Trainer(config, tiny)
    trainer.advance()
    trainer.result_on_all_images()
    assert trainer.finished
    assert max(sizes) <= SOON


@pytest.mark.parametrize("network", NETWORKS)
def test_pieces_come_to_the_numbers_of_the_whole(network: str, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    config = small(**SHORT, **NETWORKS[network])
    monkeypatch.setattr("mnist_core.training.sharpness.PRODUCTS", 3)
    whole = Trainer(config, tiny).advance()
    cut(config, monkeypatch)
    found = Trainer(config, tiny).advance()
    for records in ("steps", "evaluations", "layers", "sharpness"):
        mine, other = getattr(found, records), getattr(whole, records)
        for name in mine.dtype.names:
            if name == "seconds":
                continue
            tolerance = 6 if name in ("activations", "gradients") else 0  # in 255ths: a value at the edge of a bin
            np.testing.assert_allclose(mine[name], other[name], rtol=2e-3, atol=tolerance or 1e-4, err_msg=name)


@pytest.mark.parametrize("network", NETWORKS)
def test_an_evaluation_stopped_anywhere_changes_nothing(
    network: str, tiny: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small(**SHORT, **NETWORKS[network])
    cut(config, monkeypatch)
    whole, often = Trainer(config, tiny), Trainer(config, tiny)
    expected = whole.advance()
    parts, tries = [], 0
    while not often.finished:
        tries += 7  # another place each time
        asked = iter(range(tries))
        parts.append(often.advance(lambda asked=asked: next(asked, None) is None))  # type: ignore[misc]
        assert tries < 2_000
    assert tries > 7 * 4
    for records in ("steps", "evaluations", "layers", "sharpness"):
        made = np.concatenate([getattr(part, records) for part in parts])
        for name in made.dtype.names or ():
            if name != "seconds":
                np.testing.assert_array_equal(made[name], getattr(expected, records)[name])


ANALYSES: dict[str, Callable[[RunConfig, nn.Sequential, Dataset, Progress], Any]] = {
    "answers": lambda c, m, d, told: inference.probabilities(c, weights_of(m), d.test_images[:50], progress=told),
    "integrated": lambda c, m, d, told: maps.integrated_gradients(c, m, ink(d)[0], 3, told),
    "occlusion": lambda c, m, d, told: maps.occlusion(c, m, ink(d)[0], 3, told),
    "fgsm": lambda c, m, d, told: perturbations.fgsm(c, m, ink(d)[:50], d.test_labels[:50], 0.1, told),
    "answered": lambda c, m, d, told: perturbations.predicted(c, m, ink(d)[:50], told),
    "strongest": lambda c, m, d, told: ascent.strongest(c, m, 1, [0, 1], d.test_images[:50], 4, told),
    "exciting": lambda c, m, d, told: ascent.maximizing_images(c, m, 1, [0, 1, 2] * 10, ink(d)[0], progress=told),
    "of each": lambda c, m, d, told: ascent.unit_excitations(c, m, 1, [0, 1, 2] * 10, d.test_images[:30]),
    "landscape": lambda c, m, d, told: (
        loss_surface.landscape(
            c, d, loss_surface.random_plane(weights_of(m), 0), side=3, images=50, progress=told
        ).losses
    ),
    "batch times": lambda c, m, d, told: len(
        speed.batch_times(c, d, [50], seconds=1e-9, threads=lambda _config: 1, progress=told)
    ),
}


def ink(dataset: Dataset) -> np.ndarray:
    return dataset.test_images.astype(np.float32) / np.float32(255)


def weights_of(model: nn.Sequential) -> dict[str, np.ndarray]:
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("analysis", ANALYSES)
def test_an_analysis_goes_in_pieces_too_and_tells_after_each(
    analysis: str, tiny: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small(**NETWORKS["cnn"])
    model = build_model(config).eval()
    monkeypatch.setattr(ascent, "STEPS", 2)
    sizes: list[int] = []
    shares: list[float] = []
    convolve = nn.Conv2d.forward

    def seen(self: nn.Conv2d, signal: torch.Tensor) -> torch.Tensor:
        sizes.append(len(signal))
        return convolve(self, signal)

    monkeypatch.setattr(nn.Conv2d, "forward", seen)
    whole = ANALYSES[analysis](config, model, tiny, shares.append)
    before, told = max(sizes), len(shares)
    sizes.clear()
    shares.clear()
    cut(config, monkeypatch)
    found = ANALYSES[analysis](config, model, tiny, shares.append)
    assert max(sizes) <= SOON < before
    assert len(shares) > told or analysis == "of each"
    assert shares == sorted(shares)
    np.testing.assert_allclose(
        np.asarray(found[0] if analysis == "strongest" else found),
        np.asarray(whole[0] if analysis == "strongest" else whole),
        rtol=1e-4,
        atol=1e-4,
    )


def test_looking_inside_hears_stop(tiny: Dataset) -> None:
    config = small()
    model = build_model(config)
    fed = loader(config, tiny)
    assert probe_layers(DenseStep([config], [model], fed), [Probed(config, model)], fed, 50, lambda: True) is None
    assert sharpness(config, model, loader(config, tiny), stop=lambda: True) is None
    assert model.training


def test_the_size_of_a_piece() -> None:
    heavy = RunConfig(model="cnn", filters=(256,) * 4, kernel_size=11, pooling="none")
    assert chunk_size(heavy) == 1
    usual = RunConfig(model="cnn")
    assert chunk_size(usual, 1 / 2) == pytest.approx(chunk_size(usual) / 2, abs=1)
    assert [(rows.start, rows.stop) for rows in pieces(7, 3)] == [(0, 3), (3, 6), (6, 7)]
    assert list(pieces(0, 3)) == []


@pytest.mark.parametrize(
    ("images", "size", "lengths"),
    [
        (100, 3_000, [100]),
        (101, 3_000, [101]),
        (1_000, 400, [336, 336, 328]),  # each a multiple of four
        (600, 67, [67] * 8 + [64]),  # no multiple of four is enough for so few pieces
        (10, 4, [4, 4, 2]),
        (5, 1, [1] * 5),
    ],
)
def test_a_batch_is_cut_into_as_few_and_about_equal_pieces(images: int, size: int, lengths: list[int]) -> None:
    assert [piece.stop - piece.start for piece in pieces(images, even_size(images, size))] == lengths
