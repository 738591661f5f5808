"""The plan of a sweep: its rates, its runs, what is wrong with it, and what it says before it begins."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from mnist_core import sweep_range, workload
from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError
from mnist_core.estimate import Speed, estimate_seconds, estimate_sweep, trains_stacked
from mnist_core.presets import PRESETS
from mnist_core.sweep_range import Plan, spaced, usual_range

SMALL = PRESETS["two-layer-net"].config


def problems(*args: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Plan.parse(*args)  # type: ignore[arg-type]
    return [str(problem.message) for problem in caught.value.problems]


def test_rates_are_readable_and_keep_their_ends() -> None:
    assert spaced(0.1, 1, 5) == (0.1, 0.178, 0.316, 0.562, 1)
    assert spaced(1e-5, 100, 8) == (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100)
    assert spaced(0.037, 0.91, 2) == (0.037, 0.91)


@pytest.mark.parametrize(
    ("lowest", "highest", "count"), [(1e-5, 100, 32), (0.01, 3, 12), (1, 1.1, 32), (0.5, 0.52, 32)]
)
def test_rates_ascend_evenly_on_a_log_scale(lowest: float, highest: float, count: int) -> None:
    rates = spaced(lowest, highest, count)
    assert len(rates) == len(set(rates)) == count
    even = math.log(highest / lowest) / (count - 1)
    for rate, next_rate in pairwise(rates):
        assert math.log(next_rate / rate) == pytest.approx(even, rel=0.11)


def test_a_range_the_wrong_way_round() -> None:
    assert problems("3", "0.1", 8) == ["The lowest learning rate 3 is above the highest 0.1. Swap them."]


def test_one_rate() -> None:
    assert problems("0.1", "0.1", 8) == [
        "The lowest and the highest learning rate are both 0.1, but a sweep needs two different rates. Change one of them."
    ]
    assert problems("0.1", "1", 1) == ["A sweep needs 2 to 32 learning rates, not 1."]


@pytest.mark.parametrize("typed", ["0", "-1", "-1e9"])
def test_a_rate_of_zero_or_less(typed: str) -> None:
    (sentence,) = problems(typed, "1", 8)
    assert sentence.startswith(
        f"The lowest learning rate must be above 0, not {typed}; otherwise no weight moves downhill."
    )


@pytest.mark.parametrize(
    "typed", ["fast", "nan", "-inf", "1_0", "1e400", "٣", "1e", "0.1.2", "🙂", "{0}", "1" * 5_000 + "x"]
)
def test_what_is_no_number(typed: str) -> None:
    (sentence,) = problems("0.1", typed, 8)
    repeated = typed if len(typed) < 30 else "1" * 29 + "…"
    assert sentence == f"The highest learning rate must be a number such as 0.01 or 3e-4, not {repeated!r}."


def test_an_end_that_is_missing() -> None:
    assert problems(" ", "1", 8) == ["The lowest learning rate is missing. Enter a number such as 0.01 or 3e-4."]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    sentences = problems("x", "1e9", 99, 0)
    assert len(sentences) == 4
    assert "The highest learning rate must be from 1e-5 to 100, not 1e9." in sentences


def test_a_range_too_narrow_for_so_many() -> None:
    (sentence,) = problems("1", "1.0001", 32)
    assert "are too close together to tell apart" in sentence


def test_a_decimal_comma_is_a_point() -> None:
    assert Plan.parse("0,01", " 1e-1 ", 2).rates == (0.01, 0.1)


def test_runs_differ_in_the_rate_alone() -> None:
    configs = Plan(0.5, 1.5, 3).configs(SMALL)
    assert [config.learning_rate for config in configs] == [0.5, 0.866, 1.5]
    assert all(set(config.differences(SMALL)) <= {"learning_rate"} for config in configs)


def test_with_seeds_weights_differ_and_batches_do_not() -> None:
    configs = Plan(0.5, 1.5, 2, seeds=3).configs(SMALL)
    assert [(config.seed, config.learning_rate) for config in configs] == [
        (11, 0.5), (11, 1.5), (12, 0.5), (12, 1.5), (13, 0.5), (13, 1.5),
    ]  # fmt: skip
    assert {config.batch_seed for config in configs} == {11}
    last = SMALL.replace(seed=2**31 - 1)
    assert [config.seed for config in Plan(0.5, 1.5, 2, seeds=2).configs(last)][::2] == [2**31 - 1, 0]


@pytest.mark.parametrize("name", PRESETS)
def test_every_experiment_has_a_range_that_can_be_swept(name: str) -> None:
    config = PRESETS[name].config
    for changes in PRESETS[name].variants.values() or [{}]:
        plan = Plan(*usual_range(config.replace(**changes)))
        assert plan.configs(config.replace(**changes))
        assert plan.lowest <= config.replace(**changes).learning_rate <= plan.highest


def test_the_range_of_the_two_layer_network_has_its_edge_in_it() -> None:
    lowest, highest = usual_range(SMALL)
    assert lowest < 0.1 < 1.5 < highest


def test_raw_pixels_need_smaller_rates() -> None:
    assert usual_range(SMALL.replace(preprocessing="raw"))[0] < usual_range(SMALL)[0]


def test_stacked_runs_cost_less_and_others_take_turns() -> None:
    speed = Speed()
    alone = estimate_seconds(SMALL, speed)
    assert estimate_sweep(SMALL, 1, speed) == alone
    # Two on each worker: their overhead is that of one.
    overhead = alone - SMALL.total_steps * workload.update(SMALL) / speed.mlp.work_of_one
    overhead -= workload.evaluations(SMALL) / speed.mlp.work_of_one
    assert 0.1 * alone < overhead < 0.9 * alone
    assert estimate_sweep(SMALL, 8, speed, workers=4) == pytest.approx(2 * alone - overhead)
    cnn = RunConfig(model="cnn")
    assert not trains_stacked(cnn, Speed())
    one_by_one = estimate_sweep(cnn, 5, speed, workers=2)
    assert one_by_one == pytest.approx(3 * estimate_sweep(cnn, 2, speed, workers=2))
    assert one_by_one > 3 * estimate_seconds(cnn, speed)  # alone it has all cores


def test_32_cnns_are_announced_with_their_time() -> None:
    cnn = RunConfig(model="cnn")
    seconds = estimate_sweep(cnn, 32, Speed(), workers=1)
    sentence = sweep_range.announcement(cnn, 32, seconds, trains_stacked(cnn, Speed()), "1 h")
    assert sentence is not None
    assert str(sentence).startswith("This takes about 1 h: 32 networks are queued and trained one after another")
    assert sweep_range.announcement(SMALL, 8, 5.0, True, "5 s") is None
