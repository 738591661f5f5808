"""The health check and what it says, from hand-made records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.diagnostics import Scale, at_end, explain, judge
from mnist_core.diagnostics.run_metrics import measure, rises
from mnist_core.messages import message
from mnist_core.records import LAYER_DTYPE, STEP_DTYPE, Curves, Event, Progress
from tests.diagnostics.judged import CASES, CONFIG, LIVE, RUN, changed, evaluations, sentences


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


def test_more_than_right_labels_allow_is_no_slow_learning() -> None:
    """Of 77.8 %, where 60 % of the labels are right, a higher rate or more epochs was advised."""
    falling = [2.4, 1.9, 1.6, 1.3, 1.1, 0.9]
    run = replace(RUN, config=noisy(0.4, train_size=1_000))
    said = sentences(run, evaluations(falling, 0.778, validated=0.66))
    assert said.startswith("Overfitting. Training accuracy is 77.80%, though 40% of the training labels are wrong")
    assert "Validation accuracy 66.00%." in said
    assert judge(run.config, evaluations(falling, 0.62, validated=0.66))[0] == "learning-slowly"  # 60 %, and luck
    begins = sentences(run, evaluations(falling, 0.7, validated=0.85))
    assert begins.startswith("Learning well.")
    assert "of 60%. The network begins to memorize wrong labels." in begins
    assert "epochs" not in begins


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


@pytest.mark.parametrize(
    ("schedule", "rate", "remedies"),
    [
        ("step", "0.0005", "more epochs between drops, a larger drop factor"),
        ("cosine", "", "more epochs, a constant learning rate"),
        ("one-cycle", "", "more epochs, a constant learning rate"),
        ("warm-up", None, "more units or layers"),
        ("constant", None, "more units or layers"),
    ],
)
def test_where_the_schedule_has_lowered_the_rate_no_network_is_too_small(
    schedule: Any, rate: str | None, remedies: str
) -> None:
    """Leveled off at a rate of 0.0005, and more units were advised."""
    run = changed(RUN, schedule=schedule, epochs=4, train_size=1_000, batch_size=10)
    curves = evaluations([2.3, 0.9, 0.6, 0.52, 0.519, 0.518, 0.517], 0.85, apart=66)
    assert judge(run.config, curves)[0] == "underfitting"
    said = sentences(run, curves)
    assert ("The schedule has lowered the learning rate to " + (rate or "") in said) == (rate is not None)
    assert ("does not get further" in said) == (rate is None)
    assert remedies in said


def test_who_memorizes_wrong_labels_overfits_though_mini_batches_jump() -> None:
    """Validation accuracy fell from 88 % to 63 %, and the headline was: unstable."""
    losses = np.linspace(2.3, 0.7, 500)
    losses[[400, 450]] = 2.2, 2.1
    memorizing = evaluations([2.3, 1.5, 1.3, 0.8, 0.64, 0.7], 0.743, [2.3, 1.2, 1.1, 1.3, 1.4, 1.5], validated=0.63)
    assert judge(noisy(0.4), replace(memorizing, steps=steps(losses)))[0] == "overfitting"
    alone = evaluations([2.3, 1.5, 1.3, 0.8, 0.64, 0.7], 0.743, [math.nan] * 6, validated=math.nan)
    assert judge(noisy(0.4), replace(alone, steps=steps(losses)))[0] == "unstable"


def test_the_noise_of_single_images_is_no_rise() -> None:
    losses = np.full(500, 0.2)
    losses[::10] = 5.0
    assert rises(steps(losses), Scale.of(CONFIG), batch_size=100)
    assert not rises(steps(losses), Scale.of(CONFIG), batch_size=1)


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
        ("learned", ["from 2.300 to 0.120 at step 500", "95.00%"]),
        ("still falling", ["from 1.900 at step 300 to 1.500 at step 500", "such as 1, or more"]),
        (
            "flat near chance",
            [
                "2.303 at step 300, 2.302 at step 500, close to chance level",
                "no hidden unit is dead",
                "lower learning rate, such as 0.1.",
            ],
        ),
        ("flat below chance", ["leveled off at 0.810 (step 500)", "wider" if CONFIG.dropout else "more units"]),
        ("falls back", ["1.100 at step 500, after reaching 0.300", "three times smaller, 0.17"]),
        ("ends above its least", ["up and down: 0.800 at step 500, after reaching 0.650", "three times smaller"]),
        ("validation rises", ["lowest at step 200 (0.400) and rose to 0.500", "from 0.200 to 0.020", "98.00%"]),
        ("twenty steps", ["After 20 updates", "smaller batches"]),
    ],
)
def test_evidence_is_numbers_and_steps(name: str, parts: list[str]) -> None:
    run, curves, _kind = CASES[name]
    text = sentences(run, curves)
    assert [part for part in parts if part not in text] == []


def test_a_run_that_goes_on_does_not_show_the_figures_of_its_pause() -> None:
    stale = {"train_accuracy": 0.515, "validation_accuracy": 0.5, "test_accuracy": 0.517}
    text = sentences(replace(LIVE, result=stale), CASES["learned, live"][1])
    assert "at step 500; training accuracy is 95.00%. Validation accuracy 93.00%." in text
    assert "51" not in text


def test_sentences_have_the_figures_of_all_images() -> None:
    """They stand beside the metrics of the same run, which are of all images."""
    run, curves, _kind = CASES["validation rises"]
    final = replace(run, result={"train_accuracy": 0.9961, "validation_accuracy": 0.9431})
    assert "Training accuracy 99.61%, validation accuracy 94.31%." in sentences(final, curves)
    run, curves, _kind = CASES["flat below chance"]
    assert "Training accuracy 71.20%." in sentences(replace(run, result={"train_accuracy": 0.712}), curves)


def test_a_plateau_of_a_living_network_is_no_collapse() -> None:
    run, curves, _kind = CASES["flat near chance"]
    curves.evaluations["dead_units"] = 0.4
    assert "This is not a collapse: in the worst layer 40% of the units are dead." in sentences(run, curves)
    curves.evaluations["dead_units"] = 0
    assert "This is not a collapse: no hidden unit is dead." in sentences(run, curves)


def test_how_it_ended_is_said_beside_the_verdict() -> None:
    learned = CASES["learned"][1]
    early = replace(learned, events=(Event(600, "early_stop", 400.0),))
    stopping = changed(RUN, early_stopping=2)
    assert "ended it at step 600: no epoch after step 400 had a lower validation loss" in sentences(RUN, early)
    falling = sentences(stopping, replace(CASES["still falling"][1], events=early.events))
    assert "The loss is still falling" in falling
    remedies = "had a lower validation loss. Try one of these: augmentation, dropout, weight decay, fewer units."
    assert falling.endswith(remedies)
    assert sentences(stopping, early).endswith(remedies)
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
    said = explain(replace(RUN, config=CONFIG.replace(schedule="rising")), curves)
    assert said is not None
    assert said.kind is None
    assert str(said.title) == "A range test."
    assert "on the Learning rate page" in str(said.summary)
