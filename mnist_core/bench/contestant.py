"""A process that does one contestant's work whenever it is told to: `python -m mnist_core.bench.contestant DIR WORK …`.

WORK is `Work.to_json()`. A process of its own for each library: imports and compilation are paid once, contestants can
take turns, and no library's threads meet another's. Several works share a process, one after the other.

The first argument is the folder that has MNIST. Answers are JSON lines: at the start one for each work,
`{"versions": {…}}`; then one for each command `{"work": INDEX, "round": NUMBER}` on standard input, with `seconds`,
`updates`, `accuracy` (or null) and `bytes` (memory that the process has for itself). What cannot be done is answered
with `{"absent": REASON}`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from mnist_core.bench.work import AbsentError, Begin, Done, Prepare, Work
from mnist_core.data import Dataset, load_dataset


@dataclass(frozen=True)
class Contestant:
    """Who takes part: the function that prepares the work, and the packages whose versions are told."""

    title: str
    module: str
    function: str
    packages: tuple[str, ...] = ()
    ours: bool = False  # shares the process of ours, so that the floor is measured where we are


_OURS, _PEERS = "mnist_core.bench.ours", "mnist_core.bench.peers"
_NUMPY = f"{_PEERS}.numpy_layers"
CONTESTANTS: Mapping[str, Contestant] = {
    "floor": Contestant("the floor: its large matrix products alone", "mnist_core.bench.floor", "prepare", ours=True),
    "floor-one-thread": Contestant("the floor on one thread", "mnist_core.bench.floor", "on_one_thread", ours=True),
    "ours-updates": Contestant("MNIST Lab, without evaluations", _OURS, "updates", ("torch",), ours=True),
    "ours-run": Contestant("MNIST Lab, with evaluations", _OURS, "runs", ("torch",), ours=True),
    "ours-evaluations": Contestant("MNIST Lab, evaluations alone", _OURS, "evaluations", ("torch",), ours=True),
    "ours-probes": Contestant("MNIST Lab, looks inside the layers alone", _OURS, "probes", ("torch",), ours=True),
    "ours-sweep": Contestant("MNIST Lab, sweep with evaluations", _OURS, "sweep", ("torch",), ours=True),
    "range-test": Contestant("a range test", "mnist_core.bench.laboratory", "range_test", ("torch",), ours=True),
    "landscape": Contestant(
        "a landscape of 31 × 31 points", "mnist_core.bench.laboratory", "landscape", ("torch",), ours=True
    ),
    "sharpness": Contestant(
        "the sharpness on 1,000 images", "mnist_core.bench.laboratory", "sharpness", ("torch",), ours=True
    ),
    "torch-tutorial": Contestant(
        "PyTorch, tutorial loop", f"{_PEERS}.torch_tutorial", "prepare", ("torch", "torchvision")
    ),
    "torch-loader": Contestant(
        "PyTorch, TensorDataset and DataLoader", f"{_PEERS}.torch_loader", "prepare", ("torch",)
    ),
    "torch-sliced": Contestant("PyTorch, sliced tensors", f"{_PEERS}.torch_sliced", "prepare", ("torch",)),
    "keras-tensorflow": Contestant(
        "Keras on TensorFlow", f"{_PEERS}.keras_fit", "on_tensorflow", ("keras", "tensorflow")
    ),
    "keras-jax": Contestant("Keras on JAX", f"{_PEERS}.keras_fit", "on_jax", ("keras", "jax")),
    "scikit-learn": Contestant("scikit-learn, MLPClassifier", f"{_PEERS}.sklearn_mlp", "prepare", ("scikit-learn",)),
    "numpy-float64": Contestant("NumPy float64, with evaluations", _NUMPY, "float64", ("numpy",)),
    "numpy-float32": Contestant("NumPy float32, with evaluations", _NUMPY, "float32", ("numpy",)),
    "numpy-float64-bare": Contestant("NumPy float64, without evaluations", _NUMPY, "float64_bare", ("numpy",)),
    "numpy-float32-bare": Contestant("NumPy float32, without evaluations", _NUMPY, "float32_bare", ("numpy",)),
}


def main() -> None:
    """Prepare, then work until standard input ends."""
    answers = _answers()
    folder, *texts = sys.argv[1:]
    dataset = load_dataset("mnist", Path(folder))
    begins = [_prepare(Work.from_json(text), dataset, answers) for text in texts]
    for line in sys.stdin:
        command = json.loads(line)
        begin = begins[command["work"]]
        assert begin is not None, "no command is given to a work that cannot be done"
        try:
            _answer(answers, timed(begin, command["round"]))
        except Exception as error:
            _answer(answers, {"absent": _reason(error)})


def _answers() -> IO[str]:
    """Standard output, kept for answers: what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _answer(answers: IO[str], answer: Mapping[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _prepare(work: Work, dataset: Dataset, answers: IO[str]) -> Begin | None:
    try:
        begin = prepared(work, dataset)
    except Exception as error:
        _answer(answers, {"absent": _reason(error)})
        return None
    _answer(answers, {"versions": versions(CONTESTANTS[work.contestant])})
    return begin


def prepared(work: Work, dataset: Dataset) -> Begin:
    """The contestant with its data at hand, warmed up. Raises ModuleNotFoundError where its library is missing."""
    contestant = CONTESTANTS[work.contestant]
    prepare: Prepare = getattr(importlib.import_module(contestant.module), contestant.function)
    prepare(_small(work), dataset)(0)()
    return prepare(work, dataset)


def _small(work: Work) -> Work:
    """Two full batches, and the short one that ends an epoch: enough to load kernels and start threads."""
    config = work.config
    size = min(config.train_size, 2 * config.batch_size + config.train_size % config.batch_size)
    return Work(work.contestant, config.replace(train_size=size, epochs=1), work.rates)


def timed(begin: Begin, number: int) -> dict[str, Any]:
    """Do the work once and tell how long it took."""
    run = begin(number)
    start = time.perf_counter()
    done: Done = run()
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "updates": done.updates,
        "accuracy": None if done.accuracy is None else done.accuracy(),
        "bytes": psutil.Process().memory_full_info().uss,
    }


def versions(contestant: Contestant) -> dict[str, str]:
    """Name and version of the packages that the contestant is made of."""
    by_package = {}
    for package in contestant.packages:
        for name in (package, f"{package}-cpu"):  # tensorflow-cpu is tensorflow, too
            try:
                by_package[package] = importlib.metadata.version(name)
                break
            except importlib.metadata.PackageNotFoundError:
                continue
    return by_package


def _reason(error: Exception) -> str:
    if isinstance(error, AbsentError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("mnist_core"):
        return "not installed"
    return f"failed: {type(error).__name__}: {error}".splitlines()[0][:200]


if __name__ == "__main__":
    main()
