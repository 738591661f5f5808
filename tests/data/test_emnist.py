"""EMNIST's digits: known by the labels in its zip, transposed in its files, upright where they are used."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torchvision.datasets.utils

from mnist_core import data
from mnist_core.data import emnist, folders, idx
from mnist_core.errors import DataError, DataFileError, DataMissingError

SIZES = {"train": 400, "test": 100}  # stand-ins for 240,000 and 40,000


def _few(files: emnist.Files) -> emnist.Files:
    """The same files, shorter."""
    return {part: (name, (SIZES[part.partition("_")[0]], *shape[1:])) for part, (name, shape) in files.items()}


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as torchvision leaves it: NIST's files, transposed, and the zip with all sets beside them."""
    nist, own = _few(emnist.NIST_FILES), _few(emnist.FILES)
    monkeypatch.setattr(emnist, "NIST_FILES", nist)
    monkeypatch.setattr(emnist, "FILES", own)
    folder = tmp_path / "named" / "EMNIST" / "raw"
    with_ink = np.zeros((400, 28, 28), np.uint8)
    with_ink[:, 20, 3] = 255  # upright: low and on the left
    labels = np.tile(np.arange(10, dtype=np.uint8), 40)
    for part, (name, shape) in nist.items():
        idx.write(folder / name, with_ink[: shape[0]].transpose(0, 2, 1) if "images" in part else labels[: shape[0]])
    with zipfile.ZipFile(folder / emnist.ARCHIVE, "w") as archive:
        for name, _shape in nist.values():
            archive.writestr(f"gzip/{name}.gz", gzip.compress((folder / name).read_bytes(), 1))
    packed = emnist.packed_labels(folder)
    assert packed is not None
    monkeypatch.setattr(folders, "KNOWN_EMNIST", {hashlib.sha256(packed).hexdigest()})
    return folder


def test_images_are_upright_and_mapped(raw: Path, home: Path) -> None:
    folder = raw.parents[1]
    assert data.available("emnist-digits", folder)
    dataset = data.load_dataset("emnist-digits", folder)
    assert dataset.train_images.shape == (400, 28, 28)
    assert dataset.test_images.shape == (100, 28, 28)
    assert (dataset.train_images[:, 20, 3] == 255).all()
    assert dataset.train_images.sum() == 400 * 255
    assert isinstance(dataset.train_images, np.memmap)
    assert dataset.source == home / "data" / "EMNISTDigits" / "raw"
    for file in raw.iterdir():
        file.unlink()
    assert data.load_dataset("emnist-digits").train_labels[:3].tolist() == [0, 1, 2]  # what was turned once stays


def test_as_many_images_with_other_labels_are_not_emnist(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "KNOWN_EMNIST", {"0" * 64})
    assert not data.available("emnist-digits", raw)
    with pytest.raises(DataFileError, match="not those of EMNIST digits"):
        data.load_dataset("emnist-digits", raw)
    assert not data.available("other", raw)


def test_emnist_in_the_folder_of_mnist_is_said_by_name(raw: Path) -> None:
    with pytest.raises(DataFileError, match=r"are EMNIST digits, not MNIST.*--dataset emnist-digits"):
        data.load_dataset("mnist", raw)


def test_an_empty_folder_is_told_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="EMNIST/raw/emnist-digits-train-images-idx3-ubyte"):
        data.load_dataset("emnist-digits", tmp_path)


def test_fetched_from_the_zip_without_its_other_sets(raw: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (raw / emnist.ARCHIVE).read_bytes()

    def download(url: str, root: str, filename: str, md5: str) -> None:
        Path(root).mkdir(parents=True)
        Path(root, filename).write_bytes(content)

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    reports: list[tuple[int, int]] = []
    data.ensure_downloaded("emnist-digits", lambda done, total: reports.append((done, total)))
    assert reports[-1][0] == reports[-1][1]
    assert (data.load_dataset("emnist-digits").train_images[:, 20, 3] == 255).all()
    left = {path.name for path in (home / "data").rglob("*") if path.is_file()}
    assert {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"} < left
    assert not any(name.endswith(".zip") or name.startswith("emnist-digits-train-images") for name in left)


def test_a_zip_without_the_digits_leaves_nothing_behind(raw: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(url: str, root: str, filename: str, md5: str) -> None:
        Path(root).mkdir(parents=True)
        with zipfile.ZipFile(Path(root, filename), "w") as archive:
            archive.writestr("gzip/emnist-letters-train-labels-idx1-ubyte.gz", b"")

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    with pytest.raises(DataError, match=r"EMNIST digits could not be downloaded"):
        data.ensure_downloaded("emnist-digits")
    assert not data.available("emnist-digits")
    assert not list((home / "data").rglob("*ubyte*"))
