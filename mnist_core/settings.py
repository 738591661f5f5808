"""Where things are and how much of the machine may be used, from the environment.

| variable            | meaning                                              | default                |
|---------------------|------------------------------------------------------|------------------------|
| MNIST_LAB_HOME      | folder for the store, checkpoints and prepared data  | ~/.mnist-lab           |
| MNIST_LAB_DATA      | folder with MNIST in torchvision's layout, used first| none                   |
| MNIST_LAB_STORE     | SQLAlchemy address of the store                      | sqlite file in the home|
| MNIST_LAB_SCHEDULER | address of a running Dask scheduler                  | a local cluster        |
| MNIST_LAB_WORKERS   | worker processes of the local cluster                | by cores and memory    |
| MNIST_LAB_WEIGHTS_MB| disk for the weights of finished runs                | 2048                   |
| MNIST_LAB_DEVICE    | where to train: auto, cpu, cuda, mps                 | auto                   |

Read at each call, not at import, so that tests and secrets can set them late.
"""

from __future__ import annotations

import os
from pathlib import Path

# What one worker needs with torch and a data set in it: 600 MB with PyPI's CUDA build.
WORKER_BYTES = 700 * 2**20
WEIGHTS_MB = 2_048  # of disk, for the weights and snapshots of all runs
# The server, the cluster's process and the system around them.
SERVER_BYTES = 400 * 2**20


def home() -> Path:
    """The folder that holds everything this installation keeps; not created here."""
    return Path(os.environ.get("MNIST_LAB_HOME") or Path.home() / ".mnist-lab").expanduser()


def data_folder() -> Path | None:
    """The folder named by MNIST_LAB_DATA, if any."""
    named = os.environ.get("MNIST_LAB_DATA")
    return Path(named).expanduser() if named else None


def store_url() -> str:
    """SQLAlchemy address of the store."""
    return os.environ.get("MNIST_LAB_STORE") or f"sqlite:///{home() / 'runs.sqlite'}"


def checkpoint_folder() -> Path:
    """The folder of the runs' checkpoints; with workers on many machines, it must be shared."""
    return home() / "checkpoints"


def checkpoint_file(run_id: str) -> Path:
    """Where a run's state lies between workers, and its weights in the end."""
    return checkpoint_folder() / f"{run_id}.safetensors"


def trail_folder(run_id: str) -> Path:
    """The folder of a run's snapshots."""
    return checkpoint_folder() / f"{run_id}.trail"


def weights_room() -> int:
    """Bytes on the disk that weights and snapshots of all runs may take; at least 1 MB."""
    named = os.environ.get("MNIST_LAB_WEIGHTS_MB", "")
    return (int(named) if named.isdigit() and int(named) > 0 else WEIGHTS_MB) << 20


def scheduler_address() -> str | None:
    """Address of a Dask scheduler to use in place of a local cluster."""
    return os.environ.get("MNIST_LAB_SCHEDULER") or None


def device() -> str:
    """Where networks are trained: auto, cpu, cuda or mps; see training.devices."""
    return (os.environ.get("MNIST_LAB_DEVICE") or "auto").strip().lower()


def cpu_count() -> int:
    """Cores that this process may use: its affinity, cut by the container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass  # no control group, or one without a quota
    return max(1, cores)


def memory_bytes() -> int:
    """Memory that this process may use, in bytes: the machine's, cut by the container's limit."""
    limits = []
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limits.append(int(Path(name).read_text()))
        except (OSError, ValueError):
            continue
    import psutil

    return min([psutil.virtual_memory().total, *limits])


def worker_count() -> int:
    """Worker processes of the local cluster: one a core, at most four, as far as memory reaches, at least one."""
    named = os.environ.get("MNIST_LAB_WORKERS")
    if named and named.isdigit() and int(named) > 0:
        return int(named)
    fitting = (memory_bytes() - SERVER_BYTES) // WORKER_BYTES
    return int(max(1, min(4, cpu_count(), fitting)))
