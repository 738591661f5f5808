"""What the run's configuration says about time: rates, windows of records, evaluations. Functions of the step alone.

Nothing here looks at a clock, so that the same configuration draws the same curve on every machine.
"""

from __future__ import annotations

import math
from functools import lru_cache

from mnist_core.config import RunConfig
from mnist_core.networks.models import describe

RECORDS = 1_000  # windows in a run, about
CHEAP = 1e10  # multiplications of all evaluations of a run that need not be spared
PATIENCE = 1.5e10  # multiplications of an evaluation that one waits for
TRAIN_EVALUATED = 10_000  # training images that a curve is measured on, at most: the first ones
SHARPNESS_IMAGES = 1_000  # the first so many training images, on which sharpness is measured
EVALUATIONS = 60  # evaluations in a run, at most about
RISE = 1e6  # from the first to the last step of a range test
FIRST = (0, 1, 4, 16, 64, 256, 1024, 4096, 16384)  # steps evaluated within the first epoch


def factor(config: RunConfig, step: int) -> float:
    """What the base learning rate is multiplied by for the update number `step` (0-based).

    step: × schedule_factor every schedule_epochs. cosine: half a cosine from 1 to 0 (Loshchilov & Hutter 2017, without
    restarts; 0 would be the step after the last). warm-up: linear over schedule_epochs, then 1 (Goyal et al. 2017).
    one-cycle: from 1/25 up to 1 in the first 30 %, then down to 1/10,000 of that start, both as half cosines (Smith &
    Topin 2018); of two steps the first is the start and the last the end, with no room for a peak. rising: from a
    millionth up to 1, by the same factor at every step (the range test of Smith 2015). A run of one step has the start.
    """
    total = config.total_steps
    if config.schedule == "step":
        return config.schedule_factor ** (step // (config.steps_per_epoch * config.schedule_epochs))
    if config.schedule == "cosine":
        return (1 + math.cos(math.pi * step / total)) / 2
    if config.schedule == "warm-up":
        return min(1.0, (step + 1) / (config.steps_per_epoch * config.schedule_epochs))
    if config.schedule == "one-cycle":
        top, last = max(1, round(0.3 * total)), total - 1
        if step < top:
            return _between(1 / 25, 1, step / top)
        return _between(1, 1 / 25 / 1e4, (step - top) / (last - top) if last > top else 1.0)
    if config.schedule == "rising":
        return float(RISE ** (step / max(1, total - 1) - 1))
    return 1.0


def _between(start: float, end: float, fraction: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, fraction))) / 2


def window(config: RunConfig) -> int:
    """Steps per record."""
    return max(1, math.ceil(config.total_steps / RECORDS))


@lru_cache(maxsize=64)  # 6 kB each at most
def evaluation_steps(config: RunConfig) -> frozenset[int]:
    """After how many updates the network is evaluated: before the first, early and often, then by epochs.

    Every epoch's end, or every so many where that would be more than `EVALUATIONS`; always the last step.
    """
    per_epoch = config.steps_per_epoch
    stride = math.ceil(config.epochs / EVALUATIONS)
    first = {step for step in FIRST if step < per_epoch * 0.75}
    return frozenset(
        first | {per_epoch * epoch for epoch in range(stride, config.epochs, stride)} | {config.total_steps}
    )


@lru_cache(maxsize=64)  # 60 kB each at most, of 1,000 epochs
def watched_steps(config: RunConfig) -> frozenset[int]:
    """After how many updates early stopping sees the validation loss besides `evaluation_steps`: at every other epoch's
    end. None without early stopping."""
    if not config.early_stopping:
        return frozenset()
    ends = range(config.steps_per_epoch, config.total_steps, config.steps_per_epoch)
    return frozenset(ends) - evaluation_steps(config)


@lru_cache(maxsize=64)
def evaluated_images(config: RunConfig) -> int:
    """How many images of each part the curve is measured on: the first so many, the same ones throughout the run.

    So many that evaluating one part costs a thirtieth of training and the first point does not keep one waiting, but
    at least 1,000; all of them where that is next to nothing. Of a run that is not evaluated after every epoch so few that
    early stopping could see validation after each at a fifteenth of training: a run with and one without it have the same
    curve. The figures at a run's end are from all images.
    """
    multiplications = describe(config).multiplications
    evaluations = len(evaluation_steps(config))
    if evaluations * multiplications * 30_000 <= CHEAP:
        return 60_000
    thirtieth = 0.1 * config.train_size * config.epochs / evaluations  # a step is three times a forward pass
    fifteenth = 0.2 * config.train_size if config.epochs > EVALUATIONS else math.inf
    return max(1_000, int(min(thirtieth, fifteenth, PATIENCE / 3 / multiplications)))
