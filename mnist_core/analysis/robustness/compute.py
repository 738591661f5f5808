"""Computes how perturbed images are answered by several runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mnist_core.analysis import inference
from mnist_core.analysis.context import Context, part_of
from mnist_core.analysis.robustness import perturbations
from mnist_core.analysis.robustness.schema import STRENGTHS, Parameters, Perturbation, Result
from mnist_core.analysis.run_weights import images_to_analyze, last_weights
from mnist_core.config import RunConfig
from mnist_core.errors import TrainingError
from mnist_core.records import Run, Split
from mnist_core.training.chunks import Progress

IMAGES, EXAMPLES = 1_000, 8  # images that are perturbed, and those of them that are shown


@dataclass(frozen=True, eq=False)
class _Network:
    """A run's network, and the images that it is asked about."""

    config: RunConfig
    model: torch.nn.Sequential
    step: int
    split: Split
    ink: NDArray[np.float32]
    labels: NDArray[np.uint8]


def compute(context: Context, parameters: Parameters, progress: Progress) -> Result:
    """Accuracies of all runs with finite output; raises TrainingError where the first has none."""
    runs = [context.run(run_id) for run_id in parameters.runs]
    strengths = STRENGTHS[parameters.perturbation]
    networks = [_network(runs[0]), *(_network_if_any(run) for run in runs[1:])]
    accuracy = np.full((len(runs), len(strengths)), np.nan, np.float32)
    examples: dict[str, Any] = {}
    for number, network in enumerate(networks):
        if network is not None:
            of_run = part_of(progress, number, len(runs))
            images, answers = _answers(network, parameters.perturbation, of_run)
            accuracy[number] = (answers == network.labels).mean(1)
            examples = examples or {"examples": images, "answers": answers[:, :EXAMPLES].astype(np.uint8)}
    first = networks[0]
    assert first is not None
    return Result(
        strengths=strengths,
        images=tuple(0 if network is None else len(network.labels) for network in networks),
        splits=tuple("" if network is None else network.split for network in networks),
        steps=tuple(None if network is None else network.step for network in networks),
        reached=tuple(run.checkpoint_step for run in runs),
        accuracy=accuracy,
        labels=first.labels[:EXAMPLES],
        **examples,
    )


def _network_if_any(run: Run) -> _Network | None:
    try:
        return _network(run)
    except TrainingError:
        return None


def _network(run: Run) -> _Network:
    """Raises TrainingError where the run has no weights with finite output."""
    step, weights = last_weights(run)
    split, part = images_to_analyze(run)
    # However many images runs keep, the last for validation and the first to train on are the same.
    chosen = slice(-IMAGES, None) if split == "validation" else slice(IMAGES)
    ink = part.images[chosen].astype(np.float32) / np.float32(255)
    return _Network(run.config, inference.network(run.config, weights), step, split, ink, part.labels[chosen])


def _answers(
    network: _Network, perturbation: Perturbation, progress: Progress
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Some images at each strength (strengths × EXAMPLES × 28 × 28), and the answers to all (strengths × images)."""
    images, answers = [], []
    strengths = STRENGTHS[perturbation]
    for place, strength in enumerate(strengths):
        perturbing, answering = (part_of(progress, 2 * place + half, 2 * len(strengths)) for half in (0, 1))
        if perturbation == "fgsm":
            ink = perturbations.fgsm(network.config, network.model, network.ink, network.labels, strength, perturbing)
        else:
            ink = perturbations.perturbed(network.ink, perturbation, strength)
        answers.append(perturbations.predicted(network.config, network.model, ink, answering))
        images.append((ink[:EXAMPLES] * 255).round().astype(np.uint8))
    return np.stack(images), np.stack(answers)
