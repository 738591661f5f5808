"""The health check and what it says, from hand-made records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.diagnostics import Scale, at_end, explain, judge, seen
from mnist_core.diagnostics.gap import Gap
from mnist_core.diagnostics.run_metrics import measure, rises
from mnist_core.messages import message
from mnist_core.records import EVALUATION_DTYPE, LAYER_DTYPE, STEP_DTYPE, Curves, Event, Progress, RateChange, Run

CONFIG = RunConfig(learning_rate=0.5)
RUN = Run("r", "ann", CONFIG, "finished", 1, 0.0, outcome="completed", progress=Progress(1_000, 1_000))
LIVE = replace(RUN, state="running", outcome=None)


def evaluations(
    losses: Sequence[float],
    accuracy: float | Sequence[float] = 0.95,
    validation: Sequence[float] | None = None,
    dead: float = 0.0,
    apart: int = 100,
    validated: float | None = None,
) -> Curves:
    """Evaluations `apart` steps apart with these training losses; validation is as good where nothing else is said.

    `validated`: validation accuracy, whose labels are right though training labels are wrong.
    """
    rows = np.zeros(len(losses), EVALUATION_DTYPE)
    rows["step"] = apart * np.arange(len(losses))
    rows["train_loss"] = losses
    rows["validation_loss"] = losses if validation is None else validation
    rows["train_accuracy"] = rows["test_accuracy"] = accuracy
    rows["validation_accuracy"] = rows["train_accuracy"] - 0.02 if validated is None else validated
    rows["dead_units"] = dead
    return Curves(evaluations=rows)


FALLING = [2.3 * 0.7**i for i in range(11)]
CASES: dict[str, tuple[Run, Curves, str]] = {
    "learned": (RUN, evaluations([2.3, 0.5, 0.3, 0.2, 0.15, 0.12]), "learning-well"),
    "learned, live": (LIVE, evaluations([2.3, 0.5, 0.3, 0.2, 0.15, 0.12]), "learning-well"),
    "still falling": (RUN, evaluations([2.3, 2.2, 2.1, 1.9, 1.7, 1.5], 0.6), "learning-slowly"),
    "falling near chance": (RUN, evaluations([2.32, 2.31, 2.29, 2.27, 2.24, 2.2], 0.25), "learning-slowly"),
    "flat near chance": (RUN, evaluations([2.31, 2.303, 2.302, 2.303, 2.302, 2.302], 0.12), "plateau"),
    "flat below chance": (RUN, evaluations([2.3, 1.2, 0.9, 0.812, 0.81, 0.81], 0.7), "underfitting"),
    "falls back": (
        RUN,
        evaluations([2.3, 0.5, 0.3, 0.3, 0.9, 1.1, 0.3], [0.1, 0.85, 0.9, 0.9, 0.7, 0.6, 0.9]),
        "unstable",
    ),
    "the loss alone falls back": (RUN, evaluations([2.3, 0.5, 0.3, 0.3, 0.9, 1.1, 0.3]), "learning-well"),
    "a sure network in doubt": (RUN, evaluations([2.3, 2.2, 2.15, 2.9, 3.0, 3.5], 0.6), "unstable"),
    "falling from far above chance": (RUN, evaluations([168, 160, 150, 134, 130, 123], 0.13), "learning-slowly"),
    "ends above its least": (RUN, evaluations([2.3, 1.2, 0.9, 0.7, 0.65, 0.8], 0.7), "unstable"),
    "one jump of validation": (
        RUN,
        evaluations([2.3, 0.5, 0.2, 0.1, 0.05, 0.01], 1.0, [2.3, 0.6, 0.4, 0.40, 0.41, 0.6]),
        "learning-well",
    ),
    "one fall back, early": (RUN, evaluations([2.3, 0.5, 1.9, 0.4, 0.3, 0.2, 0.1]), "learning-well"),
    "validation rises": (
        RUN,
        evaluations([2.3, 0.5, 0.2, 0.1, 0.05, 0.02], 1.0, [2.3, 0.6, 0.4, 0.42, 0.5, 0.5]),
        "overfitting",
    ),
    "validation levels off": (
        RUN,
        evaluations([2.3, 0.5, 0.2, 0.1, 0.05, 0.01], 1.0, [2.3, 0.6, 0.4, 0.40, 0.41, 0.42]),
        "learning-well",
    ),
    "both rise": (
        RUN,
        evaluations([2.3, 0.5, 0.3, 0.35, 0.4, 0.44], 0.87, [2.3, 0.5, 0.3, 0.4, 0.5, 0.6]),
        "unstable",
    ),
    "no validation": (RUN, evaluations([2.3, 0.5, 0.3, 0.2, 0.1], 0.97, [math.nan] * 5), "learning-well"),
    "dead": (LIVE, evaluations([2.3, 2.303, 2.303], 0.11, dead=1.0), "collapsed"),
    "dead and yet learned": (LIVE, evaluations([2.3, 0.5, 0.3, 0.2, 0.1], 0.97, dead=0.95), "learning-well"),
    "above chance, live": (LIVE, evaluations([2.3, 9.0, 40.0], 0.1), "diverged"),
    "not finite": (LIVE, Curves(events=(Event(41, "not_finite", 8.1e12),)), "diverged"),
    "nothing yet": (LIVE, Curves(), "too-early"),
    "twenty steps": (RUN, evaluations([2.3, 2.2, 2.1, 2.0, 1.9], 0.5, apart=5), "too-early"),
    "twenty steps were enough": (RUN, evaluations([2.3, 1.0, 0.5, 0.3, 0.2], 0.95, apart=5), "learning-well"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_verdict(name: str) -> None:
    run, curves, kind = CASES[name]
    assert judge(run.config, curves, run.outcome)[0] == kind


def noisy(fraction: float, **changes: Any) -> RunConfig:
    return CONFIG.replace(label_noise=fraction, **changes)


def test_wrong_labels_bound_what_can_be_reached() -> None:
    curves = evaluations([2.3, 1.8, 1.7, 1.69, 1.69, 1.69], 0.57, validated=0.9)
    assert judge(CONFIG, curves)[0] == "underfitting"
    assert judge(noisy(0.4), curves)[0] == "learning-well"  # 60 % of the labels are right
    assert judge(noisy(0.3), curves)[0] == "underfitting"


FLAT = [2.35, 2.33, 2.32, 2.311, 2.31, 2.309]


@pytest.mark.parametrize("fraction", [0.85, 0.88, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("accuracy", [0.09, 0.1, 0.111, 0.12])
def test_what_a_guess_gets_is_never_learning_well(fraction: float, accuracy: float) -> None:
    assert judge(noisy(fraction), evaluations(FLAT, accuracy))[0] != "learning-well"


def test_few_images_are_guessed_by_luck() -> None:
    few, many = (noisy(0.8, train_size=size, batch_size=10) for size in (100, 10_000))
    curves = evaluations(FLAT, 0.19, validated=0.9)
    assert judge(few, curves)[0] != "learning-well"  # a digit is 19 % of a hundred by luck
    assert judge(many, curves)[0] == "learning-well"  # of 20 % that can be reached


def test_a_single_image_can_be_learned() -> None:
    single = CONFIG.replace(train_size=1, batch_size=1)
    assert judge(single, evaluations([2.3, 0.5, 0.1, 0.05, 0.02, 0.01], 1.0))[0] == "learning-well"


def test_what_no_labels_teach_is_no_matter_of_the_rate() -> None:
    for fraction in (0.9, 1.0):
        run = replace(RUN, config=noisy(fraction))
        text = sentences(run, evaluations(FLAT, 0.1))
        assert text.endswith("try less label noise.")
        assert f"{fraction:.0%}" in text


def test_wrong_labels_known_by_heart_are_overfitting() -> None:
    curves = evaluations([2.3, 1.9, 1.5, 1.0, 0.6, 0.4], 0.92, [math.nan] * 6)
    assert judge(CONFIG, curves)[0] == "learning-well"
    assert judge(noisy(0.3), curves)[0] == "overfitting"
    assert "memorized wrong labels" in sentences(replace(RUN, config=noisy(0.3)), curves)
    learning = evaluations([2.3, 1.9, 1.6, 1.4, 1.35, 1.33], 0.74, [math.nan] * 6, validated=math.nan)
    assert judge(noisy(0.3), learning)[0] == "learning-well"


def test_images_with_right_labels_have_a_say_where_others_are_wrong() -> None:
    """18.5 % of labels of which 20 % are right: partly by heart, as it turns out on the validation images."""
    for accuracy, kind in ((0.9, "learning-well"), (0.45, "underfitting")):
        assert judge(noisy(0.8), evaluations(FLAT, 0.185, validated=accuracy))[0] == kind


def test_a_network_that_knows_better_than_wrong_labels_is_not_advised_to_learn_them() -> None:
    """A lesson praises weight decay for it, and the health check asked for less of it."""
    curves = evaluations([2.3, 2.0, 1.9, 1.85, 1.85, 1.85], 0.45, validated=0.62)
    run = replace(RUN, config=noisy(0.4, weight_decay=0.03))
    said = sentences(run, curves)
    assert judge(run.config, curves)[0] == "underfitting"
    assert "40% of the training labels are wrong: right answers alone have a training accuracy of 60%." in said
    assert "less dropout" not in said


def test_validation_that_never_fell_rises_while_wrong_labels_are_learned() -> None:
    curves = evaluations([2.3, 2.2, 1.9, 1.5, 1.0, 0.6], 0.5, [2.31, 2.4, 2.6, 3.0, 3.5, 4.0])
    assert judge(noisy(1.0), curves)[0] == "overfitting"


def test_a_rise_counts_where_wrong_labels_keep_the_loss_high() -> None:
    losses = np.full(500, 1.3)  # 1.27 is what 30 % wrong labels leave
    losses[:20] = np.linspace(2.3, 1.3, 20)
    losses[[400, 450]] = 2.2, 2.1
    assert rises(steps(losses), Scale.of(noisy(0.3)), batch_size=100)


def test_a_plateau_is_near_what_one_answer_to_all_images_has() -> None:
    """0.8 of wrong labels leave a loss of 2.258: 2.27 is most of the way there, and no plateau."""
    way = evaluations([2.31, 2.29, 2.28, 2.272, 2.271, 2.2705], 0.17)
    assert judge(noisy(0.8), way)[0] == "underfitting"
    assert judge(CONFIG, way)[0] == "plateau"


def steps(losses: Sequence[float]) -> np.ndarray:
    rows = np.zeros(len(losses), STEP_DTYPE)
    rows["step"] = 1 + np.arange(len(losses))
    rows["steps"] = 1
    rows["loss"] = rows["loss_max"] = losses
    return rows


def test_a_rise_of_mini_batches_in_the_later_half_is_unstable() -> None:
    losses = np.full(500, 0.2)
    losses[:20] = np.linspace(2.3, 0.2, 20)
    smooth = replace(evaluations([2.3, 0.3, 0.2, 0.2, 0.2, 0.2]), steps=steps(losses))
    assert judge(CONFIG, smooth)[0] == "learning-well"
    losses[[400, 450]] = 1.5, 1.2
    rough = replace(evaluations([2.3, 0.3, 0.2, 0.2, 0.2, 0.25]), steps=steps(losses))
    assert judge(CONFIG, rough)[0] == "unstable"
    recovered = replace(smooth, steps=steps(losses))
    assert judge(CONFIG, recovered)[0] == "learning-well"
    metrics = measure(CONFIG, rough)
    assert metrics is not None
    assert metrics.worst_loss == pytest.approx(1.5)
    assert 395 <= (metrics.worst_step or 0) <= 410
    # The same in the first half is how it began.
    losses[[400, 450, 100, 150]] = 0.2, 0.2, 1.5, 1.5
    assert judge(CONFIG, replace(smooth, steps=steps(losses)))[0] == "learning-well"


def test_the_noise_of_single_images_is_no_rise() -> None:
    losses = np.full(500, 0.2)
    losses[::10] = 5.0
    assert rises(steps(losses), Scale.of(CONFIG), batch_size=100)
    assert not rises(steps(losses), Scale.of(CONFIG), batch_size=1)


def sentences(run: Run, curves: Curves) -> str:
    verdict = explain(run, curves)
    assert verdict is not None
    return " ".join(str(part) for part in (verdict.title, verdict.summary, *verdict.evidence, verdict.advice or ""))


def test_diverged_names_step_last_value_and_a_rate_to_try() -> None:
    curves = Curves(events=(Event(41, "not_finite", 8.1e12),))
    text = sentences(replace(RUN, outcome="diverged"), curves)
    assert text.startswith("Diverged. At step 41")
    assert "8.1e12" in text
    assert "0.05" in text
    assert "255" in sentences(replace(RUN, config=CONFIG.replace(preprocessing="raw")), curves)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "dead",
            ["Collapsed. All values are finite, but 100% of the units", "uniform guessing: 2.303", "such as 0.17"],
        ),
        ("above chance, live", ["The training loss is 40, far above its initial value of 2.3", "0.05"]),
        ("learned", ["from 2.300 to 0.120 at step 500", "95.0%"]),
        ("still falling", ["from 1.900 at step 300 to 1.500 at step 500", "such as 1, or more"]),
        (
            "flat near chance",
            [
                "2.303 at step 300, 2.302 at step 500, close to chance level",
                "no hidden unit is dead",
                "higher learning rate, such as 1.",
            ],
        ),
        ("flat below chance", ["leveled off at 0.810 (step 500)", "wider" if CONFIG.dropout else "more units"]),
        ("falls back", ["1.100 at step 500, after reaching 0.300", "three times smaller, 0.17"]),
        ("ends above its least", ["up and down: 0.800 at step 500, after reaching 0.650", "three times smaller"]),
        ("validation rises", ["lowest at step 200 (0.400) and rose to 0.500", "from 0.200 to 0.020", "98.0%"]),
        ("twenty steps", ["After 20 updates", "smaller batches"]),
    ],
)
def test_evidence_is_numbers_and_steps(name: str, parts: list[str]) -> None:
    run, curves, _kind = CASES[name]
    text = sentences(run, curves)
    assert [part for part in parts if part not in text] == []


UNVALIDATED = RUN.config.replace(validation_size=0)


def test_the_gap_is_named_at_the_end() -> None:
    curves = evaluations([2.3, 0.5, 0.3, 0.2, 0.15, 0.12], validation=[math.nan] * 6, validated=math.nan)
    curves.evaluations["test_loss"] = [2.3, 0.5, 0.3, 0.25, 0.2, 0.17]
    result: dict[str, Any] = {"train_accuracy": 0.99, "test_accuracy": 0.97}
    run = replace(RUN, config=UNVALIDATED, result=result)
    text = sentences(run, curves)
    assert "gap between training and test accuracy is 2.0 percentage points. Try more epochs" in text
    assert "Test accuracy 97.0%" in text
    assert text.startswith("Learning well.")
    wide = sentences(replace(run, result=result | {"test_accuracy": 0.66}), curves)
    assert "is 33.0 percentage points: the network overfits. Try more training images, augmentation" in wide
    assert wide.startswith("Overfitting.")


def test_overfitting_begins_where_the_loss_on_other_images_no_longer_follows() -> None:
    losses = [2.3, 0.5, 0.3, 0.2, 0.15, 0.1]
    following = evaluations(losses, 0.97, [2.3, 0.5, 0.32, 0.25, 0.2, 0.16])
    behind = evaluations(losses, 0.97, [2.3, 0.5, 0.32, 0.25, 0.24, 0.235])
    assert "validation accuracy is 2.0 percentage points. Try more epochs or a wider network" in sentences(
        RUN, following
    )
    text = sentences(RUN, behind)
    assert "is 2.0 percentage points, and training loss falls faster than validation loss: overfitting begins" in text
    assert text.endswith("begins here. Try early stopping, more training images, augmentation, or dropout.")


@pytest.mark.parametrize("validated", [0.9, 0.935])
def test_headline_and_sentence_agree_about_the_gap(validated: float) -> None:
    """Training accuracy 100 %, a wide gap in the sentence, and above it: learning well."""
    curves = evaluations([2.3, 0.5, 0.3, 0.2, 0.15, 0.1], 1.0, [2.3, 0.6, 0.4, 0.38, 0.39, 0.4], validated=validated)
    text = sentences(RUN, curves)
    assert text.startswith("Overfitting.") == ("the network overfits" in text) == (validated == 0.9)


def test_a_wide_gap_is_no_overfitting_while_validation_loss_follows() -> None:
    curves = evaluations([2.3, 0.9, 0.6, 0.45, 0.36, 0.3], 0.95, [2.3, 1.0, 0.8, 0.66, 0.58, 0.52], validated=0.86)
    text = sentences(RUN, curves)
    assert text.startswith("Learning well.")
    assert "is 9.0 percentage points. Try more epochs or a wider network, and watch the gap" in text


def test_a_verdict_that_is_kept_looks_at_no_test_image() -> None:
    """While the test set is sealed it is shown, too."""
    curves = CASES["no validation"][1]
    result = {"train_accuracy": 0.97, "test_accuracy": 0.5}
    assert at_end(UNVALIDATED, curves, "completed", result) == "learning-well"
    run = replace(RUN, config=UNVALIDATED, result=result)
    assert seen(run, "learning-well") == "overfitting"
    sealed = replace(run, result={"train_accuracy": 0.97})
    assert seen(sealed, "learning-well") == "learning-well"
    assert sentences(sealed, curves).startswith("Learning well.")


def test_a_run_that_goes_on_does_not_show_the_figures_of_its_pause() -> None:
    stale = {"train_accuracy": 0.515, "validation_accuracy": 0.5, "test_accuracy": 0.517}
    text = sentences(replace(LIVE, result=stale), CASES["learned, live"][1])
    assert "at step 500; training accuracy is 95.0%. Validation accuracy 93.0%." in text
    assert "51" not in text


def test_sentences_have_the_figures_of_all_images() -> None:
    """They stand beside the metrics of the same run, which are of all images."""
    run, curves, _kind = CASES["validation rises"]
    final = replace(run, result={"train_accuracy": 0.9961, "validation_accuracy": 0.9431})
    assert "Training accuracy 99.6%, validation accuracy 94.3%." in sentences(final, curves)
    run, curves, _kind = CASES["flat below chance"]
    assert "Training accuracy 71.2%." in sentences(replace(run, result={"train_accuracy": 0.712}), curves)


def test_few_images_are_said_to_prove_little() -> None:
    """16 images, and the 4 test images all right: learning well, 100 %, and not a word."""
    run = changed(RUN, dataset="own-0123456789abcdef", train_size=16, validation_size=0, batch_size=4, classes=2)
    result = {"train_accuracy": 1.0, "test_accuracy": 1.0, "test_images": 4}
    curves = evaluations([0.7, 0.3, 0.1, 0.05, 0.02], 1.0, [math.nan] * 5, validated=math.nan)
    text = sentences(replace(run, result=result), curves)
    assert "Test accuracy 100.0%. Only 4 test images prove little: each counts 25 percentage points." in text
    assert text.endswith("Try more images, so that accuracy can be relied on.")
    single = sentences(replace(run, result=result | {"test_images": 1}), curves)
    assert "There is only one test image, which proves little." in single


def test_a_plateau_of_a_living_network_is_no_collapse() -> None:
    run, curves, _kind = CASES["flat near chance"]
    curves.evaluations["dead_units"] = 0.4
    assert "This is not a collapse: in the worst layer 40% of the units are dead." in sentences(run, curves)
    curves.evaluations["dead_units"] = 0
    assert "This is not a collapse: no hidden unit is dead." in sentences(run, curves)


def test_how_it_ended_is_said_beside_the_verdict() -> None:
    learned = CASES["learned"][1]
    early = replace(learned, events=(Event(600, "early_stop", 400.0),))
    assert "ended it at step 600: no epoch after step 400 had a lower validation loss" in sentences(RUN, early)
    falling = sentences(RUN, replace(CASES["still falling"][1], events=early.events))
    assert "The loss is still falling" in falling
    assert falling.endswith("had a lower validation loss. Try more training images, augmentation, or dropout.")
    assert sentences(RUN, early).endswith(
        "had a lower validation loss. Try more training images, augmentation, or dropout."
    )
    young = replace(CASES["twenty steps"][1], events=early.events)
    assert sentences(RUN, young).endswith("Choose a longer patience of early stopping, or train without it.")
    stopped = replace(RUN, outcome="stopped", progress=Progress(60, 100))
    assert "The run was stopped after step 60 of 100" in sentences(stopped, learned)
    assert "The run was stopped after step 60 of 100" in sentences(stopped, Curves())
    assert "It broke" in sentences(replace(RUN, outcome="failed", error=message("It broke.")), Curves())
    assert explain(LIVE, Curves()) is None


def test_what_goes_on_in_the_layers_is_evidence() -> None:
    rows = np.zeros(6, LAYER_DTYPE)
    rows["step"], rows["layer"] = [0, 0, 0, 500, 500, 500], [0, 1, 2] * 2
    rows["update"] = [np.nan] * 3 + [0.00021, 0.004, 0.25]
    rows["dead_units"] = [0, 0, np.nan, 0.4, 1.0, np.nan]
    run, curves, _kind = CASES["still falling"]
    assert "0.021%, 0.4%, 25%" in sentences(run, replace(curves, layers=rows))
    run, curves, _kind = CASES["dead"]
    assert "Dead units by hidden layer, first to last: 40%, 100%." in sentences(run, replace(curves, layers=rows))


def test_a_range_test_keeps_no_verdict() -> None:
    curves = CASES["learned"][1]
    assert at_end(CONFIG, curves, "completed") == "learning-well"
    assert at_end(CONFIG.replace(schedule="rising"), curves, "completed") is None


def test_a_fast_fall_is_left_alone() -> None:
    curves = evaluations([2.3, 2.1, 1.8, 1.4, 0.9, 0.6], 0.7)
    assert sentences(LIVE, curves).endswith("let the run continue.")
    assert sentences(RUN, curves).endswith("train for more epochs.")


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "adamw"])
def test_a_rate_that_overshot_is_not_to_be_raised(optimizer: str) -> None:
    """Recorded with RMSprop at 0.1, one epoch of the first look: a rate of 0.3 was advised, which is unstable."""
    losses = [2.43, 708.0, 231.9, 3.82, 0.82, 1.03, 0.834]
    curves = evaluations(losses, [0.1, 0.12, 0.27, 0.74, 0.77, 0.8, 0.796])
    curves.evaluations["step"] = [0, 1, 4, 16, 64, 256, 469]
    run = changed(RUN, learning_rate=0.1, optimizer=optimizer)
    text = sentences(run, curves)
    assert text.startswith("Learning slowly.")
    assert text.endswith(
        "rose to 291 times its initial value, so the learning rate is too high: try a lower one, such as 0.003."
    )
    lowered = replace(run, rate_changes=(RateChange(300, 0.001),), learning_rate=0.001)
    assert "too high" not in sentences(lowered, curves)


def test_a_rate_that_overshot_is_named_though_the_network_learned() -> None:
    """Adam at 0.1: 90 % after an epoch, where 0.003 has 97 %."""
    curves = evaluations([2.43, 79.5, 27.2, 1.16, 0.68, 0.49], 0.91)
    text = sentences(changed(RUN, learning_rate=0.1, optimizer="adam"), curves)
    assert text.startswith("Learning well.")
    assert text.endswith(
        "rose to 33 times its initial value, so the learning rate is too high: try a lower one, such as 0.003."
    )


def test_large_updates_are_not_to_be_raised() -> None:
    rows = np.zeros(2, LAYER_DTYPE)
    rows["step"], rows["layer"], rows["update"] = 500, [0, 1], [0.031, 0.03]
    run, curves, _kind = CASES["still falling"]
    text = sentences(run, replace(curves, layers=rows))
    assert text.endswith("Such large updates overshoot: try a lower learning rate, such as 0.17.")
    rows["update"] = [0.003, 0.001]
    assert "Try a higher learning rate" in sentences(run, replace(curves, layers=rows))


def changed(run: Run, **changes: Any) -> Run:
    return replace(run, config=run.config.replace(**changes))


def test_early_stopping_is_not_advised_to_who_has_it() -> None:
    run, curves, _kind = CASES["validation rises"]
    assert sentences(run, curves).endswith("Try early stopping, more training images, augmentation, or dropout.")
    stopping = sentences(changed(run, early_stopping=5), curves)
    assert stopping.endswith("98.0%. Try more training images, augmentation, or dropout.")


@pytest.mark.parametrize("name", ["dead", "flat near chance"])
@pytest.mark.parametrize("zeros", [{"initialization": "zeros"}, {"initialization": "normal", "init_std": 0.0}])
def test_no_rate_is_advised_where_all_weights_start_at_zero(name: str, zeros: dict[str, Any]) -> None:
    run, curves, _kind = CASES[name]
    text = sentences(changed(run, **zeros), curves)
    assert "Choose He or Glorot initialization" in text
    assert "learning rate, such" not in text
    regression = sentences(changed(run, hidden_layers=(), **zeros), curves)
    assert "Choose He or Glorot initialization" not in regression


def test_what_is_advised_is_not_what_the_run_has() -> None:
    run, curves, _kind = CASES["flat near chance"]
    assert sentences(run, curves).endswith("Try a higher learning rate, such as 1.")
    assert sentences(changed(run, activation="sigmoid"), curves).endswith("such as 1, or ReLU with He initialization.")
    assert sentences(changed(run, weight_decay=1.0), curves).endswith("Try less dropout or weight decay.")
    assert "ReLU" not in sentences(changed(run, hidden_layers=(), activation="sigmoid"), curves)
    far = evaluations([7.0, 5.6, 5.59, 5.59, 5.59, 5.59], 0.12)
    assert "5.590 at step 500, above chance level" in sentences(run, far)


@pytest.mark.parametrize(
    ("name", "rate", "end"),
    [
        ("flat near chance", 100.0, "Try a much lower learning rate, such as 0.3."),
        ("flat near chance", 1e-6, "Try a higher learning rate, such as 0.01."),
        ("still falling", 1.0, "Try more epochs."),
        ("still falling", 2.0, "Try a lower learning rate, such as 0.3, or more epochs."),
        ("still falling", 0.6, "such as 1, or more epochs."),
        ("falls back", 100.0, "Try a much lower learning rate, such as 0.3."),
        ("above chance, live", 100.0, "Try a much lower learning rate, such as 0.3."),
        ("falls back", 1e-6, "Try larger batches."),
        ("falls back", 2e-6, "three times smaller, 1e-6, or larger batches."),
        ("above chance, live", 1e-6, "a smaller standard deviation of the initial weights."),
    ],
)
def test_rates_that_cannot_be_set_or_cannot_work_are_not_advised(name: str, rate: float, end: str) -> None:
    run, curves, _kind = CASES[name]
    assert sentences(changed(run, learning_rate=rate), curves).endswith(end)


@pytest.mark.parametrize("step", [0, 1])
def test_what_breaks_before_the_first_update_is_no_overshooting(step: int) -> None:
    text = sentences(replace(RUN, outcome="diverged"), Curves(events=(Event(step, "not_finite", 5e12),)))
    assert "the initial weights make the outputs too large. The last finite loss was 5e12." in text
    assert text.endswith("Try He initialization, or a smaller standard deviation of the initial weights.")


def test_a_gap_that_may_be_luck_is_no_overfitting() -> None:
    run = changed(RUN, dataset="own-0123456789abcdef", train_size=40, validation_size=0, batch_size=10, classes=2)
    learned = CASES["no validation"][1]
    small = replace(run, result={"train_accuracy": 1.0, "test_accuracy": 0.9, "test_images": 10})
    assert "The gap" not in sentences(small, learned)
    assert sentences(small, learned).startswith("Learning well.")
    wide = replace(run, result={"train_accuracy": 1.0, "test_accuracy": 0.5, "test_images": 10})
    assert "is 50.0 percentage points: the network overfits." in sentences(wide, learned)


@pytest.mark.parametrize(
    ("train", "held_out", "images", "real", "wide"),
    [
        (0.9491, 0.9421, 10_000, False, False),  # RMSprop at 0.03, one epoch
        (0.9943, 0.9812, 10_000, True, False),  # the first look: the small gap where overfitting begins
        (1.0, 0.948, 10_000, True, False),  # the two-layer network
        (1.0, 0.913, 1_000, True, True),
        (1.0, 0.5, 10, True, True),
        (1.0, 0.9, 10, False, False),  # one of ten
        (1.0, 0.75, 4, False, False),
        (0.9, 0.95, 1_000, False, False),
    ],
)
def test_how_wide_a_gap_is(train: float, held_out: float, images: int, real: bool, wide: bool) -> None:
    gap = Gap("validation", train, held_out, images, None)
    assert (gap.is_real, gap.is_wide) == (real, wide)
