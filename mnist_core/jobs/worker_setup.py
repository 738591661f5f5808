"""What Dask does once in each worker's process: low priority, and torch imported and warm before the first run comes."""

from __future__ import annotations

import logging
import os
from typing import Any

import psutil
from distributed import WorkerPlugin

from mnist_core import settings

LOG = logging.getLogger("mnist_lab.worker")


class WorkerSetup(WorkerPlugin):
    """Dask's worker plugin."""

    name = "mnist-lab"

    def setup(self, worker: Any) -> None:
        """Called by Dask in each worker's process."""
        try:
            psutil.Process().nice(10 if os.name != "nt" else getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", None))
        except (OSError, psutil.Error):
            LOG.warning("the worker keeps its priority")
        from mnist_core.training import warm_up

        warm_up(settings.cpu_count())
