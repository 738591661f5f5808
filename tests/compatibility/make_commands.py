"""Command lines that somebody may have written down: every command with every option, and every word of a setting."""

from __future__ import annotations

_COMMON = ["--data", "DATA", "--threads", "1", "--device", "cpu", "--json"]
_SMALL = [
    "--dataset",
    "other",
    "--train-size",
    "200",
    "--validation-size",
    "100",
    "--hidden-layers",
    "4",
    "--batch-size",
    "20",
]

# The tests execute these, too, and compare the output. DATA is the folder of the images.
EXECUTED: list[list[str]] = [
    [
        "train", *_COMMON, *_SMALL, "--preprocessing", "centered", "--label-noise", "0.1", "--model", "mlp",
        "--activation", "leaky-relu", "--initialization", "normal", "--init-std", "0.05", "--dropout", "0.25",
        "--batch-norm", "true", "--loss", "squared-error", "--optimizer", "nesterov", "--learning-rate", "0.02",
        "--momentum", "0.8", "--rho", "0.95", "--beta1", "0.85", "--beta2", "0.99", "--epsilon", "1e-6",
        "--weight-decay", "0.01", "--schedule", "step", "--schedule-epochs", "2", "--schedule-factor", "0.5",
        "--sampling", "replacement", "--epochs", "3", "--early-stopping", "2", "--stop-when-not-finite", "false",
        "--sharpness", "true", "--seed", "3", "--batch-seed", "9",
    ],
    [
        "train", *_COMMON, "--preset", "overfit-and-stop", "--variant", "early stopping", "--dataset", "other",
        "--train-size", "200", "--validation-size", "100", "--hidden-layers", "4", "--epochs", "2",
        "--filters", "2-3", "--kernel-size", "3", "--pooling", "average",
    ],
    [
        "sweep", *_COMMON, *_SMALL, "--learning-rates", "0.05,0.1", "--seeds", "1,2", "--epochs", "1",
        "--preprocessing", "raw",
    ],
    [
        "range-test", *_COMMON, *_SMALL, "--optimizer", "momentum", "--initialization", "glorot",
        "--filters", "4-4", "--kernel-size", "3", "--pooling", "average", "--preprocessing", "standardized",
    ],
]  # fmt: skip

# The tests have these only parsed: an option that there is not stands at their end, and they complain of that one alone.
PARSED: list[list[str]] = [
    ["train", "--curves", "FILE"],
    ["sweep", "--learning-rates", "0.1", "--preset", "lenet", "--variant", "a"],
    ["range-test", "--preset", "lenet", "--variant", "a", "--data", "DATA", "--threads", "1", "--device", "cpu"],
    ["data", "--download", "--built-in", "--data", "DATA"],
    ["backup", "FILE"],
    ["restore", "FILE"],
    ["bench", "training", "--only", "lenet", "--rounds", "1", "--data", "DATA", "--chart", "FILE", "--json", "FILE"],
    ["bench", "--rounds", "1"],
    ["bench", "ui", "--clicks", "1", "--starts", "1", "--data", "DATA", "--json", "FILE"],
    ["bench", "sliders", "--moves", "1", "--data", "DATA", "--json", "FILE"],
    ["bench", "strokes", "--strokes", "1", "--data", "DATA", "--json", "FILE"],
    ["bench", "growth", "--json", "FILE"],
    ["bench", "verdicts", "--cases", "1", "--seed", "1", "--data", "DATA", "--json", "FILE"],
    ["bench", "range-test", "--cases", "1", "--seed", "1", "--data", "DATA", "--json", "FILE"],
    [
        "bench", "photos", "--each", "1", "--seed", "1", "--only", "word", "--network", "lenet", "--data", "DATA",
        "--json", "FILE",
    ],
]  # fmt: skip
