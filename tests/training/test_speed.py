"""Times of updates: so many as fit, of the engine's own updates, each size apart."""

from __future__ import annotations

import pytest

from mnist_core import workload
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.estimate import Rate
from mnist_core.training import speed
from mnist_core.training.dense_step import DenseStep
from mnist_core.training.step import Block, BlockResult, Stop

CONFIG = RunConfig(train_size=1_000, validation_size=0, hidden_layers=(4,), epochs=1_000)
SMALL = CONFIG.replace(batch_size=2)
LARGE = CONFIG.replace(hidden_layers=(512,), batch_size=128)


class Clock:
    """Time that passes by itself: each update takes a millisecond for every image."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    make = DenseStep.make

    def slow(step: DenseStep, block: Block, stop: Stop) -> BlockResult:
        made.now += sum(len(chunk) for chunks in block.batches for chunk in chunks) / 1_000
        return make(step, block, stop)

    monkeypatch.setattr(DenseStep, "make", slow)
    monkeypatch.setattr(speed.time, "perf_counter", made)
    return made


def test_each_size_is_timed_as_long(clock: Clock, tiny: Dataset) -> None:
    shares: list[float] = []
    found = speed.batch_times(CONFIG, tiny, (10, 100, 1_000), seconds=0.401, progress=shares.append)
    (first, many), (second, some), (third, few) = found
    assert (first, second, third) == pytest.approx((0.01, 0.1, 1.0))
    assert (many, some, few) == (41, 5, 3)  # three at the least
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_who_asks_may_end_it(tiny: Dataset) -> None:
    def enough(fraction: float) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        speed.batch_times(CONFIG, tiny, (10, 100), seconds=0.05, progress=enough)


def test_a_small_step_that_was_disturbed_does_not_make_the_machine_fast() -> None:
    seconds = {SMALL: 0.5, LARGE: 0.02}  # others kept the small one waiting
    rate = speed._rate(SMALL, LARGE, lambda config, _threads: seconds[config], 1)
    assert rate.work == rate.work_of_one == pytest.approx((workload.update(LARGE) - workload.update(SMALL)) / 0.01)
    assert rate.overhead <= 0.01


def test_the_speed_is_the_one_that_gives_the_times_that_were_measured() -> None:
    true = Rate(1e-4, 9e10, 6e10)

    def timed(config: RunConfig, threads: int) -> float:
        return workload.overhead(config) * true.overhead + workload.update(config) / (
            true.work if threads > 1 else true.work_of_one
        )

    found = speed._rate(SMALL, LARGE, timed, 2)
    assert (found.overhead, found.work, found.work_of_one) == pytest.approx((1e-4, 9e10, 6e10))
    assert speed._rate(SMALL, LARGE, timed, 1).work == pytest.approx(6e10)
