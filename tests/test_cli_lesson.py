"""`lesson check` and `lesson run` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mnist_core import lessons
from mnist_core.cli import main
from mnist_core.lessons import Source
from tests.lessons.pictures import PNG
from tests.lessons.test_reader import HEAD, WHOLE

CLAIMING = (
    HEAD
    + """
```run good
change: {train_size: 1000, validation_size: 500, hidden_layers: [20], batch_size: 50}
light: {epochs: 1}
expect:
  built-in: {outcome: completed, train_accuracy: [0.5, 1]}
expect_light:
  built-in: {train_accuracy: [0.99, 1]}
```

```run silent
change: {train_size: 100, validation_size: 0, epochs: 1}
```
"""
)


def put(folder: Path, **texts: str) -> Path:
    folder.mkdir()
    for language, text in texts.items():
        (folder / f"{language}.md").write_text(text, encoding="utf-8")
    return folder


def test_a_lesson_without_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = put(tmp_path / "one", en=WHOLE)
    (folder / "loss.png").write_bytes(PNG)
    for place in (tmp_path, folder, folder / "en.md"):
        assert main(["lesson", "check", str(place)]) == 0
        assert capsys.readouterr().out == f"{folder / 'en.md'}: nothing is wrong (13 blocks)\n"


def test_every_fault_of_every_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = put(tmp_path / "one", en=HEAD + "<b>\n\n```run x\nchnage: {}\n```", ko=HEAD)
    two = put(tmp_path / "two", ko="nothing")
    assert main(["lesson", "check", str(one), str(two)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in said] == [
        f"{one / 'en.md'}:6",
        f"{one / 'en.md'}:9",
        f"{two / 'ko.md'}:1",
    ]
    assert "Did you mean change?" in said[1]


NOTE = "```note a\nask: x\n```\n"
RUN = "```run b\nchange: {epochs: 3}\n```\n"
DIFFERENT = {
    "a block that is missing": (NOTE, "", "The block a is in en.md, but not here"),
    "a block more": ("", NOTE, "The block a is not in en.md"),
    "other settings": (RUN, RUN.replace("3", "4"), "The block b says something else in en.md (line 6)"),
    "another right answer": (
        "```question a\nask: x\nanswers: [{text: a, right: true}, {text: b}]\n```",
        "```question a\nask: x\nanswers: [{text: a}, {text: b, right: true}]\n```",
        "The block a says something else",
    ),
    "another order": (NOTE + RUN, RUN + NOTE, "another order"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_languages_differ_in_words_alone(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    english, korean, words = DIFFERENT[name]
    assert main(["lesson", "check", str(put(tmp_path / "one", en=HEAD + english, ko=HEAD + korean))]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert "en.md: nothing is wrong" in captured.out


def test_other_words_are_no_difference(tmp_path: Path) -> None:
    folder = put(tmp_path / "one", en=HEAD + NOTE + RUN, ko=HEAD + "글\n\n" + NOTE.replace("x", "글") + RUN)
    assert main(["lesson", "check", str(folder)]) == 0


def test_a_zip_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "one.zip"
    file.write_bytes(lessons.packed(Source("one", {"en": HEAD, "ko": "x"})))
    assert main(["lesson", "check", str(file)]) == 2
    captured = capsys.readouterr()
    assert captured.out == f"{file} (en): nothing is wrong (0 blocks)\n"
    assert captured.err.startswith(f"{file} (ko):1: ")


@pytest.mark.parametrize("place", ["nowhere", "empty", "no.zip", "half.md"])
def test_what_is_no_lesson_is_a_sentence(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.zip").write_bytes(b"x")
    (tmp_path / "half.md").write_bytes(b"\xff")
    assert main(["lesson", "check", str(tmp_path / place)]) == 1
    assert place in capsys.readouterr().err.splitlines()[0] or place == "no.zip"


def test_a_file_with_faults_is_not_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lesson", "run", str(put(tmp_path / "one", en="x"))]) == 2
    assert "must begin with" in capsys.readouterr().err


def test_what_a_lesson_claims_is_trained_and_said(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["lesson", "run", str(put(tmp_path / "one", en=CLAIMING)), "--data", str(drawn), "--dataset", "built-in"]
    assert main(words) == 0
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in table[2:]] == [
        ["good", "outcome"],
        ["good", "train_accuracy"],
        ["silent", "–"],
    ]
    assert [line.endswith("ok") for line in table[2:]] == [True, True, False]
    assert main([*words, "--light", "--json"]) == 1
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    (claim,) = found["lessons"][0]["claims"]
    assert (claim["block"], claim["what"], claim["holds"]) == ("good", "train_accuracy", False)
    assert found["lessons"][0]["came"]["silent"]["outcome"] == "completed"
