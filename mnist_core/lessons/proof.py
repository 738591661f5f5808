"""What a lesson trains, and whether its claims hold of it. Training itself is done by functions that the caller has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mnist_core.config import RunConfig
from mnist_core.diagnostics.range_test import plan
from mnist_core.estimate import Speed, estimate_seconds, estimate_sweep
from mnist_core.lessons.claim_check import (
    AnyCame,
    AnyClaim,
    Came,
    RangeCame,
    Row,
    SweepCame,
    TrainingBlock,
    check,
    claim_of,
)
from mnist_core.lessons.schema import Dataset, Lesson, RangeTestBlock, RunBlock, SweepBlock


@dataclass(frozen=True)
class Trainer:
    """How runs, runs that differ in their rate, and range tests are trained; each is given settings with their data set."""

    run: Callable[[RunConfig], Came]
    sweep: Callable[[RunConfig, Sequence[float]], Sequence[Came]]
    range_test: Callable[[RunConfig], RangeCame]


@dataclass
class Trained:
    """What came of what was trained; the same settings are trained once, for however many lessons."""

    trainer: Trainer
    runs: dict[RunConfig, Came] = field(default_factory=dict)
    range_tests: dict[RunConfig, RangeCame] = field(default_factory=dict)

    def train(
        self, blocks: Iterable[TrainingBlock], dataset: Dataset, *, light: bool = False
    ) -> Iterator[TrainingBlock]:
        """Train these blocks, sweeps first, since one of their runs may be wanted alone, too; gives each when it is done."""
        for block in sorted(blocks, key=lambda block: not isinstance(block, SweepBlock)):
            self._train(block, settings(block, dataset, light=light))
            yield block

    def came(self, block: TrainingBlock, dataset: Dataset, *, light: bool = False) -> AnyCame:
        """What came of a block that was trained."""
        config = settings(block, dataset, light=light)
        if isinstance(block, SweepBlock):
            return SweepCame({rate: self.runs[_with_rate(config, rate)] for rate in block.rates})
        return self.range_tests[config] if isinstance(block, RangeTestBlock) else self.runs[config]

    def _train(self, block: TrainingBlock, config: RunConfig) -> None:
        if isinstance(block, SweepBlock):
            rates = [rate for rate in block.rates if _with_rate(config, rate) not in self.runs]
            came = self.trainer.sweep(config, rates) if rates else ()
            self.runs |= {_with_rate(config, rate): one for rate, one in zip(rates, came, strict=True)}
        elif isinstance(block, RangeTestBlock):
            if config not in self.range_tests:
                self.range_tests[config] = self.trainer.range_test(config)
        elif config not in self.runs:
            self.runs[config] = self.trainer.run(config)


@dataclass(frozen=True)
class Proof:
    """One thing that a block claims, and what came of it."""

    block: TrainingBlock
    row: Row


def training_blocks(lesson: Lesson) -> tuple[TrainingBlock, ...]:
    """The blocks of a lesson that train."""
    return tuple(block for block in lesson.blocks if isinstance(block, RunBlock | SweepBlock | RangeTestBlock))


def claiming_blocks(lesson: Lesson, dataset: Dataset, *, light: bool = False) -> tuple[TrainingBlock, ...]:
    """Those that claim something for this data set."""
    return tuple(block for block in training_blocks(lesson) if _claim(block, dataset, light) is not None)


def proofs(lesson: Lesson, trained: Trained, dataset: Dataset, *, light: bool = False) -> list[Proof]:
    """All that a lesson claims for this data set, whose blocks were trained."""
    found = []
    for block in training_blocks(lesson):
        if (claim := _claim(block, dataset, light)) is not None:
            found += [Proof(block, row) for row in check(claim, trained.came(block, dataset, light=light))]
    return found


def settings(block: TrainingBlock, dataset: Dataset, *, light: bool = False) -> RunConfig:
    """What a block trains with: on this data set, unless its settings name another one."""
    config = block.light if light else block.config
    return replace(config, dataset=dataset) if config.dataset == "mnist" else config


def _claim(block: TrainingBlock, dataset: Dataset, light: bool) -> AnyClaim | None:
    """What it claims; nothing where it is trained on another data set."""
    return claim_of(block, dataset, light=light) if settings(block, dataset, light=light).dataset == dataset else None


def _with_rate(config: RunConfig, rate: float) -> RunConfig:
    return replace(config, learning_rate=rate)


def seconds(lesson: Lesson, speed: Speed, workers: int = 1, *, light: bool = False) -> float:
    """Seconds that the training of a lesson takes, one block after the other, each once."""
    return sum(seconds_of(block, speed, workers, light=light) for block in training_blocks(lesson))


def seconds_of(block: TrainingBlock, speed: Speed, workers: int = 1, *, light: bool = False) -> float:
    """Seconds that a block trains."""
    config = block.light if light else block.config
    if isinstance(block, SweepBlock):
        return estimate_sweep(config, len(block.rates), speed, workers)
    return estimate_seconds(plan(config) if isinstance(block, RangeTestBlock) else config, speed)
