"""Command lines of an earlier version are understood, and come to the same figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.compatibility import today
from tests.compatibility.making_commands import DONE, KNOWN

NONE = "--no-such-option"


def told(folder: Path) -> Any:
    return json.loads((folder / "commands.json").read_text(encoding="utf-8"))


def near(found: Any, wanted: Any, name: str = "") -> bool:
    """Whether a command said what it said then; accuracies may differ by an image, times by anything."""
    if isinstance(wanted, dict):
        return all(near(found[key], value, key) for key, value in wanted.items() if key != "config")
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(near(a, b, name) for a, b in zip(found, wanted, strict=True))
    if name == "sentence":
        return bool(found == today.SENTENCES.get(wanted, wanted))
    if isinstance(wanted, float) and name.startswith("seconds"):
        return True
    if isinstance(wanted, float):
        return bool(found == pytest.approx(wanted, rel=1e-3, abs=0.011 if "accuracy" in name else 1e-6))
    return bool(found == wanted)


def configs(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["config"] for one in said.get("runs", [said]) if "config" in one]


@pytest.mark.parametrize("number", range(len(DONE)))
def test_a_command_does_what_it_did(folder: Path, images: Path, number: int) -> None:
    old = told(folder)["done"][number]
    words = [str(images) if word == "DATA" else word for word in old["words"]]
    status, out, err = today.commanded(words)
    assert status == 0, err
    found = today.said(out)
    assert near(found, old["said"]), (found, old["said"])
    wanted = configs(old["said"])
    assert len(wanted) == len(configs(found))
    for here, then in zip(configs(found), wanted, strict=True):
        assert today.same_settings(here, then)


@pytest.mark.parametrize("number", range(len(KNOWN)))
def test_every_option_is_known(folder: Path, tmp_path: Path, number: int) -> None:
    """They come to no work, since at their end stands an option that there is not; of no other do they complain."""
    places = {"FILE": str(tmp_path / "file"), "DATA": str(tmp_path)}
    words = [places.get(word, word) for word in told(folder)["known"][number]]
    status, _out, err = today.commanded([*words, NONE])
    assert status == 2
    assert NONE in err, err
