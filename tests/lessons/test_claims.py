"""What our lessons claim comes true, on the built-in digits and on MNIST; each claim turned around does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from mnist_core import lessons
from mnist_core.cli import main
from mnist_core.cli_lesson import trainer
from mnist_core.diagnostics.verdict import Kind
from mnist_core.lessons import Lesson, Source, proof
from mnist_core.lessons.claim_check import AnyCame, AnyClaim, Came, RangeCame, TrainingBlock, check, claim_of
from mnist_core.lessons.proof import Trained
from mnist_core.lessons.schema import Claim, Dataset
from mnist_core.records import Outcome
from tests.conftest import THREADS

OURS = lessons.folder(lessons.ours())


@pytest.fixture(scope="module")
def on_built_in(drawn: Path) -> Trained:
    """What comes on the built-in digits, each trained once for all tests."""
    return Trained(trainer(drawn, THREADS))


@pytest.fixture(scope="module")
def on_mnist(mnist: Path) -> Trained:
    """What comes on MNIST."""
    return Trained(trainer(mnist, THREADS))


def cheap(lesson: Lesson) -> Iterator[tuple[TrainingBlock, bool]]:
    """What each change of the program can wait for: the blocks that claim something of the built-in digits, and whether it is of their
    light settings; where a block has such claims, these alone."""
    light = proof.claiming_blocks(lesson, "built-in", light=True)
    full = [block for block in proof.claiming_blocks(lesson, "built-in") if block not in light]
    yield from ((block, False) for block in full)
    yield from ((block, True) for block in light)


def proven(source: Source, trained: Trained, dataset: Dataset, *, light: bool) -> list[proof.Proof]:
    lesson = lessons.read_source(source, "en")
    blocks = proof.claiming_blocks(lesson, dataset, light=light)
    assert len(list(trained.train(blocks, dataset, light=light))) == len(blocks)
    return proof.proofs(lesson, trained, dataset, light=light)


def broken(proofs: list[proof.Proof]) -> list[str]:
    return [f"{one.block.name}: {one.row}" for one in proofs if not one.row.holds]


def came(block: TrainingBlock, trained: Trained, *, light: bool) -> tuple[AnyClaim, AnyCame]:
    """What a block claims of the built-in digits, and what came of it."""
    assert list(trained.train([block], "built-in", light=light)) == [block]
    claim = claim_of(block, "built-in", light=light)
    assert claim is not None
    return claim, trained.came(block, "built-in", light=light)


@pytest.mark.parametrize("source", OURS, ids=lambda source: source.name)
def test_claims_come_true_and_turned_around_they_fail(source: Source, on_built_in: Trained) -> None:
    """Judged by the same training: nothing claimed is so weak that it holds of anything."""
    claimed = list(cheap(lessons.read_source(source, "en")))
    assert claimed
    for block, light in claimed:
        claim, came_of_it = came(block, on_built_in, light=light)
        rows = check(claim, came_of_it)
        assert [row for row in rows if not row.holds] == [], block.name
        turned = list(falsified(claim, came_of_it))
        assert {what for what, _claim in turned} == {row.what for row in rows}
        for what, false in turned:
            assert [row.what for row in check(false, came_of_it) if not row.holds] == [what], block.name


@pytest.mark.reference
@pytest.mark.usefixtures("mnist")  # where there is time for these
@pytest.mark.parametrize("source", OURS, ids=lambda source: source.name)
def test_all_claims_come_true_on_the_built_in_digits(source: Source, on_built_in: Trained) -> None:
    assert not broken(proven(source, on_built_in, "built-in", light=False))
    assert not broken(proven(source, on_built_in, "built-in", light=True))


@pytest.mark.reference
@pytest.mark.parametrize("source", OURS, ids=lambda source: source.name)
def test_claims_come_true_on_mnist(source: Source, on_mnist: Trained) -> None:
    proofs = proven(source, on_mnist, "mnist", light=False)
    assert proofs
    assert not broken(proofs)
    assert not broken(proven(source, on_mnist, "mnist", light=True))


def falsified(claim: AnyClaim, came: AnyCame) -> Iterator[tuple[str, AnyClaim]]:
    """The claim with one thing in it turned around at a time: other words than came, ranges above and below what came."""
    if isinstance(claim, Claim):
        assert isinstance(came, Came)
        if claim.outcomes:
            others = tuple(word for word in get_args(Outcome) if word != came.outcome)
            yield "outcome", replace(claim, outcomes=others)
        if claim.verdicts:
            yield "verdict", replace(claim, verdicts=tuple(word for word in get_args(Kind) if word != came.verdict))
        for name in claim.ranges:
            for moved in beside(came.figures[name]):
                yield name, replace(claim, ranges={**claim.ranges, name: moved})
        return
    for name in [name for name, ends in vars(claim).items() if ends is not None]:
        value = getattr(came, name)
        for moved in beside(value[0] if isinstance(came, RangeCame) and isinstance(value, tuple) else value):
            yield name, replace(claim, **{name: moved})


def beside(value: float | None) -> list[tuple[float, float]]:
    """Ranges just above and just below a value."""
    assert value is not None
    near = abs(value) / 1_000 + 1e-6
    return [(value + near, value + 1_000 * near), (value - 1_000 * near, value - near)]


def test_ours_are_without_faults_and_the_same_in_each_language() -> None:
    assert {tuple(sorted(source.texts)) for source in OURS} <= {("en", "ko")}
    assert not OURS or main(["lesson", "check", str(lessons.ours())]) == 0
