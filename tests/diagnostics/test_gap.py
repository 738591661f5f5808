"""The gap between training images and others: when it is overfitting, and what is said of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from mnist_core.diagnostics import at_end, evidence, judge, seen
from mnist_core.diagnostics.gap import Gap
from tests.diagnostics.judged import CASES, RUN, changed, evaluations, sentences

UNVALIDATED = RUN.config.replace(validation_size=0)


def test_the_gap_is_named_at_the_end() -> None:
    curves = evaluations([2.3, 0.5, 0.3, 0.2, 0.15, 0.12], validation=[math.nan] * 6, validated=math.nan)
    curves.evaluations["test_loss"] = [2.3, 0.5, 0.3, 0.25, 0.2, 0.17]
    result: dict[str, Any] = {"train_accuracy": 0.99, "test_accuracy": 0.97}
    run = replace(RUN, config=UNVALIDATED, result=result)
    text = sentences(run, curves)
    assert "gap between training and test accuracy is 2.00 percentage points. Try more epochs" in text
    assert "Test accuracy 97.00%" in text
    assert text.startswith("Learning well.")
    wide = sentences(replace(run, result=result | {"test_accuracy": 0.66}), curves)
    assert "is 33.00 percentage points. Try one of these: more training images, augmentation" in wide
    assert wide.startswith("Overfitting.")


def test_overfitting_begins_where_the_loss_on_other_images_no_longer_follows() -> None:
    losses = [2.3, 0.5, 0.3, 0.2, 0.15, 0.1]
    following = evaluations(losses, 0.97, [2.3, 0.5, 0.32, 0.25, 0.2, 0.16])
    behind = evaluations(losses, 0.97, [2.3, 0.5, 0.32, 0.25, 0.24, 0.235])
    assert "validation accuracy is 2.00 percentage points. Try more epochs or a wider network" in sentences(
        RUN, following
    )
    text = sentences(RUN, behind)
    assert "is 2.00 percentage points, and training loss falls faster than validation loss: overfitting begins" in text
    assert text.endswith("begins here. Try one of these: early stopping, augmentation, dropout, weight decay.")


@pytest.mark.parametrize("validated", [0.9, 0.935])
def test_headline_and_sentence_agree_about_the_gap(validated: float) -> None:
    """Training accuracy 100 %, a wide gap in the sentence, and above it: learning well."""
    curves = evaluations([2.3, 0.5, 0.3, 0.2, 0.15, 0.1], 1.0, [2.3, 0.6, 0.4, 0.38, 0.39, 0.4], validated=validated)
    text = sentences(RUN, curves)
    assert text.startswith("Overfitting.") == ("overfitting begins" not in text) == (validated == 0.9)
    assert text.count("verfit") == 1


def test_a_wide_gap_is_no_overfitting_while_validation_loss_follows() -> None:
    curves = evaluations([2.3, 0.9, 0.6, 0.45, 0.36, 0.3], 0.95, [2.3, 1.0, 0.8, 0.66, 0.58, 0.52], validated=0.86)
    text = sentences(RUN, curves)
    assert text.startswith("Learning well.")
    assert "is 9.00 percentage points. Try more epochs or a wider network, and watch the gap" in text


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


def test_few_images_are_said_to_prove_little() -> None:
    """16 images, and the 4 test images all right: learning well, 100 %, and not a word."""
    run = changed(RUN, dataset="own-0123456789abcdef", train_size=16, validation_size=0, batch_size=4, classes=2)
    result = {"train_accuracy": 1.0, "test_accuracy": 1.0, "test_images": 4}
    curves = evaluations([0.7, 0.3, 0.1, 0.05, 0.02], 1.0, [math.nan] * 5, validated=math.nan)
    text = sentences(replace(run, result=result), curves)
    assert "Test accuracy 100.00%. Only 4 test images prove little: each counts 25 percentage points." in text
    assert text.endswith("Try more images, so that accuracy can be relied on.")
    single = sentences(replace(run, result=result | {"test_images": 1}), curves)
    assert "There is only one test image, which proves little." in single


def test_a_gap_that_may_be_luck_is_no_overfitting() -> None:
    run = changed(RUN, dataset="own-0123456789abcdef", train_size=40, validation_size=0, batch_size=10, classes=2)
    learned = CASES["no validation"][1]
    small = replace(run, result={"train_accuracy": 1.0, "test_accuracy": 0.9, "test_images": 10})
    assert "The gap" not in sentences(small, learned)
    assert sentences(small, learned).startswith("Learning well.")
    wide = replace(run, result={"train_accuracy": 1.0, "test_accuracy": 0.5, "test_images": 10})
    assert "is 50.00 percentage points. Try" in sentences(wide, learned)


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
    gap = Gap("validation", train, held_out, images, None, held_out)
    assert (gap.is_real, gap.is_wide) == (real, wide)


@pytest.mark.parametrize(("validated", "kind"), [(0.75, "overfitting"), (0.93, "learning-well")])
def test_wrong_labels_do_not_hide_a_gap(validated: float, kind: str) -> None:
    """Of 30 % wrong labels 64 % are answered: by who is right on 75 % of other images 53 % would be, the rest it knows by heart."""
    losses = [2.3, 1.6, 1.4, 1.3, 1.2, 1.15]
    curves = evaluations(losses, 0.64, [2.3, 1.2, 1.0, 0.98, 1.0, 1.01], validated=validated)
    run = changed(RUN, label_noise=0.3, train_size=1_000, validation_size=2_000)
    assert judge(run.config, curves)[0] == kind
    said = "30% of the training labels are wrong: a network with this validation accuracy would have a training accuracy of about 53.33%. It has 64.00%: it is memorizing training images"
    assert (said in sentences(run, curves)) == (kind == "overfitting")


@pytest.mark.parametrize(("train", "wrong"), [(0.59, False), (0.66, True)])
def test_wrong_labels_are_memorized_where_right_answers_alone_would_not_do(train: float, wrong: bool) -> None:
    """Of 40 % wrong labels 59 % were answered, and the wrong ones were said to be memorized: right ones alone are 60 %."""
    config = changed(RUN, label_noise=0.4).config
    said = evidence.gap_width(config, Gap("test", train, 0.73, 1_000, None, 0.4574)).text()
    assert ("it is memorizing wrong labels" in said) == wrong
    assert ("it is memorizing training images" in said) != wrong


def test_wrong_labels_are_said_to_lower_training_accuracy() -> None:
    """Learning well, 55.5 % of the training images and 89.7 % of the others: why, nobody said."""
    run = changed(RUN, label_noise=0.4)
    curves = evaluations([2.3, 2.0, 1.8, 1.7, 1.68, 1.67], 0.555, [2.3, 1.5, 1.2, 1.1, 1.05, 1.0], validated=0.897)
    text = sentences(run, curves)
    assert text.startswith("Learning well.")
    assert "40% of the training labels are wrong: right answers alone have a training accuracy of 60%." in text
    assert text.endswith("and watch validation accuracy: it falls when wrong labels are memorized.")
    alone = evaluations([2.3, 2.0, 1.8, 1.7, 1.68, 1.67], 0.555, [math.nan] * 6, validated=math.nan)
    untested = sentences(changed(run, validation_size=0), alone)
    assert untested.endswith("and watch test accuracy: it falls when wrong labels are memorized.")
    falling = evaluations([2.3, 2.2, 2.1, 2.0, 1.95, 1.9], 0.4, validated=0.6)
    assert "right answers alone have" in sentences(run, falling)
    assert "wrong" not in sentences(RUN, falling)


def test_a_narrow_gap_is_not_said_to_be_memorized() -> None:
    """Of 54.3 % that are expected 55.5 %: that was memorizing wrong labels, and twice so."""
    run = replace(changed(RUN, label_noise=0.4), result={"train_accuracy": 0.555, "test_accuracy": 0.89})
    curves = evaluations([2.3, 2.0, 1.8, 1.72, 1.7, 1.67], 0.555, [2.3, 1.5, 1.2, 1.1, 1.09, 1.09], validated=0.897)
    text = sentences(run, curves)
    assert text.startswith("Learning well.")
    assert "memorizing" not in text
    assert text.count("40% of the training labels are wrong") == 1


def test_what_begins_to_learn_wrong_labels_by_heart_does_not_learn_slowly() -> None:
    curves = evaluations([2.3, 1.8, 1.6, 1.5, 1.4, 1.3], 0.57, [2.3, 1.3, 1.2, 1.2, 1.21, 1.22], validated=0.6)
    run = changed(RUN, label_noise=0.3, train_size=1_000, validation_size=2_000)
    assert judge(run.config, curves)[0] == "overfitting"
    assert judge(run.config.replace(label_noise=0.0), curves)[0] == "learning-slowly"


def test_the_wider_of_two_gaps_decides_for_who_sees_both() -> None:
    """One network, with validation images learning well, without them overfitting: the last training images are easier."""
    losses = [2.4, 1.0, 0.6, 0.4, 0.3, 0.217]
    curves = evaluations(losses, 0.962, [2.4, 1.0, 0.62, 0.45, 0.37, 0.31], validated=0.913)
    config = RUN.config.replace(train_size=1_000, validation_size=1_000)
    figures: dict[str, Any] = {"train_accuracy": 0.962, "validation_accuracy": 0.913, "test_accuracy": 0.868}
    run = replace(RUN, config=config, result=figures)
    assert at_end(config, curves, "completed", figures) == "learning-well"
    assert seen(run, "learning-well") == "overfitting"
    said = sentences(run, curves)
    assert said.startswith("Overfitting.")
    assert (
        "Validation accuracy 91.30%. Test accuracy 86.80%. The gap between training and validation accuracy is 4.9"
        in said
    )
    assert "The gap between training and test accuracy is 9.4" in said
    without = evaluations(losses, 0.962, [math.nan] * 6, validated=math.nan)
    alone = replace(run, config=config.replace(validation_size=0))
    assert sentences(alone, without).startswith("Overfitting.")
    narrow = replace(run, result=figures | {"test_accuracy": 0.9})
    assert seen(narrow, "learning-well") == "learning-well"
    assert "validation accuracy is 4.90 percentage points. The gap between training and test accuracy is 6.2" in (
        sentences(narrow, curves)
    )
    sealed = replace(run, result={"train_accuracy": 0.962, "validation_accuracy": 0.913})
    assert sentences(sealed, curves).startswith("Learning well.")
    assert "est accuracy" not in sentences(sealed, curves)
    assert seen(replace(run, state="running", outcome=None), "learning-well") == "learning-well"
