"""The command line as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_core.cli import main
from tests.conftest import ROOT


def lab(*words: str) -> subprocess.CompletedProcess[str]:
    """`python -m mnist_core` with these words."""
    return subprocess.run(
        [sys.executable, "-m", "mnist_core", *words], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_one_json_object_on_the_last_line(mnist: Path, tmp_path: Path) -> None:
    done = lab(
        "train",
        "--preset",
        "two-layer-net",
        "--learning-rate",
        "1.5",
        "--epochs",
        "20",
        "--data",
        str(mnist),
        "--json",
        "--curves",
        str(tmp_path / "curves.csv"),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["outcome"] == "collapsed"
    assert result["test_accuracy"] < 0.15
    assert result["steps"] == 2_000
    assert result["seconds"] > 0
    assert result["config"]["learning_rate"] == 1.5
    assert (tmp_path / "curves.csv").read_text().startswith("step,epoch,seconds,train_loss")


def test_nan_is_null_in_strict_json(mnist: Path) -> None:
    done = lab(
        "train",
        "--activation",
        "identity",
        "--loss",
        "squared-error",
        "--learning-rate",
        "100",
        "--epochs",
        "1",
        "--train-size",
        "1000",
        "--validation-size",
        "0",
        "--data",
        str(mnist),
        "--json",
    )
    result = json.loads(done.stdout.splitlines()[-1], parse_constant=lambda word: pytest.fail(word))
    assert result["outcome"] == "diverged"
    assert result["train_loss"] is None
    assert result["not_finite_step"] >= 1


def test_an_experiment_of_several_runs(mnist: Path) -> None:
    done = lab(
        "train", "--preset", "optimizer-race", "--epochs", "1", "--train-size", "500", "--data", str(mnist), "--json"
    )
    result = json.loads(done.stdout.splitlines()[-1])
    assert [run["variant"] for run in result["runs"]] == ["SGD", "Momentum", "Adagrad", "RMSprop", "Adam"]


def test_a_sweep_is_one_json_object_too(mnist: Path) -> None:
    words = ("--preset", "two-layer-net", "--learning-rates", "0.1, 0.5,1.5", "--seeds", "0,1", "--epochs", "2")
    done = lab("sweep", *words, "--data", str(mnist), "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert [run["learning_rate"] for run in result["runs"]] == [0.1, 0.5, 1.5] * 2
    assert [run["config"]["seed"] for run in result["runs"]] == [0, 0, 0, 1, 1, 1]
    assert {run["steps"] for run in result["runs"]} == {200}
    assert all(run["outcome"] and 0 < run["test_accuracy"] < 1 for run in result["runs"])
    assert result["seconds"] > 0
    plain = lab("sweep", *words, "--data", str(mnist)).stdout.splitlines()
    assert plain[0].startswith("rate 0.1, seed 0: ")
    assert len(plain) == 7


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("train", "--preset", "two-layer-nat"), 2, "Did you mean two-layer-net?"),
        (("train", "--optimizer", "adm", "--batch-size", "x"), 2, "batch_size cannot be 'x'."),
        (("train", "--learning-rate", "1e9"), 2, "from 1e-6 to 100"),
        (("train", "--batch-norm", "true", "--batch-size", "1"), 2, "at least two images in every batch"),
        (
            ("range-test", "--batch-norm", "true", "--train-size", "101"),
            2,
            "Set train_size to 100, or batch_size to 101",
        ),
        (
            ("sweep", "--learning-rates", "1", "--batch-norm", "true", "--batch-size", "1"),
            2,
            "batch_norm needs at least",
        ),
        (("train", "--lerning-rate", "1"), 2, "no option --lerning-rate (did you mean --learning-rate?)"),
        (("train", "--learning-rat=1"), 2, "no option --learning-rat (did you mean --learning-rate?)"),
        (("train", "--presset", "lenet"), 2, "no option --presset (did you mean --preset?)"),
        (("train", "--zzz", "3"), 2, "no option --zzz. For all options: python -m mnist_core train --help"),
        (("train", "--preset", "optimizer-race", "--variant", "Adams"), 2, "Did you mean Adam?"),
        (("backup",), 2, "arguments are required: FILE"),
        (("backup", "a.zip", "--forse"), 2, "no option --forse. For all options: python -m mnist_core backup --help"),
        (("restore", "/nowhere/a.zip"), 1, "There is no file /nowhere/a.zip. Name a backup."),
        (("data", "--downlaod"), 2, "no option --downlaod (did you mean --download?)"),
        (("train", "--threads", "0"), 2, "threads must be from 1 to 256, not 0"),
        (("train", "--threads", "1000000000000"), 2, "threads must be from 1 to 256"),
        (("train", "--dropout=--"), 2, "Argument --dropout: expected a value, got --."),
        (("sweep", "--learning-rates=--"), 2, "Argument --learning-rates: expected a value, got --."),
        (("bench", "ui", "--clicks=--"), 2, "Argument --clicks: expected a value, got --."),
        (("bench", "ui", "--click", "3"), 2, "no option --click (did you mean --clicks?)"),
        (("train", "--lr", "0.1"), 2, "no option --lr (did you mean --learning-rate?)"),
        (("sweep", "--learning-rates", "1", "--bs=32"), 2, "no option --bs (did you mean --batch-size?)"),
        (("train", "--wd", "0.1"), 2, "no option --wd (did you mean --weight-decay?)"),
        (("train", "--layers", "50"), 2, "no option --layers (did you mean --hidden-layers?)"),
        (("train", "--batch_size", "50"), 2, "no option --batch_size (did you mean --batch-size?)"),
        (
            ("train", "--variant", "Adam"),
            2,
            "--variant Adam belongs to an experiment. Name the experiment with --preset.",
        ),
        (("range-test", "--epochs", "3"), 2, "Range-test sets --epochs by itself: leave it out."),
        (("train", "--curves", "/nowhere/curves.csv"), 2, "'/nowhere/curves.csv' cannot be written (No such file"),
        (("train", "--curves", ""), 2, "'' cannot be written (Is a directory)"),
        (("bench", "growth", "--json", "/nowhere/a.json"), 2, "'/nowhere/a.json' cannot be written"),
        (("sweep", "--learning-rates", ","), 2, "at least one learning rate"),
        (("sweep", "--learning-rates", "0.1,high"), 2, "learning_rate cannot be 'high'."),
        (("sweep", "--learning-rates", "0.1", "--preset", "optimizer-race"), 2, "Choose one with --variant: SGD"),
        (("sweep", "--preset", "lenet"), 2, "--learning-rates"),
        (("sweep", "--learning-rate", "1"), 2, "learning-rates"),
        (("fly",), 2, "invalid choice"),
        (("train", "--data", "/nowhere"), 1, "There is no folder /nowhere"),
        (("train", "--dataset", "built-in"), 1, "python -m mnist_core data --built-in"),
    ],
)
def test_bad_words_are_sentences(
    words: tuple[str, ...], status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        ended = main(words)
    except SystemExit as end:
        ended = int(str(end.code))
    assert ended == status
    assert sentence in capsys.readouterr().err


def test_a_bad_word_ends_the_process_with_a_sentence() -> None:
    done = lab("train", "--dropout=--")
    assert done.returncode == 2
    assert done.stderr.startswith("Argument --dropout: expected a value, got --.")


def test_a_range_test_takes_the_device_that_is_named(mnist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["range-test", "--data", str(mnist), "--device", "tpu"]) == 1
    assert "must be one of auto, cpu, cuda, mps, not 'tpu'" in capsys.readouterr().err


def test_a_result_is_said_though_the_curves_cannot_be_written(mnist: Path) -> None:
    words = ("train", "--epochs", "1", "--train-size", "500", "--validation-size", "0", "--data", str(mnist), "--json")
    done = lab(*words, "--curves", "/dev/full")
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["steps"] == 5
    assert "The curves cannot be written to /dev/full (No space left on device)." in done.stderr
    assert "Traceback" not in done.stderr


def test_trying_whether_curves_can_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    existing = tmp_path / "there.csv"
    existing.write_text("mine")
    for name in ("there.csv", "new.csv"):
        assert lab("train", "--curves", str(tmp_path / name), "--data", "/nowhere").returncode == 1
    assert {file.name: file.read_text() for file in tmp_path.iterdir() if file.is_file()} == {"there.csv": "mine"}


def test_a_reader_that_has_enough_gets_no_traceback() -> None:
    command = f"{sys.executable} -m mnist_core data | true"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""


def test_data_says_what_is_here(mnist: Path) -> None:
    done = lab("data", "--data", str(mnist))
    assert done.stdout.splitlines() == [
        f"MNIST: here, in {mnist / 'MNIST' / 'raw'}",
        "Fashion-MNIST: not here",
        "KMNIST: not here",
        "EMNIST digits: not here",
        "built-in digits: not here",
    ]
