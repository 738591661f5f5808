"""Command lines of an earlier version are understood, and come to the same figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.compatibility import adapter
from tests.compatibility.make_commands import EXECUTED, PARSED

UNKNOWN = "--no-such-option"


def commands(folder: Path) -> Any:
    return json.loads((folder / "commands.json").read_text(encoding="utf-8"))


def near(output: Any, expected: Any, name: str = "") -> bool:
    """Whether a command printed what it printed then; accuracies may differ by an image, times by anything."""
    if isinstance(expected, dict):
        return all(near(output[key], value, key) for key, value in expected.items() if key != "config")
    if isinstance(expected, list):
        return len(output) == len(expected) and all(near(a, b, name) for a, b in zip(output, expected, strict=True))
    if name == "sentence":
        return bool(output == adapter.SENTENCES.get(expected, expected))
    if isinstance(expected, float) and name.startswith("seconds"):
        return True
    if isinstance(expected, float):
        return bool(output == pytest.approx(expected, rel=1e-3, abs=0.011 if "accuracy" in name else 1e-6))
    return bool(output == expected)


def configs(output: dict[str, Any]) -> list[dict[str, Any]]:
    return [run["config"] for run in output.get("runs", [output]) if "config" in run]


@pytest.mark.parametrize("number", range(len(EXECUTED)))
def test_a_command_does_what_it_did(folder: Path, images: Path, number: int) -> None:
    old = commands(folder)["done"][number]
    words = [str(images) if word == "DATA" else word for word in old["words"]]
    status, out, err = adapter.run_command(words)
    assert status == 0, err
    output = adapter.parse_output(out)
    assert near(output, old["said"]), (output, old["said"])
    expected = configs(old["said"])
    assert len(expected) == len(configs(output))
    for new_config, old_config in zip(configs(output), expected, strict=True):
        assert adapter.same_settings(new_config, old_config)


@pytest.mark.parametrize("number", range(len(PARSED)))
def test_every_option_is_known(folder: Path, tmp_path: Path, number: int) -> None:
    """They come to no work, since at their end stands an option that there is not; of no other do they complain."""
    places = {"FILE": str(tmp_path / "file"), "DATA": str(tmp_path)}
    words = [places.get(word, word) for word in commands(folder)["known"][number]]
    status, _out, err = adapter.run_command([*words, UNKNOWN])
    assert status == 2
    assert UNKNOWN in err, err
