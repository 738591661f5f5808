"""MNIST over a network that the test makes: whole, cut, wrong, absent."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torchvision.datasets

from mnist_core import data
from mnist_core.data import digits, folders, idx
from mnist_core.errors import DataError


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """No log."""


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that a local server serves as MNIST's mirror, with four packed files whose sums torchvision expects."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    images, labels = digits.draw_digits(1000, 5)
    resources = []
    hashes = {}
    for part, (file, shape) in folders.FILES.items():
        times = shape[0] // 1000
        values = np.tile(images, (times, 1, 1)) if "images" in part else np.tile(labels, times)
        idx.write(folder / file, values)
        hashes[part] = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        packed = gzip.compress((folder / file).read_bytes(), 1)
        (folder / file).unlink()
        (folder / f"{file}.gz").write_bytes(packed)
        resources.append((f"{file}.gz", hashlib.md5(packed).hexdigest()))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)
    monkeypatch.setitem(folders.KNOWN, (hashes["train_labels"], hashes["test_labels"]), "mnist")
    yield folder
    server.shutdown()
    server.server_close()


def test_fetches_once_with_progress(mirror: Path, home: Path) -> None:
    reports: list[tuple[int, int]] = []
    data.ensure_downloaded("mnist", lambda done, total: reports.append((done, total)))
    assert data.load_dataset("mnist").train_images.shape == (60_000, 28, 28)
    assert reports[-1][0] == reports[-1][1]
    for file in mirror.iterdir():
        file.unlink()
    data.ensure_downloaded()  # here already: asks nobody
    assert [path.name for path in (home / "data").iterdir() if path.is_dir()] == ["MNIST"]


def test_a_wrong_file_leaves_nothing_behind(mirror: Path, home: Path) -> None:
    file = mirror / "t10k-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataError, match="could not be downloaded"):
        data.ensure_downloaded()
    assert not data.available("mnist")
    assert not list((home / "data").rglob("*ubyte*"))


def test_no_network_is_a_sentence(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DataError, match="Check the network connection"):
        data.ensure_downloaded()
