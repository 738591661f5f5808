"""How often photos of digits are read right: made photos of many kinds, and a network trained for them on MNIST.

*Right*: one digit was found and the network named it. *Sure and wrong*: it named another one with more than 90 %. *Asked*:
several things might have been meant, and the page lets the student choose; *nothing*: the page says that there is no digit.
For two digits asking is right, for blank paper to find nothing. The digits are those of the second half of MNIST's test
images: the first half was used while the reader was built.
"""

from __future__ import annotations

import json
import statistics
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mnist_core import presets
from mnist_core.bench.photo_kinds import KINDS, photo
from mnist_core.bench.photographs import Digits
from mnist_core.bench.report import cannot_write, describe_machine
from mnist_core.config import RunConfig
from mnist_core.data import Dataset, pictures
from mnist_core.data.drawing import like_mnist
from mnist_core.errors import DataFileError
from mnist_core.networks import forward

SURE = 0.9
Outcome = Literal["right", "sure and wrong", "wrong", "asked", "nothing"]


@dataclass(frozen=True)
class Case:
    """One photo: its kind, what is on it, what came of it, and the seconds of a core that reading it took."""

    kind: str
    labels: tuple[int, ...]
    came: Outcome
    drawn: bool  # whether the network names the same ink before it is photographed
    fraction: float  # of the network's answer; 0 without one
    seconds: float

    @property
    def right(self) -> bool:
        """Whether that is what should come."""
        return self.came == ("right" if len(self.labels) == 1 else "asked" if self.labels else "nothing")


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network."""

    config: RunConfig
    weights: forward.Weights
    accuracy: float  # on all test images as they are

    def answer(self, image: Any) -> tuple[int, float]:
        """Its digit for a 28×28 image, and how sure it is."""
        probabilities = forward.probabilities(self.config, self.weights, image[None])[0]
        return int(probabilities.argmax()), float(probabilities.max())


def trained(preset: str, dataset: Dataset) -> Network:
    """The network of a preset, trained."""
    from mnist_core.training import train

    result = train(presets.preset(preset).config, dataset)
    weights = {name: tensor.detach().contiguous().numpy() for name, tensor in result.model.state_dict().items()}
    return Network(result.config, weights, float(result.result["test_accuracy"]))


def make_case(kind: str, number: int, seed: int, digits: Digits, network: Network) -> Case:
    """Make one photo and read it."""
    sample = photo(kind, digits, np.random.default_rng([seed, zlib.crc32(kind.encode()), number]))
    start = time.process_time()
    try:
        candidates = pictures.read(sample.content).candidates
    except DataFileError:
        candidates = ()
    seconds = time.process_time() - start
    drawn = all(network.answer(image)[0] == label for image, label in zip(sample.images, sample.labels, strict=True))
    if len(candidates) != 1:
        return Case(kind, sample.labels, "asked" if candidates else "nothing", drawn, 0.0, seconds)
    digit, fraction = network.answer(like_mnist(candidates[0].ink))
    wrong: Outcome = "sure and wrong" if fraction > SURE else "wrong"
    return Case(kind, sample.labels, "right" if (digit,) == sample.labels else wrong, drawn, fraction, seconds)


def run(each: int, seed: int, kinds: Sequence[str], preset: str, dataset: Dataset, file: Path | None = None) -> str:
    """Try `each` photos of each kind (default: all); the report as Markdown. `file` gets all cases as JSON."""
    network = trained(preset, dataset)
    half = len(dataset.test_labels) // 2
    digits = Digits(dataset.test_images[half:], dataset.test_labels[half:])
    cases = [make_case(kind, number, seed, digits, network) for kind in kinds or KINDS for number in range(each)]
    if file is not None:
        try:
            file.write_text(json.dumps([asdict(case) for case in cases]), encoding="utf-8")
        except OSError as error:
            raise cannot_write(file, error) from error
    about = f"{preset}, {network.accuracy:.1%} on the test images; seed {seed}, {each} photos of each kind."
    return "\n".join([describe_machine({}), "", about, "", *report(cases)])


def report(cases: Sequence[Case]) -> list[str]:
    """A Markdown table: a row for each kind, in percent of its photos."""
    columns: tuple[Outcome, ...] = ("right", "sure and wrong", "wrong", "asked", "nothing")
    head = ["kind", *(f"{outcome}, %" for outcome in columns), "the ink itself right, %", "median ms of a core"]
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for kind in dict.fromkeys(case.kind for case in cases):
        cases_of_kind = [case for case in cases if case.kind == kind]
        outcomes = Counter(case.came for case in cases_of_kind)
        milliseconds = statistics.median(case.seconds for case in cases_of_kind) * 1_000
        counts = [*(outcomes[outcome] for outcome in columns), sum(case.drawn for case in cases_of_kind)]
        lines.append([kind, *(f"{100 * count / len(cases_of_kind):.0f}" for count in counts), f"{milliseconds:.0f}"])
    table = ["| " + " | ".join(line) + " |" for line in lines]
    right, sure = sum(case.right for case in cases), sum(case.came == "sure and wrong" for case in cases)
    return [*table, "", f"As it should be: {right} of {len(cases)}; sure and wrong: {sure}."]
