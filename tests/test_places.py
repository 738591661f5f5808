"""Where things lie on the server is said to who runs it, in the log and on the command line, and to no visitor."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_core import data, jobs, settings
from mnist_core.data.datasets import find
from mnist_core.errors import DataFileError, MnistLabError
from mnist_core.messages import DETAILS, PLACES, Message, message
from mnist_core.networks import weights
from mnist_core.store import open_store
from mnist_core.ui import frame

ROOT = Path(__file__).parents[1]


def test_a_page_shows_the_last_part_of_a_place_and_the_log_all_of_it() -> None:
    sentence = message("The file {file} is cut short.", file="/home/ann/data/train-labels")
    assert sentence.text() == "The file train-labels is cut short."
    assert str(sentence) == "The file /home/ann/data/train-labels is cut short."
    assert sentence.has_places
    outer = message("Why: {problem}", problem=sentence)
    assert (outer.text(), outer.has_places) == ("Why: The file train-labels is cut short.", True)
    assert Message.from_dict(outer.to_dict()).text() == outer.text()
    assert not message("{n} runs", n=3).has_places
    assert message("{store}", store="postgresql+psycopg://ann:***@10.0.0.5/lab").text() == "postgresql+psycopg"
    assert message("{store}", store="sqlite:////home/ann/runs.sqlite").text() == "runs.sqlite"
    assert message("{folder}", folder="/").text() == "…"
    assert message("({details})", details="no host 10.0.0.5").text() == "(see the server's log)"


def no_store() -> None:
    settings.home().mkdir(parents=True)
    (settings.home() / "runs.sqlite").write_bytes(b"no database" * 100)
    open_store()


def no_folder_for_the_store() -> None:
    settings.home().parent.mkdir(parents=True, exist_ok=True)
    settings.home().write_text("a file")
    open_store()


def no_home() -> None:
    settings.home().parent.mkdir(parents=True, exist_ok=True)
    settings.home().write_text("a file")
    jobs.ensure_cluster()


def cut_short() -> None:
    folder = settings.home() / "data" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    (folder / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + bytes(100))
    data.load_dataset("mnist")


@pytest.mark.parametrize(
    "act",
    [
        no_store,
        no_folder_for_the_store,
        no_home,
        cut_short,
        lambda: find("mnist", settings.home()),
        lambda: weights.latest("0123456789"),
    ],
)
def test_errors_name_no_folder_on_pages(act: Callable[[], Any], home: Path) -> None:
    with pytest.raises(MnistLabError) as caught:
        act()
    error = caught.value
    assert str(home.parent) not in error.message.text()
    assert str(home.parent) in str(error)


def test_the_address_of_a_store_shows_neither_host_nor_user(monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    from mnist_core.store.engine import as_sentences

    url = "postgresql+psycopg://lab_user:secret@10.0.0.5:5433/lab_name"
    problem = Exception(
        'connection to server at "10.0.0.5", port 5433 failed: password authentication failed for lab_user'
    )
    with pytest.raises(MnistLabError) as caught, as_sentences(url):
        raise OperationalError("SELECT 1", {}, problem)
    page_text, log_text = caught.value.message.text(), str(caught.value)
    assert not [word for word in ("10.0.0.5", "5433", "lab_user", "lab_name", "secret") if word in page_text]
    assert "10.0.0.5" in log_text
    assert "secret" not in log_text


def test_who_runs_the_server_reads_in_the_log_what_pages_leave_out(caplog: pytest.LogCaptureFixture) -> None:
    error = DataFileError("The file {file} is cut short.", file="/home/ann/labels")
    for _drawing in range(3):
        assert frame.sentence(error) == "The file labels is cut short."
    assert [record.getMessage() for record in caplog.records if record.name == "mnist_lab"] == [
        "The file /home/ann/labels is cut short."
    ]


def test_places_have_the_names_that_pages_leave_out() -> None:
    """Of every value of a sentence that is made of a path or an address."""
    wrong = []
    for file in sorted((ROOT / "mnist_core").rglob("*.py")):
        if "bench" in file.parts or file.name in ("cli.py", "cli_options.py"):
            continue  # the command line
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if not (called.endswith("Error") or called == "message"):
                continue
            for keyword in node.keywords:  # type: ignore[attr-defined]
                made_of = {
                    getattr(node, "id", getattr(node, "attr", ""))
                    for node in ast.walk(keyword.value)
                    if isinstance(node, ast.Name | ast.Attribute)
                }
                is_place = made_of & {"file", "folder", "home", "url", "address", "log_file", "source"}
                if is_place and keyword.arg not in (None, *PLACES, *DETAILS, "package"):
                    wrong.append(f"{file.relative_to(ROOT)}:{node.lineno} {keyword.arg}")  # type: ignore[attr-defined]
    assert wrong == []
