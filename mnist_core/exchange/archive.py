"""A run as one zip: settings and results as JSON, records as NumPy files, its weights (the last and the best) where they
are wanted, and for people a table and a script.

What comes in may have been made by anybody: nothing is unpacked onto the disk, no pickle is loaded, sizes are looked at
before anything is read, and whatever does not fit is a sentence.
"""

from __future__ import annotations

import io
import json
import math
import typing
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError, ImportedFileError
from mnist_core.exchange.script import script
from mnist_core.exchange.tables import curves_csv
from mnist_core.exchange.weights import read, safetensors, size
from mnist_core.messages import N_
from mnist_core.records import DTYPES, Curves, Event, EventKind, Outcome, Run
from mnist_core.weights import Snapshot, Which

FORMAT = 1
RUN, SCRIPT, TABLE = "run.json", "train.py", "curves.csv"
WEIGHTS: dict[Which, str] = {"last": "weights.safetensors", "best": "weights-best.safetensors"}
MOST_BYTES = {RUN: 1 << 18} | {f"records/{name}.npy": 1 << 24 for name in DTYPES}  # unpacked, of what is read
MOST_WEIGHTS = 1 << 25  # bytes of one file of weights, unpacked
MOST_EVENTS, MOST_FIGURES, MOST_LETTERS = 10_000, 80, 200
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, RecursionError)


@dataclass(frozen=True)
class Imported:
    """A finished run from a file."""

    config: RunConfig
    outcome: Outcome
    curves: Curves
    result: dict[str, Any]
    seconds: float
    step: int
    name: str
    note: str
    weights: Mapping[Which, Snapshot]  # those that are in the file


def packed(run: Run, curves: Curves, weights: Mapping[Which, Snapshot] | None = None) -> bytes:
    """The zip of a finished run, with these of its weights (default: none)."""
    weights = weights or {}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(RUN, json.dumps(_told(run, curves, weights), indent=1))
        for name in DTYPES:
            content = io.BytesIO()
            np.save(content, getattr(curves, name), allow_pickle=False)
            archive.writestr(f"records/{name}.npy", content.getvalue())
        archive.writestr(TABLE, curves_csv(curves))
        archive.writestr(SCRIPT, script(run.config))
        for which, found in weights.items():
            archive.writestr(WEIGHTS[which], safetensors(found))
    return file.getvalue()


def _told(run: Run, curves: Curves, weights: Mapping[Which, Snapshot]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "config": run.config.to_dict(),
        "outcome": run.outcome,
        "result": {name: _plain(value) for name, value in run.result.items()},
        "seconds": run.progress.seconds,
        "step": run.progress.step,
        "events": [[event.step, event.kind, _plain(event.value)] for event in curves.events],
        "name": run.name.raw,
        "note": run.note.raw,
        "weights": {which: found.step for which, found in weights.items()},
    }


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity; they go as words."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def unpacked(content: bytes) -> Imported:
    """The run in a zip. Raises ImportedFileError with a sentence where it is none, or not a whole one."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: _member(archive, name, most) for name, most in MOST_BYTES.items()}
            told = _object(members[RUN])
            config = _config(told)
            weights = {
                which: _weights(archive, which, config) for which in WEIGHTS if WEIGHTS[which] in archive.namelist()
            }
    except _BROKEN as error:
        raise ImportedFileError(
            N_("This is no zip that can be read. Choose one that was saved by “Take along” on another MNIST Lab.")
        ) from error
    records = {name: _array(members[f"records/{name}.npy"], name) for name in DTYPES}
    try:
        outcome = told["outcome"]
        if outcome not in typing.get_args(Outcome):
            raise ValueError(f"no outcome: {str(outcome)[:20]!r}")
        step = min(config.total_steps, max(0, int(told["step"])))
        steps = told.get("weights", {"last": step})
        return Imported(
            config,
            outcome,
            Curves(**records, events=_events(told["events"])),
            _figures(told["result"]),
            _finite(told["seconds"]),
            step,
            str(told.get("name", ""))[:MOST_LETTERS],
            str(told.get("note", ""))[: 10 * MOST_LETTERS],
            {which: Snapshot(min(step, _small(int(steps[which]))), found) for which, found in weights.items()},
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise _damaged(RUN) from error


def _config(told: dict[str, Any]) -> RunConfig:
    try:
        return RunConfig.from_dict(told["config"])
    except ConfigError as error:
        raise ImportedFileError(
            N_("The settings in this file cannot be used here: {problem}"), problem=error.problems[0].message
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(RUN) from error


def _weights(archive: zipfile.ZipFile, which: Which, config: RunConfig) -> Mapping[str, NDArray[np.float32]]:
    most = size(config)
    if most > MOST_WEIGHTS:
        raise ImportedFileError(
            N_(
                "The weights in this zip are larger than can be brought in ({most} MB). Save the run without its weights."
            ),
            most=MOST_WEIGHTS >> 20,
        )
    try:
        return read(_member(archive, WEIGHTS[which], most), config)
    except ValueError as error:
        raise ImportedFileError(
            N_(
                "“{part}” in this zip is damaged, or does not fit the network of the run. Save the run without its weights."
            ),
            part=WEIGHTS[which],
        ) from error


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError as error:
        raise ImportedFileError(
            N_("“{part}” is missing in this zip: it was not saved by MNIST Lab, or not as a whole."), part=name
        ) from error
    with archive.open(info) as file:
        content = file.read(most + 1)  # what the zip says of its size may be a lie
    if len(content) > most:
        raise ImportedFileError(
            N_("“{part}” in this zip is larger than a run can be ({most} MB)."), part=name, most=max(1, most >> 20)
        )
    return content


def _object(content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(RUN) from error
    if not isinstance(told, dict):
        raise _damaged(RUN)
    if told.get("format") != FORMAT:
        raise ImportedFileError(
            N_("This zip was saved by another version of MNIST Lab. Update the older one of the two.")
        )
    return told


def _array(content: bytes, name: str) -> NDArray[np.void]:
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError, MemoryError, TypeError) as error:
        raise _damaged(name) from error
    if not isinstance(array, np.ndarray) or array.dtype != DTYPES[name] or array.ndim != 1:
        raise _damaged(name)
    if (np.diff(array["step"].astype(np.int64)) < 0).any() or (array["step"] < 0).any():
        raise _damaged(name)
    return array


def _events(told: list[Any]) -> tuple[Event, ...]:
    known = typing.get_args(EventKind)
    found = []
    for step, kind, value in told[:MOST_EVENTS]:
        if kind not in known:
            raise ValueError("no such event")
        found.append(Event(_small(int(step)), kind, None if value is None else float(value)))
    return tuple(found)


def _small(step: int) -> int:
    if not 0 <= step < 2**31:
        raise ValueError("no such step")
    return step


def _figures(told: dict[str, Any]) -> dict[str, Any]:
    """Numbers of a result by name; whatever else stands there is left out."""
    found: dict[str, Any] = {}
    for name, value in list(told.items())[:MOST_FIGURES]:
        if value is None or isinstance(value, bool):
            found[name] = value
        elif isinstance(value, int | float):
            found[name] = value if abs(value) < 1e300 else None
        elif value in ("nan", "inf", "-inf"):
            found[name] = float(value)
    return {name[:40]: value for name, value in found.items() if name.isidentifier()}


def _finite(value: Any) -> float:
    number = float(value)
    if not 0 <= number < 1e9:
        raise ValueError("no time")
    return number


def _damaged(part: str) -> ImportedFileError:
    return ImportedFileError(
        N_("“{part}” in this zip is damaged. Save the run once more where it comes from."), part=part
    )
