"""The command line as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
    ("words", "status", "said"),
    [
        (("train", "--preset", "two-layer-nat"), 2, "Did you mean two-layer-net?"),
        (("train", "--optimizer", "adm", "--batch-size", "x"), 2, "batch_size cannot be 'x'."),
        (("train", "--learning-rate", "1e9"), 2, "from 1e-06 to 100"),
        (("train", "--lerning-rate", "1"), 2, "no option --lerning-rate (did you mean --learning-rate?)"),
        (("train", "--learning-rat=1"), 2, "no option --learning-rat (did you mean --learning-rate?)"),
        (("train", "--presset", "lenet"), 2, "no option --presset (did you mean --preset?)"),
        (("train", "--zzz", "3"), 2, "no option --zzz. For all options: python -m mnist_core train --help"),
        (("train", "--preset", "optimizer-race", "--variant", "Adams"), 2, "Did you mean Adam?"),
        (("data", "--downlaod"), 2, "no option --downlaod (did you mean --download?)"),
        (("train", "--threads", "0"), 2, "threads must be at least 1"),
        (("sweep", "--learning-rates", ","), 2, "at least one learning rate"),
        (("sweep", "--learning-rates", "0.1,high"), 2, "learning_rate cannot be 'high'."),
        (("sweep", "--learning-rates", "0.1", "--preset", "optimizer-race"), 2, "Choose one with --variant: SGD"),
        (("sweep", "--preset", "lenet"), 2, "--learning-rates"),
        (("sweep", "--learning-rate", "1"), 2, "learning-rates"),
        (("fly",), 2, "invalid choice"),
        (("train", "--data", "/nowhere"), 1, "There is no MNIST in /nowhere"),
        (("train", "--dataset", "built-in"), 1, "python -m mnist_core data --built-in"),
    ],
)
def test_bad_words_are_sentences(words: tuple[str, ...], status: int, said: str) -> None:
    done = lab(*words)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_data_says_what_is_here(mnist: Path) -> None:
    done = lab("data", "--data", str(mnist))
    assert done.stdout.splitlines() == ["MNIST: here", "built-in digits: not here"]
