"""What Dask does once in each worker's process: low priority, and everything warm before the first run comes."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from typing import Any

import psutil
from distributed import WorkerPlugin

from mnist_core import data, settings
from mnist_core.errors import MnistLabError
from mnist_core.jobs import memory

LOG = logging.getLogger("mnist_lab.worker")


class WorkerSetup(WorkerPlugin):
    """Dask's worker plugin."""

    name = "mnist-lab"

    def __init__(self, store_url: str) -> None:
        self.store_url = store_url
        self.weights_in_store = settings.weights_in_store()  # as on the machine of the pages

    def setup(self, worker: Any) -> None:
        """Called by Dask in each worker's process, again where another cluster comes to it."""
        from mnist_core.jobs import worker_store

        worker_store.ending.clear()
        if self.weights_in_store:
            os.environ["MNIST_LAB_WEIGHTS"] = "store"
        try:
            psutil.Process().nice(10 if os.name != "nt" else getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", None))
        except (OSError, psutil.Error):
            LOG.warning("the worker keeps its priority")
        _leave_cuda_out()
        from mnist_core.training import there, warm_up

        warm_up(settings.cpu_count())
        try:
            _open(self.store_url)
        except MnistLabError as error:
            LOG.warning("%s", error)  # the first run will say so to the one who waits for it
        memory.settle()
        if there() is None:  # CUDA maps far more than it takes
            memory.bound(settings.run_memory())

    def teardown(self, worker: Any) -> None:
        """Called by Dask when the worker closes: what waits for the store or the disk waits no longer."""
        from mnist_core.jobs import worker_store

        worker_store.ending.set()


def _leave_cuda_out() -> None:
    """Let torch do without the package `cuda.bindings` where no driver of CUDA is: 12 MB, and a tenth of a second."""
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        sys.modules.setdefault("cuda.bindings", None)  # type: ignore[arg-type]  # None: importing it fails


def _open(store_url: str) -> None:
    """Open the store and look at the data once: a third of a second that the first run need not wait."""
    from mnist_core.jobs.worker_store import worker_store

    worker_store(store_url)
    if data.available(name := data.preferred()):
        data.load_dataset(name)
