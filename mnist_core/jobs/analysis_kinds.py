"""The kinds of analyses: what a worker computes for each, from its parameters to values and arrays.

A new kind is a name in `records.AnalysisKind` and a function here. `tell` is called with the share that is done; it may end
the work. Knows neither Dask nor pages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core import data
from mnist_core.config import RunConfig
from mnist_core.errors import CheckpointError, TrainingError
from mnist_core.estimate import useful_threads
from mnist_core.messages import N_
from mnist_core.networks import forward, weights
from mnist_core.networks.checkpoint_layout import snapshot_steps
from mnist_core.networks.models import describe
from mnist_core.presets import preset
from mnist_core.records import Analysis, AnalysisKind, Run
from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.worker")
TAKING_TIMES: tuple[AnalysisKind, ...] = ("batch-times", "scratch-comparison")
MOST_IMAGES, LEAST_IMAGES = 2_000, 200  # for each snapshot of a run's course
AFFORDABLE = 2e10  # multiplications for a course: some seconds
DISTURBED, EXAMPLES = 1_000, 8  # images that are disturbed, and those of them that are shown
UNITS, STRONGEST = 20, 8  # units of a layer, and real images for each
Found = tuple[Mapping[str, Any], Mapping[str, NDArray[Any]]]  # values and arrays
Tell = Callable[[float], None]


def _landscape(store: Store, analysis: Analysis, cores: int, tell: Tell) -> Found:
    """The loss on a plane around a run: `run` (id), `plane` (path or random).

    Values: `plane`, the kind that was drawn (random where the run left no path), `explained` (path only), `images`, `step`
    (of the plane's origin), `reached` (the step of the run's last weights, which may be no numbers). Arrays: `xs`, `ys`,
    `losses`, `path` and `steps` (training.landscape).
    """
    from mnist_core.analysis import landscape

    run = store.runs.get(str(analysis.parameters["run"]))
    snapshots = _sound(run)
    plane = landscape.path_plane(snapshots) if analysis.parameters["plane"] == "path" else None
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


def _answers(store: Store, analysis: Analysis, cores: int, tell: Tell) -> Found:
    """What each image of a part is answered: `run`, `part` (validation or test).

    Values: `step` (of the weights that answered, the last that answer with numbers), `reached` as in a landscape. Array: `shares`,
    n×10, float16.
    """
    from mnist_core.analysis import attribution

    run = store.runs.get(str(analysis.parameters["run"]))
    step, last = _last(run)
    parts = data.split(data.load_dataset(run.config.dataset), run.config)
    part = parts.test if analysis.parameters["split"] == "test" else parts.validation
    shares = attribution.answers(run.config, last, part.images, threads=cores, progress=tell)
    return {"step": step, "reached": run.checkpoint_step}, {"probabilities": shares.astype(np.float16)}


def _attention(store: Store, analysis: Analysis, cores: int, tell: Tell) -> Found:
    """The pixels that an answer hangs on: `run`, `image` (784 pixels, 0 to 255, row by row).

    Values: `step` and `reached` as in answers, `digit` (the answer). Arrays: `gradient`, `integrated`, `occlusion`, 28×28
    each (training.looking).
    """
    from mnist_core.analysis import attribution

    run = store.runs.get(str(analysis.parameters["run"]))
    step, last = _last(run)
    image = np.array(analysis.parameters["image"], np.uint8).reshape(28, 28)
    digit = int(attribution.answers(run.config, last, image[None])[0].argmax())
    model, ink = attribution.network(run.config, last), image.astype(np.float32) / np.float32(255)
    ways = {
        "gradient": attribution.gradient,
        "integrated_gradients": attribution.integrated_gradients,
        "occlusion": attribution.occlusion,
    }
    arrays = {}
    for done, (name, way) in enumerate(ways.items()):
        arrays[name] = way(run.config, model, ink, digit, _part(tell, done, len(ways)))
    return {"step": step, "reached": run.checkpoint_step, "digit": digit}, arrays


def _course(store: Store, analysis: Analysis, cores: int, tell: Tell) -> Found:
    """What each snapshot of a run answers: `run`.

    Values: `steps` (of the snapshots), `images`, `part` (validation, or train where a run kept no validation images),
    `reached`. Array: `answers`, to each of the first `images` of the part: snapshots × images.
    """
    from mnist_core.analysis import attribution

    run = store.runs.get(str(analysis.parameters["run"]))
    snapshots = _sound(run)
    name, part = _shown_part(run)
    count = max(LEAST_IMAGES, min(MOST_IMAGES, int(AFFORDABLE / len(snapshots) / describe(run.config).multiplications)))
    images = part.images[:count]
    answers = []
    for done, (_step, named) in enumerate(snapshots):
        part_of = _part(tell, done, len(snapshots))
        answers.append(attribution.answers(run.config, named, images, threads=cores, progress=part_of).argmax(1))
    steps = [step for step, _named in snapshots]
    values = {"steps": steps, "images": len(images), "split": name, "reached": run.checkpoint_step}
    return values, {"answers": np.stack(answers).astype(np.uint8)}


def _exciting(store: Store, analysis: Analysis, _cores: int, tell: Tell) -> Found:
    """Images that excite the first UNITS units of a layer: `run`, `layer` (its number in models.describe).

    Values: `step` and `reached` as in answers, `images`, `part`. Arrays (training.exciting): `smooth` and `plain` (the images
    found with and without smoothing, units×28×28, uint8), their excitations `smooth_values` and `plain_values`, and `real`
    (units×STRONGEST, places of the real images that excite most) with `real_values`.
    """
    from mnist_core.analysis import activation_maximization, attribution

    run = store.runs.get(str(analysis.parameters["run"]))
    layer = int(analysis.parameters["layer"])
    step, last = _last(run)
    config, model = run.config, attribution.network(run.config, last)
    units = list(range(min(UNITS, describe(config).layers[layer].output_shape[0])))
    name, part = _shown_part(run)
    images = part.images[:MOST_IMAGES]
    # A filter sees a few pixels: where they lie, nothing else should be.
    filters = describe(config).layers[layer].kind == "convolution"
    start = (0 if filters else 1) * images.mean(0).astype(np.float32) / np.float32(255)
    places, values = activation_maximization.strongest(
        config, model, layer, units, images, STRONGEST, lambda fraction: tell(0.2 * fraction)
    )
    arrays: dict[str, NDArray[Any]] = {"real": places, "real_values": values}
    for number, way in enumerate(("smooth", "plain")):
        found = activation_maximization.exciting(
            config, model, layer, units, start, smooth=way == "smooth",
            progress=lambda fraction, number=number: tell(0.2 + 0.4 * (number + fraction)),  # type: ignore[misc]
        )  # fmt: skip
        kept = (found * 255).round().astype(np.uint8)
        excited = activation_maximization.of_each(config, model, layer, units, kept)
        arrays |= {way: kept, f"{way}_values": excited}
    return {"step": step, "reached": run.checkpoint_step, "images": len(images), "split": name}, arrays


def _disturbed(store: Store, analysis: Analysis, cores: int, tell: Tell) -> Found:
    """How disturbed images are answered: `runs` (ids; the first is the one looked at), `kind` (training.disturb).

    Values: `strengths`; of each run `images` (how many), `parts` (as in a course), `steps` (of the weights that answered) and
    `reached`, empty or None where it has no weights that answer with numbers. Arrays: `accuracy` (runs × strengths, NaN there),
    `examples` (strengths × up to 8 × 28 × 28, as the first run got them), `answers` and `labels` of these.
    """
    from mnist_core.analysis import attribution, robustness

    runs = [store.runs.get(str(run_id)) for run_id in analysis.parameters["runs"]]
    kind = analysis.parameters["kind"]
    strengths = robustness.STRENGTHS[kind]
    accuracy = np.full((len(runs), len(strengths)), np.nan, np.float32)
    examples, answers = [], []
    first = np.zeros(0, np.uint8)
    images, parts = [0] * len(runs), [""] * len(runs)
    steps: list[int | None] = [None] * len(runs)
    for number, run in enumerate(runs):
        try:
            steps[number], named = _last(run)
        except TrainingError:
            if not number:
                raise
            continue
        model = attribution.network(run.config, named)
        parts[number], part = _shown_part(run)
        # However many images runs keep, the last for validation and the first to train on are the same.
        chosen = slice(-DISTURBED, None) if parts[number] == "validation" else slice(DISTURBED)
        labels, images[number] = part.labels[chosen], len(part.labels[chosen])
        ink = part.images[chosen].astype(np.float32) / np.float32(255)
        for place, strength in enumerate(strengths):
            done, parts_in_all = 2 * (number * len(strengths) + place), 2 * len(runs) * len(strengths)
            disturbing, answering = (_part(tell, done + half, parts_in_all) for half in (0, 1))
            if kind == "fgsm":
                shown = robustness.fgsm(run.config, model, ink, labels, strength, disturbing)
            else:
                shown = robustness.disturbed(ink, kind, strength)
            found = robustness.answered(run.config, model, shown, answering)
            accuracy[number, place] = (found == labels).mean()
            if not number:
                examples.append((shown[:EXAMPLES] * 255).round())
                answers.append(found[:EXAMPLES])
                first = labels[:EXAMPLES]
    values = {"strengths": list(strengths), "images": images, "splits": parts, "steps": steps}
    arrays: dict[str, NDArray[Any]] = {"accuracy": accuracy, "labels": first}
    arrays |= {name: np.stack(rows).astype(np.uint8) for name, rows in (("examples", examples), ("answers", answers))}
    return values | {"reached": [run.checkpoint_step for run in runs]}, arrays


def _batch_times(store: Store, analysis: Analysis, cores: int, tell: Tell) -> Found:
    """Seconds of an update: `dataset`, `hidden_layers` (units of each), `images` (to train on), `sizes` (of batches).

    Values: `updates` (how many were timed at each size), `cores`. Array: `seconds` of one update at each size, on average.
    """
    from mnist_core.training import speed

    asked = analysis.parameters
    config = RunConfig(
        dataset=asked["dataset"],
        hidden_layers=tuple(asked["hidden_layers"]),
        train_size=asked["train_size"],
        validation_size=0,
        epochs=1_000,
    )
    times = speed.batch_times(
        config,
        data.load_dataset(config.dataset),
        asked["batch_sizes"],
        threads=lambda sized: useful_threads(sized, cores),
        progress=tell,
    )
    seconds, updates = zip(*times, strict=True)
    return {"updates": list(updates), "cores": cores}, {"seconds": np.array(seconds)}


def _scratch(_store: Store, analysis: Analysis, cores: int, tell: Tell) -> Found:
    """A network from scratch beside the engine: `dataset`, `rate`, `iterations` (hundreds, up to 1,000).

    Values: `seconds` (of the network from scratch, of the engine). Arrays: `scratch` and `engine`, the loss at each iteration.
    """
    from mnist_core.analysis.scratch_comparison import beside

    asked = analysis.parameters
    config = preset("two-layer-net").config.replace(
        dataset=asked["dataset"], learning_rate=asked["learning_rate"], epochs=int(asked["iterations"]) // 100
    )
    found = beside(config, data.load_dataset(config.dataset), threads=cores, progress=tell)
    values = {"seconds": [found.scratch_seconds, found.engine_seconds]}
    return values, {"scratch": found.scratch, "engine": found.engine}


def _augmented(_store: Store, analysis: Analysis, _cores: int, tell: Tell) -> Found:
    """An image of each digit, changed in all ways and strengths: `dataset`, `seed`.

    Arrays, all uint8: `originals` (10×28×28), and for each kind of data.augment one of its name, digits × strengths × draws
    × 28 × 28.
    """
    from mnist_core.data import augment

    seed = int(analysis.parameters["seed"])
    dataset = data.load_dataset(analysis.parameters["dataset"])
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


def _part(tell: Tell, done: int, parts: int) -> Tell:
    """To tell of part number `done` of so many equal ones."""
    return lambda fraction: tell((done + fraction) / parts)


def _shown_part(run: Run) -> tuple[str, Any]:
    """Images to look at, after the name of their part (data.looked_into)."""
    name = data.looked_into(run.config)
    return name, getattr(data.split(data.load_dataset(run.config.dataset), run.config), name)


_NONE = N_("Of this run no weights that are numbers are on disk. Let it train for some seconds, or choose another.")


def _last(run: Run) -> tuple[int, Any]:
    """(step, weights): the last with which the network answers with numbers. Raises TrainingError."""
    try:
        found = weights.last_that(run.id, lambda one: forward.sound(run.config, one.weights))
    except CheckpointError as error:
        raise TrainingError(_NONE) from error
    return found.step, found.weights


def _sound(run: Run) -> list[tuple[int, Any]]:
    """The snapshots with which the network answers with numbers, at least one. Raises TrainingError."""
    found = [(step, named) for step, named in _snapshots(run) if forward.sound(run.config, named)]
    if not found:
        raise TrainingError(_NONE)
    return found


def _snapshots(run: Run) -> list[tuple[int, Any]]:
    """(step, weights) on the way of a run, and where it is now, as far as they are on disk."""
    found: list[tuple[int, Any]] = []
    for step in snapshot_steps(run.id):
        if step > run.progress.step:
            continue  # of before it was reset
        try:
            found.append((step, weights.at(run.id, step).weights))
        except CheckpointError as error:
            LOG.warning("%s", error)
    last = run.checkpoint_step
    if last is not None and (not found or last > found[-1][0]):
        try:
            found.append((last, weights.latest(run.id).weights))
        except CheckpointError as error:
            LOG.warning("%s", error)
    return found


KINDS: Mapping[AnalysisKind, Callable[[Store, Analysis, int, Tell], Found]] = {
    "landscape": _landscape,
    "answers": _answers,
    "attribution": _attention,
    "snapshot-answers": _course,
    "robustness": _disturbed,
    "activation-maximization": _exciting,
    "augmentation": _augmented,
    "batch-times": _batch_times,
    "scratch-comparison": _scratch,
}
