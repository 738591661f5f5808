"""Files of data sets: read as they are, or refused with a sentence that names the file; old data stay."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from mnist_core import data
from mnist_core.data import digits, folders, idx
from mnist_core.errors import DataFileError, DataFolderError, DataMissingError

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole data set of the right sizes: few digits, many times."""
    folder = tmp_path_factory.mktemp("whole")
    images, labels = digits.draw_digits(1000, 5)
    for split, times in (("train", 60), ("test", 10)):
        idx.write(folder / folders.FILES[f"{split}_images"][0], np.tile(images, (times, 1, 1)))
        idx.write(folder / folders.FILES[f"{split}_labels"][0], np.tile(labels, times))
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    copy = tmp_path / "data"
    shutil.copytree(whole, copy)
    return copy


def test_maps_files_without_copying(whole: Path) -> None:
    dataset = data.load_dataset("other", whole)
    assert dataset.train_images.shape == (60_000, 28, 28)
    assert isinstance(dataset.train_images, np.memmap)
    assert not dataset.train_images.flags.writeable
    assert data.available("other", whole)


def test_real_mnist(mnist: Path) -> None:
    dataset = data.load_dataset("mnist", mnist)
    assert dataset.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    scaled = data.preprocess(dataset.train_images[:5000], "scaled")
    assert scaled.mean() == pytest.approx(data.MEAN, abs=0.003)
    assert data.preprocess(dataset.train_images, "standardized").std() == pytest.approx(1, abs=0.01)


def test_the_variable_names_the_folder(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_DATA", str(whole))
    assert data.load_dataset("other").source == whole
    assert data.preferred() == "other"
    assert data.trouble() is None


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def lengthen(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"x")


def pack(file: Path) -> None:
    file.write_bytes(gzip.compress(file.read_bytes(), 1))


def replace_by_a_page(file: Path) -> None:
    file.write_bytes(b"<html>not found</html>")


def swap_kinds(file: Path) -> None:
    second = file.with_name(LABELS if "images" in file.name else IMAGES)
    spare = file.with_suffix(".x")
    file.rename(spare)
    second.rename(file)
    spare.rename(second)


def swap_splits(file: Path) -> None:
    second = file.with_name(file.name.replace("train", "t10k"))
    spare = file.with_suffix(".x")
    file.rename(spare)
    second.rename(file)
    spare.rename(second)


@pytest.mark.parametrize(
    ("damage", "file", "sentence"),
    [
        (cut, IMAGES, "is incomplete: 47,040,015 of 47,040,016 bytes"),
        (lengthen, LABELS, "too large"),
        (pack, IMAGES, "gzip"),
        (
            replace_by_a_page,
            IMAGES,
            "is not an MNIST file",
        ),
        (swap_kinds, IMAGES, "contains labels instead of images"),
        (swap_splits, IMAGES, "10000×28×28 values instead of 60000×28×28"),
    ],
)
def test_a_damaged_file_is_named_with_the_next_step(folder: Path, damage, file: str, sentence: str) -> None:
    damage(folder / file)
    with pytest.raises(DataFileError, match=sentence) as error:
        data.load_dataset("mnist", folder)
    assert file in str(error.value)


def test_labels_that_are_no_digits(folder: Path) -> None:
    content = bytearray((folder / LABELS).read_bytes())
    content[8 + 100] = 77
    (folder / LABELS).write_bytes(bytes(content))
    with pytest.raises(DataFileError, match="but it contains 77"):
        data.load_dataset("mnist", folder)


def test_labels_that_do_not_fit(folder: Path) -> None:
    idx.write(folder / LABELS, np.zeros(60_000, np.uint8))
    with pytest.raises(DataFileError, match="do not match MNIST: every digit should occur about equally often"):
        data.load_dataset("mnist", folder)


def test_empty_images(folder: Path) -> None:
    idx.write(folder / IMAGES, np.zeros((60_000, 28, 28), np.uint8))
    with pytest.raises(DataFileError, match="empty"):
        data.load_dataset("mnist", folder)


def test_missing_data_say_what_to_do(tmp_path: Path) -> None:
    assert not data.available("mnist")
    with pytest.raises(DataMissingError, match="--dataset built-in"):
        data.load_dataset("mnist")
    with pytest.raises(DataMissingError, match=r"There is no MNIST in .* Found there: nothing"):
        data.load_dataset("mnist", tmp_path)
    with pytest.raises(DataMissingError, match="There is no Fashion-MNIST on this machine"):
        data.load_dataset("fashion-mnist")
    with pytest.raises(DataMissingError, match="--built-in"):
        data.load_dataset("built-in")


def test_a_folder_that_cannot_be_written(home: Path) -> None:
    home.write_text("a file where the folder should be")
    with pytest.raises(DataFolderError, match="MNIST_LAB_HOME"):
        data.ensure_built_in()
    with pytest.raises(DataFolderError, match="MNIST_LAB_HOME"):
        data.ensure_downloaded()
    assert home.read_text() == "a file where the folder should be"


def test_writing_leaves_the_old_file_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "labels"
    idx.write(file, np.arange(3, dtype=np.uint8))
    before = file.read_bytes()

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DataFolderError, match="No space left"):
        idx.write(file, np.arange(4, dtype=np.uint8))
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]
