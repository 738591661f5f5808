"""What a worker does with a study that it was given. Knows the store and the computations, neither Dask nor pages.

A study is claimed, computed with its progress told a few times a second, and its result kept. Every report is also a
question: where the student has cancelled or deleted the study, the worker lets go of it.

Parameters of a landscape: `run` (its id) and `plane` (path or random). Its result: `plane`, the kind that was drawn (random
where the run left no path), `explained` (path only), `images`, `step` (of the plane's
origin), `reached` (the step of the run's last weights, which may be no numbers), and the arrays `xs`, `ys`,
`losses`, `path` and `steps` (training.landscape).

Parameters of answers: `run` and `part` (validation or test). Their result: `step` (of the weights that answered, the last
that are numbers), `reached` as above, and the array `shares`, n×10, float16: what each image of the part is answered.

Parameters of attention: `run`, `image` (784 pixels, 0 to 255, row by row). Its result: `step` and `reached` as above,
`digit` (the answer), and the arrays `gradient`, `integrated`, `occlusion`, 28×28 each (training.looking).

Parameters of course: `run`. Its result: `steps` (of the snapshots), `images`, `reached`, and the array `counts`, a
confusion matrix of validation images for each snapshot.

Parameters of disturbed: `runs` (ids; the first is the one looked at), `kind` (training.disturb). Its result: `strengths`,
`images`, `reached`, and the arrays `accuracy` (runs × strengths, NaN where a run's weights are none), `examples`
(strengths × 8 × 28 × 28, as the first run got them), `answers` and `labels` of these.

Parameters of batch-times: `dataset`, `hidden_layers` (units of each), `images` (to train on) and `sizes` (of batches). Its
result: `updates` (how many were timed at each size), `cores`, and the array `seconds` of one update at each size, on average.

Parameters of scratch: `dataset`, `rate`, `iterations` (hundreds, up to 1,000). Its result: `seconds` (of the network
from scratch, of the engine), and the arrays `scratch` and `engine`, the loss at each iteration.

Parameters of augmented: `dataset`, `seed`. Its result: the array `originals` (10×28×28, one image of each digit), and for
each kind of data.augment an array of its name, digits × strengths × draws × 28 × 28; all uint8.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core import data, weights
from mnist_core.config import RunConfig
from mnist_core.errors import CheckpointError, MnistLabError, TrainingError
from mnist_core.estimate import useful_threads
from mnist_core.jobs.run_job import patiently, worker_store
from mnist_core.messages import N_
from mnist_core.models import describe
from mnist_core.presets import preset
from mnist_core.records import Run, Study, StudyKind
from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.worker")
REPORT_SECONDS = 0.2
MOST_IMAGES, LEAST_IMAGES = 2_000, 200  # for each snapshot of a run's course
AFFORDABLE = 2e10  # multiplications for a course: some seconds
DISTURBED, EXAMPLES = 1_000, 8  # images that are disturbed, and those of them that are shown
Found = tuple[Mapping[str, Any], Mapping[str, NDArray[Any]]]  # values and arrays


class _NoLongerWantedError(Exception):
    """The study was cancelled or deleted."""


class _Reporter:
    """Called with the share that is done, as often as one likes. Raises _NoLongerWantedError."""

    def __init__(self, store: Store, study_id: str) -> None:
        self._report = partial(store.report_study, study_id)
        self._last = 0.0

    def __call__(self, share: float) -> None:
        if time.monotonic() - self._last < REPORT_SECONDS:
            return
        self._last = time.monotonic()
        if not patiently(partial(self._report, share)):
            raise _NoLongerWantedError


def execute(study_id: str, url: str, cores: int) -> None:
    """Compute the study, unless it waits no longer; `cores` that it may use."""
    store = worker_store(url)
    study = patiently(partial(store.claim_study, study_id))
    if study is None:
        return
    try:
        values, arrays = _KINDS[study.kind](store, study, cores, _Reporter(store, study_id))
    except _NoLongerWantedError:
        return
    except MnistLabError as error:
        why = error.message
        patiently(lambda: store.fail_study(study_id, why))
        return
    patiently(lambda: store.finish_study(study_id, values, arrays))


def _landscape(store: Store, study: Study, cores: int, tell: Callable[[float], None]) -> Found:
    from mnist_core.training import landscape

    run = store.get(str(study.parameters["run"]))
    snapshots = _finite(run)
    plane = landscape.path_plane(snapshots) if study.parameters["plane"] == "path" else None
    if plane is None:
        step, weights = snapshots[-1]
        plane = landscape.random_plane(weights, step)
    dataset = data.load_dataset(run.config.dataset)
    found = landscape.landscape(run.config, dataset, plane, threads=cores, progress=tell)
    values = {
        "plane": plane.kind,
        "explained": list(plane.explained) if plane.kind == "path" else None,
        "images": found.images,
        "step": int(plane.steps[-1]),
        "reached": run.checkpoint_step,
    }
    arrays = {"xs": found.xs, "ys": found.ys, "losses": found.losses, "path": plane.path, "steps": plane.steps}
    return values, arrays


def _answers(store: Store, study: Study, cores: int, tell: Callable[[float], None]) -> Found:
    from mnist_core.training import looking

    run = store.get(str(study.parameters["run"]))
    step, last = _finite(run)[-1]
    parts = data.split(data.load_dataset(run.config.dataset), run.config)
    part = parts.test if study.parameters["part"] == "test" else parts.validation
    shares = looking.answers(run.config, last, part.images, threads=cores, progress=tell)
    return {"step": step, "reached": run.checkpoint_step}, {"shares": shares.astype(np.float16)}


def _attention(store: Store, study: Study, cores: int, tell: Callable[[float], None]) -> Found:
    import torch

    from mnist_core.training import looking

    torch.set_num_threads(cores)
    run = store.get(str(study.parameters["run"]))
    step, last = _finite(run)[-1]
    image = np.array(study.parameters["image"], np.uint8).reshape(28, 28)
    digit = int(looking.answers(run.config, last, image[None])[0].argmax())
    model, ink = looking.network(run.config, last), image.astype(np.float32) / np.float32(255)
    ways = {
        "gradient": looking.gradient,
        "integrated": looking.integrated_gradients,
        "occlusion": looking.occlusion,
    }
    arrays = {}
    for done, (name, way) in enumerate(ways.items()):
        tell(done / len(ways))
        arrays[name] = way(run.config, model, ink, digit)
    return {"step": step, "reached": run.checkpoint_step, "digit": digit}, arrays


def _course(store: Store, study: Study, cores: int, tell: Callable[[float], None]) -> Found:
    from mnist_core.diagnostics import mistakes
    from mnist_core.training import looking

    run = store.get(str(study.parameters["run"]))
    snapshots = _finite(run)
    parts = data.split(data.load_dataset(run.config.dataset), run.config)
    part = parts.validation if len(parts.validation) else parts.train
    count = max(LEAST_IMAGES, min(MOST_IMAGES, int(AFFORDABLE / len(snapshots) / describe(run.config).multiplications)))
    images, labels = part.images[:count], part.labels[:count]
    counts = []
    for done, (_step, named) in enumerate(snapshots):
        tell(done / len(snapshots))
        counts.append(mistakes.confusion(labels, looking.answers(run.config, named, images, threads=cores)))
    values = {"steps": [step for step, _named in snapshots], "images": len(labels), "reached": run.checkpoint_step}
    return values, {"counts": np.stack(counts).astype(np.int32)}


def _disturbed(store: Store, study: Study, cores: int, tell: Callable[[float], None]) -> Found:
    import torch

    from mnist_core.training import disturb, looking

    torch.set_num_threads(cores)
    runs = [store.get(str(run_id)) for run_id in study.parameters["runs"]]
    kind = study.parameters["kind"]
    strengths = disturb.STRENGTHS[kind]
    accuracy = np.full((len(runs), len(strengths)), np.nan, np.float32)
    examples = np.zeros((len(strengths), EXAMPLES, 28, 28), np.uint8)
    answers = np.zeros((len(strengths), EXAMPLES), np.uint8)
    first = np.zeros(EXAMPLES, np.uint8)
    for number, run in enumerate(runs):
        try:
            _step, named = _finite(run)[-1]
        except TrainingError:
            if not number:
                raise
            continue
        model = looking.network(run.config, named)
        parts = data.split(data.load_dataset(run.config.dataset), run.config)
        part = parts.validation if len(parts.validation) else parts.train
        labels = part.labels[:DISTURBED]
        ink = part.images[:DISTURBED].astype(np.float32) / np.float32(255)
        for place, strength in enumerate(strengths):
            tell((number + place / len(strengths)) / len(runs))
            if kind == "fgsm":
                shown = disturb.fgsm(run.config, model, ink, labels, strength)
            else:
                shown = disturb.disturbed(ink, kind, strength)
            found = disturb.answered(run.config, model, shown)
            accuracy[number, place] = (found == labels).mean()
            if not number:
                examples[place] = (shown[:EXAMPLES] * 255).round()
                answers[place], first = found[:EXAMPLES], labels[:EXAMPLES]
    values = {"strengths": list(strengths), "images": DISTURBED, "reached": runs[0].checkpoint_step}
    return values, {"accuracy": accuracy, "examples": examples, "answers": answers, "labels": first}


def _batch_times(store: Store, study: Study, cores: int, tell: Callable[[float], None]) -> Found:
    from mnist_core.training import speed

    asked = study.parameters
    config = RunConfig(
        dataset=asked["dataset"],
        hidden_layers=tuple(asked["hidden_layers"]),
        train_size=asked["images"],
        validation_size=0,
        epochs=1_000,
    )
    times = speed.batch_times(
        config,
        data.load_dataset(config.dataset),
        asked["sizes"],
        threads=lambda sized: useful_threads(sized, cores),
        progress=tell,
    )
    seconds, updates = zip(*times, strict=True)
    return {"updates": list(updates), "cores": cores}, {"seconds": np.array(seconds)}


def _scratch(_store: Store, study: Study, cores: int, tell: Callable[[float], None]) -> Found:
    from mnist_core.training.beside import beside

    asked = study.parameters
    config = preset("two-layer-net").config.replace(
        dataset=asked["dataset"], learning_rate=asked["rate"], epochs=int(asked["iterations"]) // 100
    )
    found = beside(config, data.load_dataset(config.dataset), threads=cores, progress=tell)
    values = {"seconds": [found.scratch_seconds, found.engine_seconds]}
    return values, {"scratch": found.scratch, "engine": found.engine}


def _augmented(store: Store, study: Study, cores: int, tell: Callable[[float], None]) -> Found:
    import torch

    from mnist_core.data import augment

    torch.set_num_threads(cores)
    seed = int(study.parameters["seed"])
    dataset = data.load_dataset(study.parameters["dataset"])
    originals = np.asarray(dataset.train_images[data.samples(dataset, per_digit=1, seed=seed)])
    arrays: dict[str, NDArray[Any]] = {"originals": originals}
    for number, kind in enumerate(augment.KINDS):
        found = np.empty((10, len(augment.STRENGTHS), augment.DRAWS, 28, 28), np.uint8)
        for digit, image in enumerate(originals):
            tell((number + digit / 10) / len(augment.KINDS))
            for place, strength in enumerate(augment.STRENGTHS):
                # The same seed at every strength: the same change, farther.
                found[digit, place] = augment.augmented(image, kind, strength, draws=augment.DRAWS, seed=seed)
        arrays[kind] = found
    return {}, arrays


def _finite(run: Run) -> list[tuple[int, Any]]:
    """The snapshots all of whose weights are numbers, at least one. Raises TrainingError."""
    found = [
        (step, named) for step, named in _snapshots(run) if all(np.isfinite(value).all() for value in named.values())
    ]
    if not found:
        raise TrainingError(
            N_("Of this run no weights that are numbers are on disk. Let it train for some seconds, or choose another.")
        )
    return found


def _snapshots(run: Run) -> list[tuple[int, Any]]:
    """(step, weights) on the way of a run, and where it is now, as far as they are on disk."""
    from mnist_core.training import trail

    found: list[tuple[int, Any]] = []
    for step in trail.steps(run.id):
        if step > run.progress.step:
            continue  # of before it was reset
        try:
            found.append((step, trail.weights(run.id, step)))
        except OSError as error:
            LOG.warning("%s", error)
    last = run.checkpoint_step
    if last is not None and (not found or last > found[-1][0]):
        try:
            found.append((last, weights.latest(run.id).weights))
        except CheckpointError as error:
            LOG.warning("%s", error)
    return found


_KINDS: Mapping[StudyKind, Callable[[Store, Study, int, Callable[[float], None]], Found]] = {
    "landscape": _landscape,
    "answers": _answers,
    "attention": _attention,
    "course": _course,
    "disturbed": _disturbed,
    "augmented": _augmented,
    "batch-times": _batch_times,
    "scratch": _scratch,
}
