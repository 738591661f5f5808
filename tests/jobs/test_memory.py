"""What a worker's process holds: no import that it does not need, nothing of a run that is over, bounded work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import psutil
import pytest

from mnist_core.jobs import memory

WORKER = """
import json, resource, secrets, sys
import psutil
from mnist_core import data, settings
from mnist_core.config import RunConfig
from mnist_core.jobs import run_job, analysis_job
from mnist_core.jobs.worker_setup import WorkerSetup
from mnist_core.jobs.worker_store import worker_store

WorkerSetup(settings.store_url()).setup(None)  # it says how torch is to be loaded

from mnist_core.training import there
from mnist_core.training.trainer import Trainer

store = worker_store(settings.store_url())
BASE = RunConfig(dataset=data.preferred(), train_size=1_000, validation_size=200, epochs=1, hidden_layers=(128,))
NO_CUDA = () if there() else ("cuda.bindings.driver",)

def own():
    return psutil.Process().memory_full_info().uss

def libraries():  # how much of a file a fault maps depends on how it came into the system's cache, by 70 MB for torch's
    return sum(one.rss for one in psutil.Process().memory_maps() if ".so" in one.path)

def execute(configs):
    runs = store.runs.create_group("owner", configs, secrets.token_hex(5))
    run_job.execute(runs, settings.store_url(), 1)
    assert {store.runs.get(run).outcome for run in runs} == {"completed"}
    return runs

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

def round():
    execute([BASE.replace(optimizer="adam", learning_rate=0.001 * n, batch_size=500) for n in range(1, 9)])
    execute([BASE.replace(batch_norm=True, train_size=10_000, batch_size=10_000)])
    (run,) = execute([BASE.replace(model="cnn", filters=(32,), kernel_size=3, train_size=100)])
    analysis = store.analyses.create("owner", "robustness", {"runs": [run], "perturbation": "fgsm"})
    analysis_job.execute(analysis, settings.store_url(), 1)
    assert store.analyses.get(analysis).state == "finished"

def faults():  # pages that the system has to hand out for one update of a CNN
    cnn = BASE.replace(model="cnn", batch_size=50)
    stack = Trainer(cnn, data.load_dataset(cnn.dataset), threads=1).loop
    for number in range(8):
        if number == 3:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        stack.update()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 5

open("/proc/self/clear_refs", "w").write("5")  # VmHWM begins here
before = psutil.Process().memory_info().rss - libraries()
round()
first = own()
round()
print(json.dumps({
    "grown": own() - first,
    "above": peak() - libraries() - before,
    "faults": faults(),
    "loaded": [name for name in ("pandas", "torch._dynamo", "sympy", "torchvision", *NO_CUDA) if name in sys.modules],
}))
"""
MB = 2**20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of a process's memory is read from /proc")
def test_a_worker_keeps_what_a_step_needs_again_and_nothing_of_what_is_over(home: Path, small_mnist: Path) -> None:
    environment = os.environ | {
        "MNIST_LAB_DATA": str(small_mnist),
        "MALLOC_TRIM_THRESHOLD_": "65536",
    }  # as Dask sets it
    done = subprocess.run(
        [sys.executable, "-c", WORKER], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["loaded"] == []
    assert figures["faults"] < 500  # thousands, where each tensor is given back at once
    assert figures["grown"] < 10 * MB
    assert figures["above"] < 200 * MB


def of_libraries() -> int:
    """Bytes in this process's memory that are pages of libraries."""
    return sum(one.rss for one in psutil.Process().memory_maps() if ".so" in one.path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="which pages a process has is read from /proc")
def test_libraries_give_back_what_was_read_and_work_as_before() -> None:
    matrix = np.random.default_rng(1).normal(size=(200, 200))
    before, expected = of_libraries(), np.linalg.inv(matrix)
    memory.give_libraries_back()
    assert of_libraries() < before / 2
    assert np.array_equal(np.linalg.inv(matrix), expected)


class Network:
    """Knows itself, as a job and its run's state know each other."""

    def __init__(self) -> None:
        self.itself = self


def test_an_error_that_is_kept_keeps_nothing_of_what_the_run_held() -> None:
    held: list[weakref.ref[Network]] = []

    def train() -> None:
        network = Network()
        held.append(weakref.ref(network))
        raise MemoryError

    def work() -> None:
        network = Network()
        held.append(weakref.ref(network))
        try:
            train()
        except MemoryError as error:
            raise RuntimeError("no room") from error

    with pytest.raises(RuntimeError, match="no room") as caught:
        memory.releasing(work)()
    assert [network() for network in held] == [None, None]
    assert [entry.name for entry in caught.traceback][-1] == "work"  # for the log


SHORTAGE = """
from mnist_core import data, settings
from mnist_core.config import RunConfig
from mnist_core.jobs import memory, run_job
from mnist_core.jobs.worker_setup import WorkerSetup
from mnist_core.jobs.worker_store import worker_store

WorkerSetup(settings.store_url()).setup(None)
store = worker_store(settings.store_url())
SMALL = RunConfig(dataset=data.preferred(), train_size=1_000, validation_size=200, epochs=1, hidden_layers=(128,))

def execute(config):
    run_id = store.runs.create("owner", config)
    run_job.execute([run_id], settings.store_url(), 1)
    return store.runs.get(run_id).outcome

assert execute(SMALL) == "completed"
assert not memory.is_worn()
for units in range(512, 2049, 128):
    try:
        execute(SMALL.replace(hidden_layers=(units,) * 4, optimizer="adam", batch_norm=True))
    except (MemoryError, RuntimeError) as error:
        assert memory.is_shortage(error), error
        break
assert memory.is_worn()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a worker's memory is bounded on Linux alone")
def test_a_run_that_needs_more_than_there_is_makes_the_process_one_to_be_replaced(
    home: Path, small_mnist: Path
) -> None:
    environment = os.environ | {"MNIST_LAB_DATA": str(small_mnist), "MNIST_LAB_WORKER_MB": "150"}
    done = subprocess.run(
        [sys.executable, "-c", SHORTAGE], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
