"""Which data set lies in a folder, whatever its files are called; and a sentence for everything that is none."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from mnist_core import data
from mnist_core.data import digits, folders, idx
from mnist_core.errors import DataError, DataFileError, DataFolderError, DataMissingError
from tests.conftest import wait_until

NAMES = folders.NAMES
LABELS = "train-labels-idx1-ubyte"


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    """Labels as Fashion-MNIST and KMNIST have them: as many of each class."""
    return np.tile(np.arange(10, dtype=np.uint8), 6_000)


@pytest.fixture
def folder(tmp_path: Path, labels: np.ndarray) -> Path:
    """A folder with four whole files that nobody knows."""
    path = tmp_path / "data"
    images, _labels = digits.draw_digits(100, 5)
    for part, (file, shape) in folders.FILES.items():
        count = shape[0]
        idx.write(path / file, np.tile(images, (count // 100, 1, 1)) if "images" in part else labels[:count])
    return path


def known_as(name: data.folders.DatasetName, folder: Path, monkeypatch: pytest.MonkeyPatch, packed: str = "") -> None:
    """Let the labels in `folder` be those of `name`."""
    files = [folder / f"{folders.FILES[part][0]}{packed}" for part in ("train_labels", "test_labels")]
    hashes = tuple(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    monkeypatch.setitem(folders.KNOWN_PACKED if packed else folders.KNOWN, hashes, name)


def test_mnist_is_known_by_its_published_hashes(mnist: Path) -> None:
    assert folders.identify(mnist / "MNIST" / "raw") == "mnist"
    assert data.available("mnist", mnist)
    assert not data.available("other", mnist)


def test_data_that_are_not_mnist_are_never_called_mnist(folder: Path) -> None:
    assert not data.available("mnist", folder)
    with pytest.raises(DataFileError, match=r"not those of MNIST.*--dataset other"):
        data.load_dataset("mnist", folder)
    assert data.load_dataset("other", folder).name == "other"


def test_fashion_mnist_is_said_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known_as("fashion-mnist", folder, monkeypatch)
    with pytest.raises(DataFileError, match=r"are Fashion-MNIST, not MNIST.*--dataset fashion-mnist"):
        data.load_dataset("mnist", folder)
    assert data.load_dataset("fashion-mnist", folder).name == "fashion-mnist"
    monkeypatch.setenv("MNIST_LAB_DATA", str(folder))
    assert data.preferred() == "fashion-mnist"


def test_kmnist_is_known_by_the_packed_files_beside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        if "labels" in name:
            (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
    known_as("kmnist", folder, monkeypatch, ".gz")
    assert data.load_dataset("kmnist", folder).name == "kmnist"


def test_the_labels_of_one_set_and_the_test_labels_of_another_are_neither(
    mnist: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_as("fashion-mnist", folder, monkeypatch)
    shutil.copy(mnist / "MNIST" / "raw" / LABELS, folder / LABELS)
    assert folders.identify(folder) == "other"


def test_a_file_that_changes_is_looked_at_again(
    folder: Path, labels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_as("kmnist", folder, monkeypatch)
    assert folders.identify(folder) == "kmnist"
    idx.write(folder / LABELS, labels[::-1].copy())
    assert folders.identify(folder) == "other"


def pack(folder: Path) -> None:
    for name in NAMES:
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes(), 1))
        (folder / name).unlink()


def put_dots(folder: Path) -> None:
    for name in NAMES:
        (folder / name).rename(folder / name.replace("-idx", ".idx"))


def take_half(folder: Path) -> None:
    for name in NAMES:
        if name.startswith("t10k"):
            (folder / name).unlink()


def put_into_folders(folder: Path) -> None:
    for name in NAMES:
        file = (folder / name).rename(folder / "moved")
        (folder / name).mkdir()
        file.rename(folder / name / name)


def make_a_pipe(folder: Path) -> None:
    (folder / LABELS).unlink()
    os.mkfifo(folder / LABELS)


def leave_other_things(folder: Path) -> None:
    shutil.rmtree(folder)
    (folder / "archive").mkdir(parents=True)


def make_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder")


@pytest.mark.parametrize(
    ("damage", "kind", "sentence"),
    [
        (
            pack,
            DataFileError,
            "still compressed with gzip: train-images-idx3-ubyte, .*\\. Decompress them with gunzip -k .*data/\\*\\.gz",
        ),
        (put_dots, DataFileError, r"a dot instead of a hyphen \(train-images\.idx3-ubyte\)\. Rename"),
        (
            take_half,
            DataFileError,
            "are missing in .*: t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte. Copy them there",
        ),
        (put_into_folders, DataFileError, "train-images-idx3-ubyte is a folder, not a file. Replace the folder"),
        (make_a_pipe, DataFileError, "train-labels-idx1-ubyte is not a regular file"),
        (leave_other_things, DataMissingError, "Found there: archive"),
        (make_a_file, DataMissingError, "is a file. Choose the folder that contains the four files of MNIST"),
        (shutil.rmtree, DataMissingError, "There is no folder .*data. Choose one that contains MNIST"),
    ],
)
def test_what_lies_there_and_what_to_do(folder: Path, damage, kind: type[DataError], sentence: str) -> None:
    damage(folder)
    assert not data.available("mnist", folder)
    with pytest.raises(kind, match=sentence):
        data.load_dataset("mnist", folder)


def test_reading_a_pipe_does_not_wait_for_a_writer(folder: Path) -> None:
    make_a_pipe(folder)
    messages: list[str] = []

    def read_labels() -> None:
        try:
            idx.read(folder / LABELS, (60_000,))
        except DataFileError as error:
            messages.append(str(error))

    threading.Thread(target=read_labels, daemon=True).start()
    wait_until(lambda: messages)
    assert "it is no ordinary file" in messages[0]


@contextmanager
def unprivileged() -> Iterator[None]:
    """As a user who may not read everything; who runs the tests may be root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_may_not_be_read(folder: Path) -> None:
    data.available("mnist", folder)  # what is imported late is there now
    folder.chmod(0)
    try:
        with unprivileged():
            assert not data.available("mnist", folder)
            with pytest.raises(DataFolderError, match=r"cannot be read .*Permission denied.*Make it readable"):
                data.load_dataset("mnist", folder)
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("name", ["a" * 5_000, "nul\0", ""])
def test_a_name_that_no_folder_can_have(name: str) -> None:
    assert not data.available("mnist", name)
    with pytest.raises(DataError):
        data.load_dataset("mnist", name)


def test_a_broken_variable_does_not_hide_mnist_at_home(
    mnist: Path, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "data").mkdir(parents=True)
    (home / "data" / "MNIST").symlink_to(mnist / "MNIST")
    take_half(folder)
    monkeypatch.setenv("MNIST_LAB_DATA", str(folder))
    assert data.available("mnist")
    assert data.preferred() == "mnist"
    assert data.load_dataset("mnist").source == home / "data" / "MNIST" / "raw"
    assert "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte. Copy them" in str(data.trouble())


def test_a_broken_variable_is_told_where_nothing_else_is_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(folder)
    monkeypatch.setenv("MNIST_LAB_DATA", str(folder))
    assert data.preferred() == "built-in"
    with pytest.raises(DataFileError, match="gunzip"):
        data.load_dataset("mnist")
