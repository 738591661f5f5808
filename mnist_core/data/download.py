"""Data sets from the Internet, through torchvision: into a folder of their own, moved in place only when they are whole.

Runs in a process of its own; pages see its progress as a fact in the store.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import filelock

from mnist_core import settings
from mnist_core.data import emnist
from mnist_core.data.datasets import available, home_folder, load_dataset
from mnist_core.data.folders import FILES, read
from mnist_core.errors import DataError, DataFolderError, system_reason
from mnist_core.image_sets import SETS, TITLES, KnownName
from mnist_core.messages import N_, message

Progress = Callable[[int, int], None]  # (done, total) in bytes or images
# What can be fetched, and how many bytes come: four gzip files, of EMNIST a zip with all its sets.
DOWNLOADS: Mapping[KnownName, int] = {
    "mnist": 11_594_722,
    "fashion-mnist": 30_878_645,
    "kmnist": 21_240_888,
    "emnist-digits": 561_753_746,
}
NETWORK_SECONDS = 10.0


def ensure_downloaded(name: KnownName = "mnist", progress: Progress | None = None) -> None:
    """Download the data set unless it is here. Old data stay as they are whatever happens.

    Raises DataError where the network, the disk or what came is at fault.
    """
    if available(name):
        return
    folder = settings.home() / "data"
    try:
        settings.make_home()
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / "download.lock"), tempfile.TemporaryDirectory(dir=folder) as temporary:
            if not available(name):
                _fetch(name, Path(temporary), progress)
    except OSError as error:
        raise DataFolderError(
            N_(
                "{data} cannot be saved in {folder} ({reason}). Free some space, make the folder writable, or set MNIST_LAB_HOME to another folder."
            ),
            data=message(TITLES[name]),
            folder=str(folder),
            reason=system_reason(error),
        ) from error


def _fetch(name: KnownName, folder: Path, progress: Progress | None) -> None:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(NETWORK_SECONDS)
    try:
        with _reported(folder, DOWNLOADS[name], progress):
            _by_torchvision(name, folder)
    except Exception as error:
        # torchvision says one of several kinds of error for a network that is down or a file that is wrong.
        raise DataError(
            N_(
                "{data} could not be downloaded ({details}). Check the network connection and try again, or set MNIST_LAB_DATA to a folder that has {data}. Until then you can use the built-in digits."
            ),
            data=message(TITLES[name]),
            details=(str(error).strip().splitlines() or [type(error).__name__])[0],
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    _take_its_place(name, folder / SETS[name].torchvision / "raw")


def _by_torchvision(name: KnownName, folder: Path) -> None:
    """Into `folder`, in torchvision's layout; of EMNIST the digits alone are unpacked, since all its sets take 1.5 GB."""
    from torchvision import datasets
    from torchvision.datasets.utils import download_url

    if name == "emnist-digits":
        raw = folder / "EMNIST" / "raw"
        download_url(datasets.EMNIST.url, str(raw), emnist.ARCHIVE, datasets.EMNIST.md5)
        emnist.unpack(raw / emnist.ARCHIVE, raw)
    else:
        getattr(datasets, SETS[name].torchvision)(str(folder), download=True)


def _take_its_place(name: KnownName, came: Path) -> None:
    """Check what came, which torchvision knows by its sums, and move it home. Raises DataError, OSError."""
    if name == "emnist-digits":
        read(came, emnist.NIST_FILES)
        emnist.make_upright(came)
        return
    load_dataset(name, came)
    target = home_folder(name)
    target.mkdir(parents=True, exist_ok=True)
    for file, _shape in FILES.values():
        packed = came / f"{file}.gz"
        if "labels" in file and packed.exists():
            shutil.move(str(packed), target / packed.name)  # by which KMNIST is known
        shutil.move(str(came / file), target / file)


@contextmanager
def _reported(folder: Path, total: int, progress: Progress | None) -> Iterator[None]:
    """Report how many bytes have come, from the sizes of the packed files, while the body runs."""
    if progress is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            packed = [*folder.rglob("*.gz"), *folder.rglob("*.zip")]
            progress(min(sum(path.stat().st_size for path in packed if path.exists()), total), total)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    progress(total, total)
