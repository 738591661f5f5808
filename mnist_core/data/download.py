"""MNIST from the Internet, through torchvision: into a folder of its own, moved in place only when it is whole.

Runs in a process of its own; pages see its progress as a fact in the store.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from mnist_core import settings
from mnist_core.data.datasets import available, home_folder, load_dataset
from mnist_core.data.folders import FILES
from mnist_core.errors import DataError, DataFolderError
from mnist_core.messages import N_

Progress = Callable[[int, int], None]  # (done, total) in bytes or images
PACKED_BYTES = 11_594_722  # the four gzip files
NETWORK_SECONDS = 10.0


def ensure_mnist(progress: Progress | None = None) -> None:
    """Download MNIST unless it is here. Old data stay as they are whatever happens.

    Raises DataError where the network, the disk or what came is at fault.
    """
    if available("mnist"):
        return
    folder = settings.home() / "data"
    try:
        settings.make_home()
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / "download.lock"), tempfile.TemporaryDirectory(dir=folder) as name:
            if not available("mnist"):
                _fetch(Path(name), progress)
    except OSError as error:
        raise DataFolderError(
            N_(
                "MNIST cannot be saved in {folder} ({reason}). Free some space, make the folder writable, or set MNIST_LAB_HOME to another folder."
            ),
            folder=str(folder),
            reason=error.strerror or str(error),
        ) from error


def _fetch(folder: Path, progress: Progress | None) -> None:
    from torchvision.datasets import MNIST

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(NETWORK_SECONDS)
    try:
        with _reported(folder, progress):
            MNIST(str(folder), download=True)
    except Exception as error:
        # torchvision says one of several kinds of error for a network that is down or a file that is wrong.
        raise DataError(
            N_(
                "MNIST could not be downloaded ({details}). Check the network connection and try again, or set MNIST_LAB_DATA to a folder that has MNIST. Until then you can use the built-in digits."
            ),
            details=(str(error).strip().splitlines() or [type(error).__name__])[0],
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    load_dataset("mnist", folder)  # what came is checked before it takes its place
    target = home_folder("mnist")
    target.mkdir(parents=True, exist_ok=True)
    for file, _shape in FILES.values():
        shutil.move(str(folder / "MNIST" / "raw" / file), target / file)


@contextmanager
def _reported(folder: Path, progress: Progress | None) -> Iterator[None]:
    """Report how many bytes have come, from the sizes of the packed files, while the body runs."""
    if progress is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            sizes = [path.stat().st_size for path in folder.rglob("*.gz") if path.exists()]
            progress(min(sum(sizes), PACKED_BYTES), PACKED_BYTES)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    progress(PACKED_BYTES, PACKED_BYTES)
