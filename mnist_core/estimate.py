"""How long a run will take on this machine, before it starts.

What it asks for is known from its configuration (`workload`): overhead and work. What the machine does of it in a second a worker measures
(`training.speed.measure_speed`), for MLPs and CNNs apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mnist_core import workload
from mnist_core.config import RunConfig
from mnist_core.networks.models import describe

VERSION = 2  # of what is kept of a measurement; those of others are made again
MOST_LEARNED = 1.5  # times: by how much one run changes the next estimate, at most
FASTER_WEIGHT, SLOWER_WEIGHT = (
    0.5,
    0.25,
)  # of what a long run took beside what is known: others only ever make one slower
HALF_WEIGHT_SECONDS = 5.0  # a run of that length has half of it
MOST_OF_IT = 0.75  # of an estimate: such a part decides how long the run took


@dataclass(frozen=True)
class Rate:
    """Of one kind of network: seconds of overhead of the smallest one's update, and work per second (`workload`)."""

    overhead: float
    work: float  # with all threads
    work_of_one: float  # with one, as small steps are made and all where others compute

    def per_second(self, *, threads: bool, workers: int) -> float:
        """Work that one of so many workers does, which all compute; with its share of the threads, or one."""
        return max(self.work / workers, self.work_of_one) if threads else self.work_of_one


@dataclass(frozen=True)
class Card:
    """A graphics processor on which training was measured."""

    device: str  # torch's name for its type: cuda, mps
    mlp: Rate
    cnn: Rate


@dataclass(frozen=True)
class Speed:
    """What was measured, or a guess for two cores until it is."""

    mlp: Rate = field(default_factory=lambda: Rate(2e-4, 4e10, 2.5e10))
    cnn: Rate = field(default_factory=lambda: Rate(6e-4, 6e10, 3.5e10))
    measured: bool = False
    card: Card | None = None  # None: there is none, or none that agrees with the CPU

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self) | {"version": VERSION}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Speed:
        """The speed that `to_dict` wrote; the guess for None or anything unreadable."""
        try:
            assert data is not None
            assert is_current(data)
            return cls(Rate(**data["mlp"]), Rate(**data["cnn"]), True, _card(data.get("card")))
        except (AssertionError, KeyError, TypeError):
            return cls()

    def learned(self, config: RunConfig, seconds: float) -> Speed:
        """This speed after a run of `config` alone on the CPU took so many seconds.

        The longer the run the more it counts; none changes an estimate by more than `MOST_LEARNED`. Where overhead was most of
        its estimate, or work was, the run tells of these alone.
        """
        old = _rate_of(self, config)
        estimated = _seconds(config, self)
        overhead = _overheads(config) * old.overhead / estimated
        weight = FASTER_WEIGHT if seconds < estimated else SLOWER_WEIGHT
        weight *= seconds / (seconds + HALF_WEIGHT_SECONDS)
        step = min(MOST_LEARNED, max(1 / MOST_LEARNED, (seconds / estimated) ** weight))
        of_work = step if overhead < MOST_OF_IT else 1.0
        new = Rate(
            old.overhead * (step if overhead > 1 - MOST_OF_IT else 1.0), old.work / of_work, old.work_of_one / of_work
        )
        return replace(self, measured=True, cnn=new) if config.model == "cnn" else replace(self, measured=True, mlp=new)


def is_current(data: Mapping[str, Any] | None) -> bool:
    """Whether this was measured as it is now; else it is to be measured again."""
    return data is not None and data.get("version") == VERSION


def _card(data: Mapping[str, Any] | None) -> Card | None:
    return None if data is None else Card(str(data["device"]), Rate(**data["mlp"]), Rate(**data["cnn"]))


def faster_device(config: RunConfig, speed: Speed) -> str:
    """Where a run of `config` takes less time by what was measured on this machine: "cpu", or the card's."""
    card = speed.card
    return card.device if card and _seconds(config, card) < _seconds(config, speed) else "cpu"


# Below so many multiplications a step, a second thread costs more in waiting than it saves in work.
SMALL_STEP = 5e7


def useful_threads(config: RunConfig, cores: int, runs: int = 1) -> int:
    """Threads that so many runs in one stack can make use of, at least 1 and at most `cores`."""
    small = 3 * describe(config).multiplications * config.batch_size * runs < SMALL_STEP
    return 1 if small else max(1, cores)


@dataclass(frozen=True)
class Expected:
    """Seconds that what is to be started will take."""

    alone: float  # until it is over where nothing else trains
    beside: float  # the same where every worker computes meanwhile
    work: float  # of workers, all together, when every worker computes


def expected(config: RunConfig, speed: Speed, workers: int, runs: int = 1) -> Expected:
    """Of so many runs of `config` that differ in rate or seed alone, on so many workers: one stack on each where they can train
    together, else one after another."""
    stacked, on_card = trains_stacked(config, speed), faster_device(config, speed) != "cpu"
    parts = 1 if stacked and on_card else max(1, min(workers, runs))  # two stacks would share the card
    together = -(-runs // parts)
    if stacked:
        alone, beside = (_fastest(config, speed, together, at_work) for at_work in (parts, workers))
    else:
        alone, beside = (together * _fastest(config, speed, 1, at_work) for at_work in (parts, workers))
    return Expected(alone, beside, parts * beside)


def expected_of_all(parts: Sequence[Expected], workers: int) -> Expected:
    """Of all of these, which begin together."""
    work = sum(part.work for part in parts)
    longest_alone, longest = max(part.alone for part in parts), max(part.beside for part in parts)
    several = longest if len(parts) > 1 and workers > 1 else longest_alone
    return Expected(max(several, work / workers), max(longest, work / workers), work)


def estimate_seconds(config: RunConfig, speed: Speed) -> float:
    """Seconds of training with evaluations, where it takes less time, with nothing beside it."""
    return _fastest(config, speed, 1, 1)


def estimate_sweep(config: RunConfig, runs: int, speed: Speed, workers: int = 1) -> float:
    """Seconds until the last of so many runs of `config`, which differ in rate or seed alone, has ended, with nothing beside them."""
    return expected(config, speed, workers, runs).alone


def estimate_stack(config: RunConfig, runs: int, speed: Speed, workers: int) -> float:
    """Seconds of one worker for so many runs that train as one, when every worker computes."""
    return _fastest(config, speed, runs, workers)


def trains_stacked(config: RunConfig, speed: Speed) -> bool:
    """Whether runs like this one that differ in rate or seed train together, as one wider network."""
    return not config.batch_norm and (config.model == "mlp" or faster_device(config, speed) == "cuda")


def _fastest(config: RunConfig, speed: Speed, runs: int, workers: int) -> float:
    if speed.card is not None and faster_device(config, speed) != "cpu":
        return _seconds(config, speed.card, runs)
    return _seconds(config, speed, runs, workers)


def _seconds(config: RunConfig, where: Speed | Card, runs: int = 1, workers: int = 1) -> float:
    """Of so many runs as one stack, whose overhead is that of one, on one of so many workers that compute."""
    rate = _rate_of(where, config)
    per_second = rate.per_second(threads=useful_threads(config, 2, runs) > 1, workers=workers)
    work = config.total_steps * workload.update(config) + workload.evaluations(config)
    return _overheads(config) * rate.overhead + runs * work / per_second


def _overheads(config: RunConfig) -> float:
    return config.total_steps * workload.overhead(config) + workload.evaluations_overhead(config)


def _rate_of(where: Speed | Card, config: RunConfig) -> Rate:
    return where.cnn if config.model == "cnn" else where.mlp
