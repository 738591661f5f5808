"""Turns, ratios and targets, without any contestant at work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mnist_core.bench import contests, training
from mnist_core.bench.contests import Contest, ratio
from mnist_core.bench.process import Answer, Entry
from mnist_core.bench.report import Figure
from mnist_core.bench.work import Work
from mnist_core.config import RunConfig

SECONDS = {"floor": 1.0, "ours-updates": 1.2, "ours-run": 1.5, "torch-sliced": 3.0, "torch-loader": 2.4}


class FakeProcess:
    """Does nothing, in the seconds of SECONDS; `asked` is what it was told. keras-jax is missing."""

    asked: list[tuple[str, int]]
    started: list[list[str]]

    def __init__(self, works: Sequence[Work], folder: Path) -> None:
        self.entries = [Entry(work, {"torch": "2"}) for work in works]
        self.started.append([work.contestant for work in works])

    def __enter__(self) -> FakeProcess:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def wait_ready(self) -> None:
        for entry in self.entries:
            entry.absent = "not installed" if entry.work.contestant == "keras-jax" else ""

    def ask(self, index: int, number: int) -> None:
        self.asked.append((self.entries[index].work.contestant, number))

    def answer(self, index: int) -> Answer:
        entry = self.entries[index]
        entry.answers.append(Answer(SECONDS[entry.work.contestant], entry.work.updates, 0.9, 300_000_000))
        return entry.answers[-1]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeProcess]:
    """Contestants that do nothing."""
    FakeProcess.asked, FakeProcess.started = [], []
    monkeypatch.setattr(training, "Process", FakeProcess)
    return FakeProcess


def contest(*names: str, judges: tuple[contests.Judge, ...] = ()) -> Contest:
    return Contest("a contest", tuple(Work(name, RunConfig()) for name in names), "s", 1.0, judges)


def test_every_second_round_goes_backwards(fake: type[FakeProcess]) -> None:
    training.compare(contest("floor", "ours-updates", "torch-sliced"), 3, Path())
    order = ["floor", "ours-updates", "torch-sliced"]
    assert [name for name, _number in fake.asked] == [*order, *reversed(order), *order]
    assert [number for _name, number in fake.asked] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_floor_and_ours_share_a_process_and_peers_have_their_own(fake: type[FakeProcess]) -> None:
    training.compare(contest("floor", "torch-sliced", "ours-run", "torch-loader"), 1, Path())
    assert fake.started == [["floor", "ours-run"], ["torch-sliced"], ["torch-loader"]]


def test_a_missing_library_is_a_line_of_the_table(fake: type[FakeProcess]) -> None:
    peers = ["torch-sliced", "keras-jax", "torch-loader"]
    judge = ratio("fastest peer / ours", peers, "ours-updates", minimum=1.0)
    report = training.compare(contest("ours-updates", *peers, judges=(judge,)), 2, Path())
    lines = {figure.name: figure for figure in report.figures}
    assert lines["Keras on JAX"].value is None
    assert lines["Keras on JAX"].note == "not installed"
    assert lines["fastest peer / ours"].value == pytest.approx(2.0)
    assert lines["fastest peer / ours"].note == "without Keras on JAX"
    assert {figure.group for figure in report.figures} == {"a contest"}
    assert ("keras-jax", 0) not in fake.asked
    assert report.versions == {"torch": "2"}


def test_without_any_peer_there_is_no_ratio(fake: type[FakeProcess]) -> None:
    judge = ratio("peer / ours", ["keras-jax"], "ours-updates", minimum=1.0)
    report = training.compare(contest("ours-updates", "keras-jax", judges=(judge,)), 2, Path())
    assert report.figures[-1].value is None
    assert report.figures[-1].verdict == "not known here"


def test_ratios_are_of_the_same_round() -> None:
    def entry(name: str, seconds: Sequence[float]) -> Entry:
        return Entry(Work(name, RunConfig()), {}, [Answer(value, 10, None, 0) for value in seconds])

    entries = {"floor": entry("floor", [1, 2, 4]), "ours-run": entry("ours-run", [2, 3, 4.8])}
    figure = ratio("ours / floor", ["ours-run"], "floor", most=1.35)(entries)
    assert figure.value == pytest.approx(1.5)
    assert figure.spread == pytest.approx((1.2, 2.0))
    assert figure.verdict == "over"


def test_side_by_side(fake: type[FakeProcess], monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 1.0, 1.0, 2.0, 2.0, 3.1])  # one, the other, both
    monkeypatch.setattr(training.time, "perf_counter", lambda: next(ticks))
    figure = training.side_by_side(1, Path()).figures[-1]
    assert figure.value == pytest.approx(2 / 1.1)
    assert figure.verdict == "ok"


def test_scaling_has_times_and_memory_of_every_size(fake: type[FakeProcess], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "WIDTHS", (16, 32))
    monkeypatch.setattr(training, "BATCH_SIZES", (1, 10_000))
    report = training.scaling(1, Path())
    memory = [figure for figure in report.figures if figure.unit == "MB"]
    assert [figure.at for figure in memory] == [16, 32, 1, 10_000]
    assert {figure.value for figure in memory} == {300.0}
    assert len(fake.started) == 4


def test_growth_is_the_worst_step() -> None:
    times = [Figure("", value, "ms", at=at) for value, at in ((1.0, 16.0), (1.5, 32.0), (4.5, 64.0))]
    assert training.growth(times).value == pytest.approx(1.5)
    assert training.growth(times).verdict == "over"
    assert training.growth(times[:2]).verdict == "ok"


def targets(contest: Contest) -> list[tuple[float | None, float | None]]:
    """Most and least of each judge."""
    entries = {work.contestant: Entry(work) for work in contest.works}
    return [(figure.most, figure.minimum) for figure in (judge(entries) for judge in contest.judges)]


def test_the_targets() -> None:
    assert targets(contests.first_look("sgd", 0.1))[:2] == [(1.2, None), (None, 1.05)]
    assert targets(contests.first_look("rmsprop", 0.001))[:2] == [(1.3, None), (None, 1.05)]
    assert targets(contests.first_look("adam", 0.001))[:2] == [(1.3, None), (None, 1.05)]
    assert targets(contests.two_layer()) == [
        *[(None, 4.0), (None, 2.0), (None, None), (None, 1.8), (2.0, None), (None, None)],
        *[(0.1, None), (None, None)],  # evaluations, looks inside the layers
    ]
    assert (
        targets(contests.sweep(8))[:3] == targets(contests.sweep(16))[:3] == [(1.25, None), (None, 2.0), (None, 10.0)]
    )
    assert targets(contests.lenet()) == [(None, 1.35)]
    assert targets(contests.lenet_fast(RunConfig())) == [(20.0, None), (None, 0.99)]


def test_a_sweep_has_as_many_rates_and_the_last_is_no_collapse() -> None:
    rates = contests.sweep(16).works[0].rates
    assert len(set(rates)) == 16
    assert max(rates) == 0.8


def test_means_over_seeds(fake: type[FakeProcess]) -> None:
    report = training.compare(contests.lenet_fast(RunConfig()), 5, Path())
    time, accuracy = report.figures[-2:]
    assert time.value == pytest.approx(1.5)
    assert time.note == "5 seeds"
    assert accuracy.value == pytest.approx(0.9)
    assert accuracy.verdict == "under"
    assert [number for _name, number in fake.asked] == [0, 1, 2, 3, 4]
