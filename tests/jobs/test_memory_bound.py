"""A run that outgrows its worker's memory ends with a sentence; the worker stays."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mnist_core.config import RunConfig
from mnist_core.jobs.dispatcher import Dispatcher
from mnist_core.store import Store
from tests.jobs.fake_client import claim

GROWS = """
import numpy, torch
from mnist_core.jobs import memory
memory.bound(300 << 20)
kept = numpy.ones(100 << 17)  # 100 MB of 300
for grow in (lambda: numpy.ones(400 << 17), lambda: torch.ones(400 << 17, dtype=torch.float64)):
    try:
        grow()
    except Exception as error:
        assert memory.is_shortage(error), repr(error)
    else:
        raise SystemExit("it has grown")
assert not memory.is_shortage(RuntimeError("size mismatch"))
assert torch.ones(100 << 17, dtype=torch.float64).sum() == 100 << 17  # the process goes on
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the bound is Linux's")
def test_what_outgrows_the_bound_is_an_error_and_the_process_goes_on() -> None:
    ended = subprocess.run([sys.executable, "-c", GROWS], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr + ended.stdout


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "than it may take here (900 MB)"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), "here (900 MB)"),
        (RuntimeError("CUDA out of memory. Tried to allocate 9 bytes."), "than the graphics processor has left"),
    ],
)
def test_a_run_that_needs_too_much_memory_ends_with_a_sentence(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    monkeypatch.setenv("MNIST_LAB_WORKER_MB", "900")
    run_id = store.runs.create("ann", RunConfig())
    dispatcher.tick()
    claim(store, run_id)
    dispatcher.client.sent[0].fail(error)
    dispatcher.tick()
    run = store.runs.get(run_id)
    assert run.outcome == "failed"
    assert "needs more memory than" in str(run.error)
    assert words in str(run.error)
