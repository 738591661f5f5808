"""Where things are and how much of the machine may be used, from the environment.

| variable            | meaning                                              | default                |
|---------------------|------------------------------------------------------|------------------------|
| MNIST_LAB_HOME      | folder for the store, checkpoints and prepared data  | ~/.mnist-lab           |
| MNIST_LAB_DATA      | folder with MNIST in torchvision's layout, used first| none                   |
| MNIST_LAB_LESSONS   | folder of lessons beside ours                        | none                   |
| MNIST_LAB_STORE     | SQLAlchemy address of the store                      | sqlite file in the home|
| MNIST_LAB_SCHEDULER | address of a running Dask scheduler                  | a local cluster        |
| MNIST_LAB_TLS_CA    | certificate authority of that scheduler, a file      | no TLS                 |
| MNIST_LAB_TLS_CERT  | certificate to show to it, a file                    | no TLS                 |
| MNIST_LAB_TLS_KEY   | its key, a file                                      | no TLS                 |
| MNIST_LAB_WORKERS   | worker processes of the local cluster                | by cores and memory    |
| MNIST_LAB_WEIGHTS   | where weights are kept: folder, store                | folder: in the home    |
| MNIST_LAB_WEIGHTS_MB| disk for the weights of runs                         | 2048                   |
| MNIST_LAB_STUDENT_WEIGHTS_MB | … of those of one student                    | all of it              |
| MNIST_LAB_STUDENT_RUNS | runs of one student that wait                      | 200                    |
| MNIST_LAB_QUEUE     | runs of all students that wait                       | 2000                   |
| MNIST_LAB_GUEST_RUNS | runs of all browsers without a class that wait      | 1000                   |
| MNIST_LAB_PARAMETERS| parameters of a network                              | 50,000,000             |
| MNIST_LAB_EPOCHS    | epochs of a run                                      | 1000                   |
| MNIST_LAB_SWEEPS    | sweeps of one student that wait or train             | 4                      |
| MNIST_LAB_ANALYSES  | analyses of one student that wait or are computed    | 10                     |
| MNIST_LAB_LESSON_MB | lessons that were written in browsers, all together   | 200                    |
| MNIST_LAB_IMAGES_MB | images of students' own, all together                | 200                    |
| MNIST_LAB_WORKER_MB | memory that a run may take in a worker               | a worker's part of it  |
| MNIST_LAB_FREE_MB   | of the disk, kept free of them                       | 5 % of it, at most 1024|
| MNIST_LAB_DEVICE    | where to train: auto, cpu, cuda, mps                 | auto                   |
| MNIST_LAB_FRAME_ANCESTORS | other sites that may show the app in a frame   | none                   |
| MNIST_LAB_PROXIES   | proxies whose word on a browser's address counts     | none                   |
| MNIST_LAB_URL       | the app's address, as students reach it              | offered: the network's |
| MNIST_LAB_TEACHER_PASSWORD | asked for before a class is opened            | none                   |

Read at each call, not at import, so that tests and secrets can set them late.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mnist_core.errors import JobsError
from mnist_core.messages import N_

# The folder of app.py, pages, lessons and catalogs: beside the package in the repository, within it where it was installed.
APP = next(folder for folder in (Path(__file__).with_name("app"), Path(__file__).parents[1]) if folder.is_dir())
TLS = ("MNIST_LAB_TLS_CA", "MNIST_LAB_TLS_CERT", "MNIST_LAB_TLS_KEY")
_SITE = re.compile(r"https?://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?", re.IGNORECASE)
_URL = re.compile(r"https?://[\w.\-\[\]:%]{1,150}(/[\w.\-/%]{0,100})?", re.ASCII)
# What one worker needs, with PyPI's CUDA build of torch: at most 550 MB for itself, and a part of 260 MB that all share.
WORKER_BYTES = 700 * 2**20
WEIGHTS_MB = 2_048  # of disk, for the weights and snapshots of all runs
# What students may have at the same time, and how large a run may be.
LIMITS = {
    "MNIST_LAB_STUDENT_RUNS": 200,  # the largest sweep has 160
    "MNIST_LAB_QUEUE": 2_000,
    "MNIST_LAB_GUEST_RUNS": 1_000,
    "MNIST_LAB_PARAMETERS": 50_000_000,
    "MNIST_LAB_EPOCHS": 1_000,
    "MNIST_LAB_SWEEPS": 4,
    "MNIST_LAB_ANALYSES": 10,
    "MNIST_LAB_LESSON_MB": 200,
    "MNIST_LAB_IMAGES_MB": 200,
}
LEAST_RUN_BYTES = 512 * 2**20  # what a run may take in any case
FREE_FRACTION, FREE_MB = 0.05, 1_024  # of the disk, kept free of them: so much of it, at most so many MB
# The server, the cluster's process and the system around them.
SERVER_BYTES = 400 * 2**20
# Server, cluster and one worker, with PyPI's torch: `bench small-host` measures it. Hosts with less train nothing.
LEAST_BYTES = 950 * 10**6
FEW_CORES = 0.5  # of which everything takes long


def home() -> Path:
    """The folder that holds everything this installation keeps; `make_home` makes it."""
    return Path(os.environ.get("MNIST_LAB_HOME") or Path.home() / ".mnist-lab").expanduser()


def make_home() -> Path:
    """The home, made for this account alone. One that was named and is there keeps its permissions; what is ours in it
    does not. Raises OSError."""
    folder = make_private(home(), owned=not os.environ.get("MNIST_LAB_HOME"))
    for name in ("runs.sqlite", "runs.sqlite-wal", "runs.sqlite-shm", "cluster.log", "cluster.lock", "migration.lock"):
        close_to_others(folder / name)
    with suppress(OSError):  # of a disk that is away, for one
        checkpoint_folder().mkdir(mode=0o700, exist_ok=True)
    close_to_others(checkpoint_folder())
    return folder


def make_private(folder: Path, *, owned: bool = True) -> Path:
    """Make the folder for this account alone (0700); one that is there is closed to others, too, where it is `owned`.

    Raises OSError.
    """
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    if owned:
        close_to_others(folder)
    return folder


def close_to_others(place: Path) -> None:
    """Take the permissions of all other accounts from a file or folder, where there is one and it can be done."""
    with suppress(OSError):
        mode = stat.S_IMODE(place.stat().st_mode)
        if mode & 0o077:
            place.chmod(mode & ~0o077)


def open_private(file: Path) -> int:
    """A descriptor to append to the file, which is made for this account alone (0600). Raises OSError."""
    return os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)


def exposed() -> list[Path]:
    """Folders of ours in which other accounts can replace files: the home, where it was made by somebody else."""
    if not hasattr(os, "getuid"):
        return []
    status = home().stat()
    shared = status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX
    return [home()] if shared or status.st_uid not in (0, os.getuid()) else []


def data_folder() -> Path | None:
    """The folder named by MNIST_LAB_DATA, if any."""
    value = os.environ.get("MNIST_LAB_DATA")
    return Path(value).expanduser() if value else None


def lessons_folder() -> Path | None:
    """The folder of a teacher's own lessons, named by MNIST_LAB_LESSONS, if any."""
    value = os.environ.get("MNIST_LAB_LESSONS")
    return Path(value).expanduser() if value else None


def public_url() -> str | None:
    """The app's address as students' browsers reach it, without a slash at its end; None where none that is one is named."""
    value = os.environ.get("MNIST_LAB_URL", "").strip().rstrip("/")
    return value if _URL.fullmatch(value) else None


def teacher_password() -> str | None:
    """What is asked for before a class can be opened, if anything."""
    return os.environ.get("MNIST_LAB_TEACHER_PASSWORD") or None


def store_url() -> str:
    """SQLAlchemy address of the store."""
    return os.environ.get("MNIST_LAB_STORE") or f"sqlite:///{home() / 'runs.sqlite'}"


def weights_in_store() -> bool:
    """Whether the store keeps the weights of runs, for workers on many machines that share no folder."""
    return os.environ.get("MNIST_LAB_WEIGHTS", "").strip().lower() == "store"


def checkpoint_folder() -> Path:
    """The folder of the runs' checkpoints; with workers on many machines, it is shared, or a copy of what the store has."""
    return home() / "checkpoints"


def weights_room() -> int:
    """Bytes on the disk that weights and snapshots of all runs may take; at least 1 MB."""
    value = os.environ.get("MNIST_LAB_WEIGHTS_MB", "")
    return (int(value) if value.isdecimal() and int(value) > 0 else WEIGHTS_MB) << 20


def student_weights_room() -> int:
    """Bytes on the disk that weights and snapshots of one student's runs may take."""
    value = os.environ.get("MNIST_LAB_STUDENT_WEIGHTS_MB", "")
    return int(value) << 20 if value.isdecimal() and int(value) > 0 else weights_room()


def limit(name: str) -> int:
    """How many there may be of what `name` (one of `LIMITS`) counts; the default where the variable is no number above 0."""
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() and int(value) > 0 else LIMITS[name]


def run_memory() -> int:
    """Bytes that a run may take in a worker besides what the worker takes itself."""
    value = os.environ.get("MNIST_LAB_WORKER_MB", "")
    if value.isdecimal() and int(value) > 0:
        return int(value) << 20
    part = (memory_bytes() - SERVER_BYTES) // worker_count() - WORKER_BYTES
    return max(LEAST_RUN_BYTES, part)


def lacking_space() -> int:
    """Bytes by which the disk of the weights has less free than is kept free of them; 0 where there is enough."""
    place = checkpoint_folder()
    try:
        while not place.exists():
            place = place.parent
        disk = shutil.disk_usage(place)
    except OSError:
        return 0  # it is out of reach, and how full it is cannot be said
    value = os.environ.get("MNIST_LAB_FREE_MB", "")
    reserve = int(value) << 20 if value.isdecimal() else min(int(FREE_FRACTION * disk.total), FREE_MB << 20)
    return max(0, reserve - disk.free)


def scheduler_address() -> str | None:
    """Address of a Dask scheduler to use in place of a local cluster."""
    return os.environ.get("MNIST_LAB_SCHEDULER") or None


def scheduler_tls() -> tuple[Path, Path, Path] | None:
    """Files with the certificate authority, the certificate and the key for that scheduler; None: no TLS.

    Raises JobsError where some are named and others not, or one cannot be read.
    """
    values = {name: os.environ.get(name, "") for name in TLS}
    if not any(values.values()):
        if (scheduler_address() or "").startswith("tls://"):
            raise JobsError(
                N_("The MNIST_LAB_SCHEDULER address uses TLS. Set the files that it needs: {names}."),
                names=", ".join(TLS),
            )
        return None
    if missing := [name for name, value in values.items() if not value]:
        raise JobsError(N_("TLS needs three files. Set {names} as well."), names=", ".join(missing))
    files = [Path(value).expanduser() for value in values.values()]
    for name, file in zip(TLS, files, strict=True):
        if not (file.is_file() and os.access(file, os.R_OK)):
            raise JobsError(
                N_("{name} is set to {file}, which is not a readable file. Correct the path or its permissions."),
                name=name,
                file=str(file),
            )
    return files[0], files[1], files[2]


def device() -> str:
    """Where networks are trained: auto, cpu, cuda or mps; see training.devices."""
    return (os.environ.get("MNIST_LAB_DEVICE") or "auto").strip().lower()


def cpu_count() -> int:
    """Cores that this process may use: its affinity, cut by the container's quota, at least 1."""
    return max(1, round(cores()))


def cores() -> float:
    """The same as it is: free hosts give a tenth of a core."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for read in (_quota, _quota_of_version_1):
        with suppress(OSError, ValueError):  # no control group, or one without a quota
            return min(float(count), read())
    return float(count)


def _quota() -> float:
    quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    return int(quota) / int(period)


def _quota_of_version_1() -> float:
    quota, period = (int(Path(f"/sys/fs/cgroup/cpu/cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
    if quota <= 0:
        raise ValueError
    return quota / period


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


def can_train() -> bool:
    """Whether there is memory for a training process; where others train, or somebody has said how many there are to be, that counts."""
    value = os.environ.get("MNIST_LAB_WORKERS", "")
    chosen = scheduler_address() is not None or (value.isdecimal() and int(value) > 0)
    return chosen or memory_bytes() >= LEAST_BYTES


def worker_count() -> int:
    """Worker processes of the local cluster: one a core, at most four, as far as memory reaches, at least one."""
    value = os.environ.get("MNIST_LAB_WORKERS")
    if value and value.isdecimal() and int(value) > 0:
        return int(value)
    fitting = (memory_bytes() - SERVER_BYTES) // WORKER_BYTES
    return int(max(1, min(4, cpu_count(), fitting)))


def frame_ancestors() -> tuple[list[str], list[str]]:
    """Addresses of other sites that may show the app in a frame (`https://moodle.example`, `https://*.example`), and the
    words of the setting that are no such address."""
    return _words("MNIST_LAB_FRAME_ANCESTORS", lambda word: bool(_SITE.fullmatch(word)))


def proxies() -> tuple[list[str], list[str]]:
    """Addresses or networks (`10.0.0.0/8`) of proxies that are believed when they say whose request they pass on, and the
    words of the setting that are neither."""
    return _words("MNIST_LAB_PROXIES", _is_network)


def _words(name: str, valid: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    words = re.split(r"[\s,]+", os.environ.get(name, "").strip())
    return [word for word in words if valid(word)], [word for word in words if word and not valid(word)]


def _is_network(word: str) -> bool:
    try:
        ipaddress.ip_network(word)
    except ValueError:
        return False
    return True
