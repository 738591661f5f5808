"""Whether a claim has come, and each kind of claim that has not."""

from __future__ import annotations

import pytest

from mnist_core.config import RunConfig
from mnist_core.estimate import Speed
from mnist_core.lessons import proof, read
from mnist_core.lessons.claim_check import AnyCame, AnyClaim, Came, RangeCame, SweepCame, check, holds
from mnist_core.lessons.schema import Claim, RangeClaim, SweepClaim
from tests.lessons.test_reader import HEAD

GOOD = Came("completed", "learning-well", {"test_accuracy": 0.97, "validation_accuracy": 0.96, "parameters": 50_890})
BAD = Came("diverged", "diverged", {"test_accuracy": 0.1, "validation_accuracy": 0.1})
SLOW = Came("completed", "learning-slowly", {"validation_accuracy": 0.6})
SWEEP = SweepCame({0.5: GOOD, 1.5: BAD, 0.01: SLOW, 3.0: BAD})

TRUE: list[tuple[AnyClaim, AnyCame]] = [
    (Claim(("completed",)), GOOD),
    (Claim(("collapsed", "diverged")), BAD),
    (Claim(verdicts=("learning-well",), ranges={"test_accuracy": (0.97, 0.97), "parameters": (1, 1e6)}), GOOD),
    (SweepClaim(breaks_from=(1.0, 1.5), best=(0.5, 0.5)), SWEEP),
    (RangeClaim(suggested=(0.01, 0.2), breaks=(1, 2)), RangeCame((0.01, 0.2), 1.5)),
]
FALSE: list[tuple[AnyClaim, AnyCame]] = [
    (Claim(("diverged", "collapsed")), GOOD),
    (Claim(verdicts=("overfitting",)), GOOD),
    (Claim(ranges={"test_accuracy": (0.98, 1)}), GOOD),
    (Claim(ranges={"test_accuracy": (0, 0.96)}), GOOD),
    (Claim(ranges={"train_loss": (0, 10)}), GOOD),  # which is not known
    (Claim(ranges={"test_loss": (0, 10)}), Came("diverged", None, {"test_loss": float("nan")})),
    (SweepClaim(breaks_from=(0.01, 1.4)), SWEEP),
    (SweepClaim(best=(0.01, 0.4)), SWEEP),
    (SweepClaim(breaks_from=(0.01, 1.5)), SweepCame({0.5: GOOD})),  # nothing broke
    (SweepClaim(best=(0.01, 5)), SweepCame({1.5: BAD})),  # everything did
    (RangeClaim(suggested=(0.01, 0.1)), RangeCame((0.01, 0.2), None)),
    (RangeClaim(suggested=(0.01, 0.1)), RangeCame((), None)),
    (RangeClaim(breaks=(1, 2)), RangeCame((0.1,), None)),
]


@pytest.mark.parametrize(("claim", "came"), TRUE)
def test_what_has_come_holds(claim: AnyClaim, came: AnyCame) -> None:
    assert [row.holds for row in check(claim, came)] == [True] * len(check(claim, came))


@pytest.mark.parametrize(("claim", "came"), FALSE)
def test_what_has_not_come_does_not(claim: AnyClaim, came: AnyCame) -> None:
    assert [row.holds for row in check(claim, came)] == [False]


def test_a_check_of_the_page_asks_for_all_of_it() -> None:
    assert holds(Claim(("completed",), ranges={"test_accuracy": (0.9, 1)}), GOOD)
    assert not holds(Claim(("completed",), ranges={"test_accuracy": (0.99, 1)}), GOOD)


def test_a_row_says_what_was_expected_and_what_came() -> None:
    rows = check(Claim(("diverged", "collapsed"), ranges={"parameters": (50_000, 60_000)}), GOOD)
    assert [(row.what, row.expected, row.came) for row in rows] == [
        ("outcome", "diverged or collapsed", "completed"),
        ("parameters", "50,000 to 60,000", "50,890"),
    ]


LESSON = read(
    HEAD
    + """
```run one
change: {learning_rate: 0.5}
light: {epochs: 1}
expect: {mnist: {outcome: completed}}
```
```run same
change: {learning_rate: 0.5}
```
```sweep rates
rates: [0.1, 0.5]
expect: {mnist: {best: [0.5, 0.5]}}
```
```range-test rising
```
```run other
change: {dataset: fashion-mnist}
expect: {mnist: {outcome: diverged}}
```
""",
    name="one",
    language="en",
)


class Counting:
    """Trains nothing, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float, int]] = []
        self.trained = proof.Trained(proof.Trainer(self.run, self.sweep, self.range_test))

    def run(self, config: RunConfig) -> Came:
        self.asked.append((config.dataset, config.learning_rate, config.epochs))
        return GOOD

    def sweep(self, config: RunConfig, rates: object) -> list[Came]:
        assert isinstance(rates, list)
        return [self.run(config.replace(learning_rate=rate)) for rate in rates]

    def range_test(self, config: RunConfig) -> RangeCame:
        self.asked.append((config.dataset, -1, config.epochs))
        return RangeCame((0.1,), 1.0)


def test_the_same_settings_are_trained_once() -> None:
    counting = Counting()
    done = list(counting.trained.train(proof.training_blocks(LESSON), "built-in"))
    assert {block.name for block in done} == {"one", "same", "rates", "rising", "other"}
    assert sorted(counting.asked) == [
        ("built-in", -1, 5),
        ("built-in", 0.1, 5),
        ("built-in", 0.5, 5),
        ("fashion-mnist", 0.1, 5),
    ]
    list(counting.trained.train(proof.training_blocks(LESSON), "built-in", light=True))
    assert len(counting.asked) == 5  # one with fewer epochs


def test_claims_are_for_one_data_set() -> None:
    assert [block.name for block in proof.claiming_blocks(LESSON, "mnist")] == ["one", "rates"]
    assert not proof.claiming_blocks(LESSON, "built-in")
    assert not proof.claiming_blocks(LESSON, "mnist", light=True)


def test_proofs_say_what_held() -> None:
    counting = Counting()
    list(counting.trained.train(proof.claiming_blocks(LESSON, "mnist"), "mnist"))
    rows = proof.proofs(LESSON, counting.trained, "mnist")
    assert [(one.block.name, one.row.what, one.row.holds) for one in rows] == [
        ("one", "outcome", True),
        ("rates", "best", False),  # both are as good, and the lower one counts
    ]


def test_a_light_lesson_takes_less_time() -> None:
    speed = Speed()
    assert 0 < proof.seconds(LESSON, speed, light=True) < proof.seconds(LESSON, speed)
    assert proof.seconds(LESSON, speed) == pytest.approx(
        sum(proof.seconds_of(block, speed) for block in proof.training_blocks(LESSON))
    )
