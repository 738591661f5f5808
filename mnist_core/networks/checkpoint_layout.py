"""How a run's state lies on disk: which files, what they are called, what is in them. Nobody else names any of it.

    checkpoints/<run>.safetensors                the checkpoint that counts
    checkpoints/<run>.<token>.next.safetensors   a newer one, until the store has the records that go with it; its writer's own
    checkpoints/<run>.trail/<step>.safetensors   a snapshot: the weights alone, after so many updates

A checkpoint is tensors (`LAST`, `BEST`, `OPTIMIZER`, `BEFORE_UPDATE`, `WINDOW`) with the rest of the run as JSON in the file's
metadata (`RunFields`). training/checkpoint.py writes and reads all of it, networks/weights.py the weights.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from mnist_core import settings
from mnist_core.config import RunConfig
from mnist_core.networks import shared_files
from mnist_core.networks.models import describe
from mnist_core.records import Outcome

VERSION = 4
# What the names of tensors begin with; behind it a name of the model's state, of the optimizer's, or a number.
LAST = "model."  # the weights that the run left last
BEST = "best."  # those with the best validation accuracy, where they are not the last
OPTIMIZER = "optimizer."
BEFORE_UPDATE = "before."  # parameter by parameter, before the update that an interrupted evaluation is about
WINDOW = "window"  # steps × loss, accuracy, gradient norm: the open window of records
WINDOW_COLUMNS = 3

# Numbers that each optimizer keeps for each parameter.
_BUFFERS = {"sgd": 0, "momentum": 1, "nesterov": 1, "adagrad": 1, "rmsprop": 1, "adam": 2, "adamw": 2}
_HEAD_BYTES = 1 << 15  # names of tensors, settings, figures: most of it is of runs of hundreds of epochs
COPIES_BYTES = 256 * 2**20  # of files that the store has, too

_METADATA = "state"
_ENDING = ".safetensors"
_SNAPSHOTS = ".trail"
_UNFINISHED = ".part"
# A checkpoint or a snapshot, below the folder of checkpoints: the run's id and the step are parts of the name.
NAME_PATTERN = rf"(?P<run>[0-9A-Za-z_-]{{1,16}})(\{_ENDING}|\{_SNAPSHOTS}/[0-9]{{1,12}}\{_ENDING})"

_RUN_ID = re.compile("[0-9a-f]{10}")  # of a run that the program made

Tensor = TypeVar("Tensor")


class RunFields(TypedDict, total=False):
    """What stands in the metadata. The weights of a run that was trained elsewhere come with `step` and the step of `best` alone."""

    version: int
    config: dict[str, Any]  # RunConfig.to_dict
    step: int
    device: str
    seconds: float
    outcome: Outcome | None
    base_rate: float
    events: list[dict[str, Any]]  # records.Event
    evaluated: int  # the last step that was evaluated
    evaluations: list[list[float]]  # the first and the last, records.EVALUATION_DTYPE
    best: dict[str, float]  # step, loss, accuracy, test_accuracy; {} before the first evaluation
    lowest: dict[str, float]  # step and loss
    lowest_epoch: dict[str, float]  # older files lack it: `lowest` then
    epochs: list[list[float]]  # loss, hits, images
    open_epoch: list[float]
    last_finite_loss: float
    together: int  # the size of the stack that it trained in last; older files lack this and the next two
    widest: int  # the size of the widest stack that it trained in
    chunk: int  # images that go through the network at once


def metadata(fields: RunFields) -> dict[str, str]:
    """The metadata of a checkpoint's file."""
    return {_METADATA: json.dumps(fields)}


def fields_of(stored: Mapping[str, str] | None) -> RunFields:
    """What `metadata` was made of. Raises KeyError, TypeError or ValueError where it is no checkpoint's."""
    fields: RunFields = json.loads((stored or {})[_METADATA])
    return fields


def best_step(fields: RunFields) -> int:
    """After how many updates validation accuracy was best. Raises KeyError where no weights are."""
    return int(fields["best"]["step"])


def best_prefix(fields: RunFields) -> str:
    """What the names of the best weights begin with: where they are the last ones, they are not kept twice."""
    return LAST if fields["best"].get("step") == fields["step"] else BEST


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under names in the file."""
    return {f"{prefix}{name}": value for name, value in tensors.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of the file's tensors that `prefixed` put there, by their own names."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def bytes_at_rest(config: RunConfig) -> int:
    """What the checkpoint of a run takes that is not over: the last weights, the best, and its optimizer's buffers. A little more
    than it will be, but where an evaluation was interrupted, which adds the weights before its update."""
    network = describe(config)
    units = sum(layer.output_shape[0] for layer in network.layers if layer.kind in ("convolution", "dense"))
    statistics = 2 * units if config.batch_norm else 0  # mean and variance, which are no parameters
    numbers = 2 * (network.parameters + statistics) + _BUFFERS[config.optimizer] * network.parameters
    return 4 * numbers + _HEAD_BYTES


# ---- files ---------------------------------------------------------------------------------------------------------


def checkpoint_file(run_id: str) -> Path:
    """Where a run's state lies between workers, and its weights in the end."""
    return settings.checkpoint_folder() / f"{run_id}{_ENDING}"


def next_file(run_id: str, token: int | None) -> Path:
    """Where the worker that has the run by `token` writes a newer state, until the store has its records.

    Its own: one that was given up and comes back touches no file that counts.
    """
    return checkpoint_file(run_id).with_suffix(f".{token}.next{_ENDING}")


def snapshot_folder(run_id: str) -> Path:
    """The folder of a run's snapshots."""
    return settings.checkpoint_folder() / f"{run_id}{_SNAPSHOTS}"


def snapshot_file(run_id: str, step: int) -> Path:
    """The snapshot after `step` updates."""
    return snapshot_folder(run_id) / f"{step}{_ENDING}"


def snapshot_steps(run_id: str) -> list[int]:
    """After which updates there are snapshots of the run, ascending. Raises StoreError where the store keeps them."""
    files = _snapshots(snapshot_folder(run_id))
    if (place := shared_files.place()) is not None:
        files = [Path(name) for name in place.sizes(run_id) if _SNAPSHOTS in name]
    return sorted(int(file.stem) for file in files)


def bytes_of_all() -> dict[str, tuple[int, int]]:
    """What checkpoints and snapshots take, by run, with what its workers have left unfinished. Raises StoreError where the
    store keeps them."""
    place, found = shared_files.place(), dict[str, tuple[int, int]]()
    for name, size in (_sizes(settings.checkpoint_folder()) if place is None else place.all_sizes()).items():
        run_id, is_snapshot = name.split(".")[0], _SNAPSHOTS in name
        checkpoint, snapshots = found.get(run_id, (0, 0))
        found[run_id] = (checkpoint, snapshots + size) if is_snapshot else (checkpoint + size, snapshots)
    return found


def runs_with_files() -> set[str]:
    """Ids of runs of which there are files, whole or not. Raises StoreError where the store keeps them."""
    names: Iterable[str] = ()
    if (place := shared_files.place()) is not None:
        names = place.all_sizes()
    else:
        with suppress(OSError):  # it is away, and nobody knows
            names = [entry.name for entry in settings.checkpoint_folder().iterdir()]
    ids = {name.split(".")[0] for name in names}
    return {run_id for run_id in ids if _RUN_ID.fullmatch(run_id)}


def bytes_of_checkpoint(run_id: str) -> int:
    """What the run's checkpoint takes in the folder."""
    with suppress(OSError):
        return checkpoint_file(run_id).stat().st_size
    return 0


def _sizes(place: Path) -> dict[str, int]:
    """Bytes of a file, or of all files in a folder, by their names below it."""
    found = {}
    for file in place.rglob("*") if place.is_dir() else [place]:
        with suppress(OSError):  # a worker has just moved it
            if file.is_file():
                found[file.relative_to(place).as_posix()] = file.stat().st_size
    return found


def _snapshots(folder: Path) -> list[Path]:
    try:
        return [file for file in folder.iterdir() if file.suffix == _ENDING and file.stem.isdecimal()]
    except (FileNotFoundError, NotADirectoryError):
        return []  # gone meanwhile


def files_of(runs: Collection[str]) -> dict[str, Path]:
    """Checkpoints and snapshots of these runs, by their paths below the folder of checkpoints."""
    files: dict[str, Path] = {}
    folder = settings.checkpoint_folder()
    for place in sorted(folder.iterdir()) if folder.is_dir() else []:
        if place.stem not in runs:
            continue
        if place.suffix == _ENDING:
            files[place.name] = place
        elif place.suffix == _SNAPSHOTS:
            files |= {f"{place.name}/{file.name}": file for file in sorted(_snapshots(place))}
    return files


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A place to write `file` at, beside it, from where it is moved when it is whole: a file that exists is whole."""
    unfinished = file.with_suffix(_UNFINISHED)
    yield unfinished
    unfinished.replace(file)


def forget_next(run_id: str) -> None:
    """Remove what workers have left that never came to tell the store of it."""
    for file in settings.checkpoint_folder().glob(f"{run_id}.*next.*"):
        file.unlink(missing_ok=True)
    shared_files.remove(run_id, lambda name: ".next." in name)


def forget_files(run_id: str) -> None:
    """Remove checkpoints and snapshots of the run, with those that were not written to the end."""
    checkpoint_file(run_id).unlink(missing_ok=True)
    checkpoint_file(run_id).with_suffix(_UNFINISHED).unlink(missing_ok=True)
    shared_files.remove(run_id, lambda name: name == checkpoint_file(run_id).name)
    forget_next(run_id)
    forget_snapshots(run_id)


def forget_snapshots(run_id: str, after_step: int = -1) -> None:
    """Remove the snapshots of the run, or those after `after_step` updates."""
    if after_step < 0:
        shutil.rmtree(snapshot_folder(run_id), ignore_errors=True)
    else:
        for file in _snapshots(snapshot_folder(run_id)):
            if int(file.stem) > after_step:
                file.unlink(missing_ok=True)
    shared_files.remove(run_id, lambda name: _SNAPSHOTS in name and int(Path(name).stem) > after_step)


def drop_copies() -> None:
    """Where the store keeps the files, keep no more copies of them in the folder than have room: the oldest go."""
    if shared_files.place() is None:
        return
    found: list[tuple[int, int, Path]] = []
    for file in settings.checkpoint_folder().rglob(f"*{_ENDING}"):
        with suppress(OSError):
            status = file.stat()
            found.append((status.st_mtime_ns, status.st_size, file))
    over = sum(size for _time, size, _file in found) - COPIES_BYTES
    for _time, size, file in sorted(found):
        if over <= 0:
            return
        file.unlink(missing_ok=True)
        over -= size


def pull_all(run_ids: Collection[str]) -> None:
    """Have all files of these runs in the folder. Raises StoreError, OSError."""
    if (place := shared_files.place()) is not None:
        for run_id in run_ids:
            for name in place.sizes(run_id):
                shared_files.pull(settings.checkpoint_folder() / name)


def push_all(run_ids: Collection[str]) -> None:
    """Keep all files of these runs where the settings say, too. Raises StoreError, OSError."""
    if shared_files.place() is not None:
        for file in files_of(run_ids).values():
            run = file.parent.stem if file.parent.suffix == _SNAPSHOTS else file.stem
            shared_files.push(file, run)
