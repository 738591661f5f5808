"""The built-in digits as files, drawn once for all tests of a process: 70,000 of them take seconds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mnist_core import data, settings
from mnist_core.data.datasets import home_folder


def drawn(home: Path) -> Path:
    """Draw them into this home; the folder that they lie in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(home))
        settings.make_home()
        data.ensure_built_in()
        return home_folder("built-in")


def laid(files: Path, home: Path) -> None:
    """Put the files that were drawn into another home: links, since nobody ever changes them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(home))
        settings.make_home()
        folder = home_folder("built-in")
    folder.mkdir(parents=True)
    for file in files.iterdir():
        os.link(file, folder / file.name)
