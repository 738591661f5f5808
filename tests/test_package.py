"""The wheel: what `pip install` brings is the whole program, without the repository."""

from __future__ import annotations

import configparser
import email
import gettext
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import mnist_core
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("*.whl")
    return file


def _tracked(*folders: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="needs the repository")
def test_it_holds_what_the_repository_has(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    assert _tracked("mnist_core") <= held
    beside = {f"mnist_core/app/{name}" for name in _tracked("app.py", "pages", "lessons", ".streamlit")}
    assert beside <= held
    catalogs = {
        f"mnist_core/app/{name}".replace(".po", ".mo") for name in _tracked("locales") if not name.endswith(".py")
    }
    others = {name for name in held if ".dist-info/" not in name} - _tracked("mnist_core") - beside
    assert others == catalogs


def test_its_catalog_speaks_korean(wheel: Path) -> None:
    with zipfile.ZipFile(wheel).open("mnist_core/app/locales/ko/LC_MESSAGES/mnist_lab.mo") as file:
        assert gettext.GNUTranslations(file).gettext("Learning rate") == "학습률"


def test_its_version_requirements_and_commands(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    about = f"mnist_lab-{mnist_core.__version__}.dist-info"
    metadata = email.message_from_bytes(archive.read(f"{about}/METADATA"))
    assert metadata["Version"] == mnist_core.__version__
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    pinned = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line and line[0] != "#"]
    assert sorted(required) == sorted(pinned)
    entries = configparser.ConfigParser()
    entries.read_string(archive.read(f"{about}/entry_points.txt").decode())
    assert dict(entries["console_scripts"]) == {"mnist-lab": "mnist_core.cli:program"}


def test_it_works_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    """Installed into an environment of its own, which finds the libraries where the tests have them."""
    venv.create(tmp_path / "env", with_pip=False)
    packages = next((tmp_path / "env").rglob("site-packages"))
    command = [sys.executable, "-m", "pip", "--python", str(tmp_path / "env"), "install", "-q", "--no-deps"]
    subprocess.run([*command, "--no-index", str(wheel)], check=True, capture_output=True)
    (packages / "libraries.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    programs = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")

    def say(*words: str) -> str:
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert say(str(programs / "mnist-lab"), "--version").strip() == mnist_core.__version__
    code = (
        "import mnist_core.web.redirect as r, mnist_core.lessons.sources as s, mnist_core.settings as t;"
        "print(t.APP, 'train' in r.PAGES, len(list(s.ours().glob('*/en.md'))))"
    )
    app, page, lessons = say(str(programs / "python"), "-c", code).split()
    assert Path(app) == packages / "mnist_core" / "app"
    assert page == "True"
    assert int(lessons) == len(list((ROOT / "lessons").glob("*/en.md")))
