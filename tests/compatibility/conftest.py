"""What an earlier version left, for tests of this one: a home on disk, exported files, and what its store said of them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_core.store import Store
from tests.compatibility import adapter

FOLDERS = sorted(Path(__file__).parent.glob("20*"))


@pytest.fixture(scope="session", params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    """The files of one earlier version."""
    path: Path = request.param
    return path


@pytest.fixture(scope="session")
def expected(folder: Path) -> dict[str, Any]:
    """What the store of that version said of all that was in it."""
    fields: dict[str, Any] = json.loads((folder / "store.json").read_text(encoding="utf-8"))
    return fields


@pytest.fixture(scope="session")
def digits(folder: Path) -> Mapping[str, NDArray[np.uint8]]:
    """The images that its runs were trained on."""
    with np.load(folder / "digits.npz", allow_pickle=False) as file:
        return {name: file[name] for name in ("images", "labels")}


@pytest.fixture(scope="session")
def images(digits: Mapping[str, NDArray[np.uint8]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has them as a data set."""
    path = tmp_path_factory.mktemp("images")
    adapter.write_images(path, digits)
    return path


def unpack(folder: Path, home: Path) -> None:
    with zipfile.ZipFile(folder / "home.zip") as archive:
        archive.extractall(home)


@pytest.fixture
def old_home(folder: Path, home: Path, images: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home as that version left it, with its images; it is the one of the settings."""
    monkeypatch.setenv("MNIST_LAB_DATA", str(images))
    unpack(folder, home)
    return home


@pytest.fixture
def store(old_home: Path) -> Iterator[Store]:
    """Its store, opened by this version."""
    with adapter.opened() as opened:
        yield opened
