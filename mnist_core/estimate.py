"""How long a run will take on this machine, before it starts.

A step costs a fixed overhead (Python, small operations) and its multiplications (three times those of a forward pass)
at the machine's rate; both are measured by a worker (`training.speed.measure_speed`), for MLP and CNN apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mnist_core.config import RunConfig
from mnist_core.networks.models import describe
from mnist_core.schedule import SHARPNESS_IMAGES, evaluated_images, evaluation_steps, watched_steps

MOST_LEARNED = 1.5  # times: by how much one run changes the next estimate, at most
FASTER_WEIGHT, SLOWER_WEIGHT = (
    0.5,
    0.25,
)  # of what a long run took beside what is known: others only ever make one slower
HALF_WEIGHT_SECONDS = 5.0  # a run of that length has half of it
MOST_OF_IT = 0.75  # of an estimate: such a part decides how long the run took


@dataclass(frozen=True)
class Rate:
    """Seconds of overhead per step, and multiplications per second."""

    overhead: float
    multiplications: float


@dataclass(frozen=True)
class Card:
    """A graphics processor on which training was measured."""

    device: str  # torch's name for its type: cuda, mps
    mlp: Rate
    cnn: Rate


@dataclass(frozen=True)
class Speed:
    """What was measured, or a guess for two cores until it is."""

    mlp: Rate = field(default_factory=lambda: Rate(3e-4, 2.5e10))
    cnn: Rate = field(default_factory=lambda: Rate(6e-4, 1.2e10))
    measured: bool = False
    card: Card | None = None  # None: there is none, or none that agrees with the CPU

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Speed:
        """The speed that `to_dict` wrote; the guess for None or anything unreadable."""
        try:
            assert data is not None
            return cls(Rate(**data["mlp"]), Rate(**data["cnn"]), True, _card(data.get("card")))
        except (AssertionError, KeyError, TypeError):
            return cls()

    def learned(self, config: RunConfig, seconds: float) -> Speed:
        """This speed after a run of `config` alone on the CPU took so many seconds.

        The longer the run the more it counts; none changes an estimate by more than `MOST_LEARNED`. Where overhead was most of
        its estimate, or multiplications were, the run tells of these alone.
        """
        old = self.cnn if config.model == "cnn" else self.mlp
        estimated = _seconds(config, self)
        overhead = config.total_steps * old.overhead / estimated
        weight = FASTER_WEIGHT if seconds < estimated else SLOWER_WEIGHT
        weight *= seconds / (seconds + HALF_WEIGHT_SECONDS)
        step = min(MOST_LEARNED, max(1 / MOST_LEARNED, (seconds / estimated) ** weight))
        new = Rate(
            old.overhead * (step if overhead > 1 - MOST_OF_IT else 1.0),
            old.multiplications / (step if overhead < MOST_OF_IT else 1.0),
        )
        return replace(self, measured=True, cnn=new) if config.model == "cnn" else replace(self, measured=True, mlp=new)


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


def estimate_seconds(config: RunConfig, speed: Speed) -> float:
    """Seconds of training with evaluations, where it takes less time."""
    return min(_seconds(config, where) for where in (speed, speed.card) if where)


AUGMENTED = 250_000  # multiplications that take as long as to change an image of 28×28 pixels; measured


# Forward passes that a sharpness takes for each image: some nine products with the Hessian. Measured.
SHARPNESS = 54


def _seconds(config: RunConfig, where: Speed | Card) -> float:
    rate = where.cnn if config.model == "cnn" else where.mlp
    network = describe(config)
    # Activations, pixels and updates move memory rather than multiply: some numbers of work each.
    per_image = 3 * network.multiplications + 40 * sum(_size(layer.output_shape) for layer in network.layers)
    per_image += AUGMENTED if config.augmentation != "off" else 0
    per_step = rate.overhead + (config.batch_size * per_image + 12 * network.parameters) / rate.multiplications
    evaluations = len(evaluation_steps(config))
    most = evaluated_images(config)
    images = sum(
        min(most, size) for size in (min(config.train_size, 10_000), config.validation_size, config.image_set.test)
    )
    if config.sharpness:
        images += SHARPNESS * min(SHARPNESS_IMAGES, config.train_size)
    per_evaluated = (network.multiplications + 2_000) / rate.multiplications
    watched = len(watched_steps(config)) * min(most, config.validation_size)
    return config.total_steps * per_step + (evaluations * images + watched) * per_evaluated


# What a run costs in a stack, as a fraction of its cost alone, when a step is small and when it is large: what it has
# in common with the others (gathering images, Python) is half of a small step and next to nothing of a large one. Measured.
IN_A_STACK_SMALL, IN_A_STACK_LARGE = 0.5, 1.0


def trains_stacked(config: RunConfig, speed: Speed) -> bool:
    """Whether runs like this one that differ in rate or seed train together, as one wider network."""
    return not config.batch_norm and (config.model == "mlp" or faster_device(config, speed) == "cuda")


def estimate_sweep(config: RunConfig, runs: int, speed: Speed, workers: int = 1) -> float:
    """Seconds until the last of so many runs of `config`, which differ in rate or seed alone, has ended.

    One stack where they can train together, else one after another on each of the `workers`.
    """
    alone = estimate_seconds(config, speed)
    if not trains_stacked(config, speed):
        return alone * -(-runs // max(1, workers))
    small = 3 * describe(config).multiplications * config.batch_size < SMALL_STEP
    fraction = IN_A_STACK_SMALL if small else IN_A_STACK_LARGE
    return alone * (1 + fraction * (runs - 1))


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
