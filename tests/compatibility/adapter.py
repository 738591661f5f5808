"""Today's program for files of an earlier version: the files keep that version's words, and what has another name since is
listed here, old → new. What the program says is given in the words of the files, so that the two can be compared.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from mnist_core import RunConfig, Trainer, backup, exchange, load_dataset, preset
from mnist_core.cli import main as command_line
from mnist_core.jobs import analysis_job, keeper, run_job, worker_store
from mnist_core.networks import checkpoint_layout, weights
from mnist_core.records import DTYPES, Analysis, Curves, Run
from mnist_core.store import Store, open_store
from mnist_core.ui import session, views

__all__ = ["RunConfig", "backup", "command_line", "exchange", "preset"]

SETTINGS: Mapping[str, str] = {"initialisation": "initialization"}  # settings of RunConfig
VALUES: Mapping[str, Mapping[str, str]] = {  # the words that a setting (by its old name) may be
    "preprocessing": {"centred": "centered", "standardised": "standardized"}
}
COLUMNS: Mapping[str, str] = {}  # fields of the records
# What a link says beside settings, runs and groups: experiments, variants, views.
WORDS: Mapping[str, str] = {"centred": "centered", "standardised": "standardized"}
TITLES: Mapping[str, str] = {  # of pages and their views, as they are read
    "A bowl": "A quadratic bowl",
    "As numbers": "Pixel values",
    "Batch size: how many images before each step": "Batch size: images per update",
    "Disturb": "Robustness",
    "Draw a digit": "Draw",
    "Forward and backward": "Backpropagation",
    "How a convolution slides": "How a convolution works",
    "Inside": "Weights and activations",
    "MLP against CNN": "MLP vs. CNN",
    "Many rates": "Learning rate sweep",
    "Optimizers in a valley": "Optimizer trajectories",
    "Optimizers raced": "Comparing optimizers",
    "Over time": "Through training",
    "Scales": "Pixel scaling",
    "Scores to loss": "From logits to loss",
    "Sure and wrong": "Binary cross-entropy: confident and wrong",
    "The digits that the networks learn": "The images that networks learn from",
    "The landscape": "Loss landscape",
    "Three heaps": "Train, validation and test split",
    "Three ways down": "Full batch, mini-batch, single examples",
    "Two valleys": "Local minima",
    "Why a learning rate breaks": "Why a high learning rate breaks training",
    "신경망을 훈련하며 지켜보기": "신경망을 훈련하고 학습 과정 지켜보기",
}
SENTENCES: Mapping[str, str] = {  # of commands
    "The network learns at rates around 0.002 to 0.0061, and breaks from 0.054 on: a good rate lies well below that.": (
        "Accuracy is highest at a rate of 0.02, and training breaks from 0.054 on. Start lower, between 0.002 and 0.0061: a new network breaks at lower rates than one that the test has trained already."
    ),
}
PAGES: Mapping[str, str] = {}  # files of pages/, without their ending
EVERYWHERE = {"lang", "large"}
KINDS: Mapping[str, str] = {  # of analyses, which were called studies
    "attention": "attribution",
    "course": "snapshot-answers",
    "disturbed": "robustness",
    "exciting": "activation-maximization",
    "scratch": "scratch-comparison",
    "augmented": "augmentation",
}
# By their kind: their parameters, and the values and arrays of their results.
ANALYSES: Mapping[str, Mapping[str, str]] = {
    "answers": {"part": "split", "shares": "probabilities"},
    "attribution": {"integrated": "integrated_gradients"},
    "snapshot-answers": {"part": "split"},
    "robustness": {"parts": "splits", "kind": "perturbation"},
    "activation-maximization": {"part": "split"},
    "scratch-comparison": {"rate": "learning_rate"},
    "batch-times": {"images": "train_size", "sizes": "batch_sizes"},
}
Rows = Mapping[str, NDArray[Any]]  # fields of records by their names in the files


# ---- settings and words ----------------------------------------------------------------------------------------------


def settings(old: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they were written, in today's words."""
    new = {}
    for name, value in old.items():
        words = VALUES.get(name, {})
        new[SETTINGS.get(name, name)] = words.get(value, value) if isinstance(value, str) else value
    return new


def same_settings(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Whether `new` says what was written; settings that have come since do not count."""
    expected = settings(old)
    return {name: new.get(name) for name in expected} == expected


# ---- images ----------------------------------------------------------------------------------------------------------


def write_images(folder: Path, digits: Mapping[str, NDArray[np.uint8]]) -> None:
    """The four files of a data set in their right sizes: these digits again and again; laid out as torchvision wants it."""
    folder = folder / "MNIST" / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    count = len(digits["labels"])
    for split, size in (("train", 60_000), ("t10k", 10_000)):
        for part, kind in (("images", "idx3"), ("labels", "idx1")):
            once = digits[part]
            shape = (size, *once.shape[1:])
            head = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
            (folder / f"{split}-{part}-{kind}-ubyte").write_bytes(head + once.tobytes() * (size // count))


# ---- the store -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened() -> Iterator[Store]:
    """The store of the home that the environment names, which jobs of this process use, too."""
    store = open_store()
    worker_store._stores[store.url] = store
    yield store
    del worker_store._stores[store.url]
    store.close()


def execute(store: Store, run_ids: Sequence[str]) -> None:
    """Train the runs in this process, as a worker does, with one thread."""
    run_job.execute(run_ids, store.url, 1)


def compute(store: Store, analysis_id: str) -> Analysis:
    """Compute an analysis in this process, as a worker does."""
    analysis_job.execute(analysis_id, store.url, 1)
    return analysis_of(store, analysis_id)


def analysis_of(store: Store, analysis_id: str) -> Analysis:
    """The analysis, which is there."""
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    return analysis


def run_fields(run: Run) -> dict[str, Any]:
    """All that the store says of a run but its settings."""
    return {
        "owner": run.owner,
        "state": run.state,
        "outcome": run.outcome,
        "preset": run.preset,
        "variant": run.variant,
        "group": run.group,
        "prediction": run.prediction,
        "name": run.name.raw,
        "note": run.note.raw,
        "star": run.star,
        "colour": run.color,
        "put_away": run.soft_deleted,
        "progress": [run.progress.step, run.progress.total_steps, run.progress.epoch, run.progress.seconds],
        "rate_changes": [[change.step, change.rate] for change in run.rate_changes],
        "command": run.command,
        "checkpoint_step": run.checkpoint_step,
        "threads": run.threads,
        "attempts": run.attempts,
        "error": None if run.error is None else str(run.error),
        "result": dict(run.result),
    }


def sweep_fields(store: Store, sweep_id: str) -> dict[str, Any]:
    """All that the store says of a sweep."""
    sweep = store.sweeps.get(sweep_id)
    assert sweep is not None
    return {
        "owner": sweep.owner,
        "rates": list(sweep.rates),
        "seeds": sweep.seeds,
        "preset": sweep.preset,
        "variant": sweep.variant,
        "predicted_edge": sweep.predicted_edge,
        "off": sweep.off,
        "runs": [run.id for run in store.runs.of_group(sweep_id)],
    }


def analysis_fields(analysis: Analysis) -> dict[str, Any]:
    """All that the store says of an analysis; of its arrays the fingerprints."""
    arrays = {name: [array.dtype.str, list(array.shape), fingerprint(array)] for name, array in analysis.arrays.items()}
    return {
        "owner": analysis.owner,
        "kind": _old_names(KINDS).get(analysis.kind, analysis.kind),
        "parameters": _in_old_words(analysis.kind, analysis.parameters),
        "state": analysis.state,
        "message": None if analysis.message is None else str(analysis.message),
        "values": _in_old_words(analysis.kind, analysis.values),
        "arrays": _in_old_words(analysis.kind, arrays),
    }


def _in_old_words(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    old = _old_names(ANALYSES.get(kind, {}))
    return {old.get(name, name): value for name, value in fields.items()}


def _old_names(names: Mapping[str, str]) -> dict[str, str]:
    return {new: old for old, new in names.items()}


# ---- records and weights ---------------------------------------------------------------------------------------------


def records(curves: Curves) -> dict[str, NDArray[np.void]]:
    """The arrays of a run's records by their kinds."""
    return {kind: getattr(curves, kind) for kind in DTYPES}


def events(curves: Curves) -> list[list[Any]]:
    """What happened to a run: step, kind, value."""
    return [[event.step, event.kind, event.value] for event in curves.events]


def rows(array: NDArray[np.void], names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Fields of today's records by the names that the files have for them."""
    return {name: array[COLUMNS.get(name, name)] for name in names}


def fingerprint(array: NDArray[Any], names: Sequence[str] = ()) -> str:
    """Of an array, or of these fields of records (names of the files), one after another: their SHA-256."""
    parts = rows(array, names).values() if names else [array]
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


def last_weights(run_id: str) -> dict[str, NDArray[Any]]:
    """The weights that a run left last."""
    return dict(weights.latest(run_id).weights)


def best_weights(run_id: str) -> tuple[int, dict[str, NDArray[Any]]]:
    """The weights of a run with the best validation accuracy, after how many updates."""
    best = weights.best(run_id)
    return best.step, dict(best.weights)


def snapshots(run_id: str) -> list[int]:
    """After which updates there are snapshots of a run."""
    return checkpoint_layout.snapshot_steps(run_id)


def uninterrupted(
    config: RunConfig, folder: Path, changes: Sequence[Sequence[float]] = ()
) -> dict[str, NDArray[np.void]]:
    """The records of a run to which nothing happens but these changes of its rate, trained here with one thread."""
    import torch

    torch.set_num_threads(1)
    trainer = Trainer(config, load_dataset(config.dataset, folder), threads=1, device="cpu")
    parts, pending = [], [*changes]
    while not trainer.finished:
        while pending and pending[0][0] == trainer.step:
            trainer.set_learning_rate(pending.pop(0)[1])
        parts.append(records(trainer.advance(steps=int(pending[0][0]) - trainer.step if pending else None)))
    return {kind: np.concatenate([part[kind] for part in parts]) for kind in DTYPES}


# ---- the command line and scripts ------------------------------------------------------------------------------------


def run_command(words: Sequence[str]) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = command_line(words)
        except SystemExit as end:
            status = int(end.code or 0)
    return status, out.getvalue(), err.getvalue()


def parse_output(text: str) -> dict[str, Any]:
    """What a command with --json printed."""
    output: dict[str, Any] = json.loads(text.splitlines()[-1])
    return output


# ---- pages -----------------------------------------------------------------------------------------------------------


def follow(app: AppTest | Path, page: str, query: Mapping[str, str], student: str) -> AppTest:
    """The page as this student finds it who follows a link to it; `app`: its file, or the same page as it was left."""
    if isinstance(app, Path):
        app = AppTest.from_file(str(app), default_timeout=60)
        app.session_state["student"], app.session_state["student_known"] = student, True
        for name in EVERYWHERE & query.keys():
            app.query_params[name] = query[name]
        app.run()
        app.switch_page(f"pages/{PAGES.get(page, page)}.py")
    app.query_params.clear()
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    assert not app.error, app.error
    return app


def address(app: AppTest) -> dict[str, str]:
    """What the browser's address says."""
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


def visible(app: AppTest) -> dict[str, Any]:
    """The title of the page, the view that its switch names (None: it has none), the settings of its controls (None: none)."""
    switch = [group for group in app.get("button_group") if group.label == "View"]
    draft = app.session_state["draft"] if "draft" in app.session_state else None  # noqa: SIM401 - no mapping
    return {
        "title": app.title[0].value,
        "view": switch[0].options[switch[0].indices[0]] if switch else None,
        "settings": json.loads(json.dumps(draft)),
    }


def close_pages() -> None:
    """Let go of the stores that pages have opened."""
    while session._stores:
        session._stores.popitem()[1].close()


def without_panels(patch: pytest.MonkeyPatch) -> None:
    """Pages draw their switch and what it asks for, but not the view itself, which takes longest."""
    patch.setattr(views, "frame", SimpleNamespace(safely=lambda _draw: lambda *_parts: None))


def without_cluster(patch: pytest.MonkeyPatch) -> None:
    """Pages start no processes."""
    patch.setattr(keeper, "keep_cluster", lambda: None)
