"""The loop against an independent one, its records, its chunks, its interruptions."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest
import torch

from mnist_core import RunConfig, Trainer, build_model, describe, schedule, train
from mnist_core.config import choices
from mnist_core.data import Dataset, preprocess
from mnist_core.schedule import evaluated_images
from mnist_core.training.batches import order
from mnist_core.training.evaluation import loss_of
from mnist_core.training.step import never

SMALL = {"train_size": 600, "validation_size": 200, "hidden_layers": (12,), "batch_size": 50, "epochs": 2}


def small(**changes) -> RunConfig:
    """A run of a second or less."""
    return RunConfig(**{**SMALL, **changes})


def plain_optimizer(config: RunConfig, weights: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """torch's own optimizers, as a tutorial would call them."""
    rate, decay = config.learning_rate, config.weight_decay
    betas = (config.beta1, config.beta2)
    make = {
        "sgd": lambda w: torch.optim.SGD(w, rate, weight_decay=decay),
        "momentum": lambda w: torch.optim.SGD(w, rate, momentum=config.momentum, weight_decay=decay),
        "nesterov": lambda w: torch.optim.SGD(
            w, rate, momentum=config.momentum, nesterov=config.momentum > 0, weight_decay=decay
        ),
        "adagrad": lambda w: torch.optim.Adagrad(w, rate, eps=config.epsilon, weight_decay=decay),
        "rmsprop": lambda w: torch.optim.RMSprop(w, rate, alpha=config.rho, eps=config.epsilon, weight_decay=decay),
        "adam": lambda w: torch.optim.Adam(w, rate, betas=betas, eps=config.epsilon, weight_decay=decay),
        "adamw": lambda w: torch.optim.AdamW(w, rate, betas=betas, eps=config.epsilon, weight_decay=decay),
    }
    return make[config.optimizer](weights)


def plain_loop(config: RunConfig, dataset: Dataset) -> list[torch.Tensor]:
    """The tutorial's loop: the weights after the last step."""
    model = build_model(config)
    optimizer = plain_optimizer(config, model.parameters())
    inputs = torch.from_numpy(preprocess(dataset.train_images[: config.train_size], config.preprocessing))
    inputs = inputs[:, None] if config.model == "cnn" else inputs.flatten(1)
    labels = torch.from_numpy(dataset.train_labels[: config.train_size].astype(np.int64))
    for epoch in range(config.epochs):
        for batch in np.array_split(order(config, epoch), config.steps_per_epoch):
            optimizer.zero_grad()
            outputs = model(inputs[batch])
            if config.loss == "cross-entropy":
                loss = torch.nn.CrossEntropyLoss()(outputs, labels[batch])
            else:
                loss = ((outputs - torch.eye(10)[labels[batch]]) ** 2).sum(1).mean()
            loss.backward()
            optimizer.step()
    return [weight.detach() for weight in model.parameters()]


def same(model: torch.nn.Module, weights: list[torch.Tensor], tolerance: float = 2e-5) -> None:
    """The model's weights are `weights`."""
    for mine, other in zip(model.parameters(), weights, strict=True):
        torch.testing.assert_close(mine.detach(), other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("optimizer", choices("optimizer"))
@pytest.mark.parametrize("loss", choices("loss"))
def test_agrees_with_a_plain_loop_for_every_optimizer_and_loss(tiny: Dataset, optimizer: str, loss: str) -> None:
    rate = 0.01 if optimizer in ("sgd", "momentum", "nesterov", "adagrad") else 0.001
    config = small(optimizer=optimizer, loss=loss, learning_rate=rate, weight_decay=0.001, epsilon=1e-6)
    same(train(config, tiny).model, plain_loop(config, tiny))


@pytest.mark.parametrize("activation", choices("activation"))
@pytest.mark.parametrize("model", choices("model"))
def test_agrees_with_a_plain_loop_for_every_activation_and_model(tiny: Dataset, activation: str, model: str) -> None:
    config = small(activation=activation, model=model, filters=(3,), kernel_size=3, epochs=1)
    same(train(config, tiny).model, plain_loop(config, tiny))


def test_same_seed_same_curve_and_another_seed_another(tiny: Dataset) -> None:
    one, two = train(small(), tiny), train(small(), tiny)
    other = train(small(seed=1), tiny)
    assert one.steps["loss"].equals(two.steps["loss"])
    assert not one.steps["loss"].equals(other.steps["loss"])


def test_the_order_of_batches_has_a_seed_of_its_own(tiny: Dataset) -> None:
    first = build_model(small(seed=1))
    second = build_model(small(seed=1, batch_seed=5))
    same(first, [weight.detach() for weight in second.parameters()], 0)
    assert (order(small(seed=1, batch_seed=5), 0) == order(small(seed=2, batch_seed=5), 0)).all()
    assert sorted(order(small(), 3)) == list(range(600))


def test_replacement_draws_some_images_twice(tiny: Dataset) -> None:
    drawn = order(small(sampling="replacement"), 0)
    assert len(drawn) == 600
    assert len(set(drawn)) < 600


def test_the_first_loss_is_ln_10_for_tiny_weights(tiny: Dataset) -> None:
    result = train(small(initialization="normal", init_std=1e-4, epochs=1), tiny)
    assert result.steps["loss"].iloc[0] == pytest.approx(math.log(10), abs=1e-3)
    assert result.evaluations["train_loss"].iloc[0] == pytest.approx(math.log(10), abs=1e-3)


def test_records_cover_every_step_once(tiny: Dataset) -> None:
    result = train(small(batch_size=1, train_size=300, epochs=7), tiny)  # 2,100 steps: windows of 3
    assert result.steps["steps"].sum() == 2_100
    assert result.steps["step"].is_monotonic_increasing
    assert len(result.steps) == 700
    assert (result.steps["loss_min"] <= result.steps["loss"]).all()
    assert (result.steps["loss"] <= result.steps["loss_max"]).all()
    evaluated = result.evaluations["step"].tolist()
    assert evaluated[:4] == [0, 1, 4, 16]
    assert evaluated[-1] == 2_100


def test_nan_is_a_result(tiny: Dataset) -> None:
    config = small(activation="identity", loss="squared-error", learning_rate=100, preprocessing="raw", epochs=20)
    result = train(config, tiny)
    assert result.outcome == "diverged"
    (event,) = [event for event in result.events if event.kind == "not_finite"]
    assert result.result["not_finite_step"] == event.step
    assert math.isfinite(event.value)
    last = result.steps.iloc[-1][["loss", "gradient_norm"]].tolist()
    assert not np.isfinite([*last, result.evaluations["train_loss"].iloc[-1]]).all()
    assert len(result.steps) == event.step  # it ended there
    on = train(config.replace(stop_when_not_finite=False, epochs=2), tiny)
    assert on.outcome == "diverged"
    assert on.steps["step"].iloc[-1] == config.steps_per_epoch * 2


def test_chunks_add_up_to_the_whole_batch(tiny: Dataset) -> None:
    config = small(batch_size=600, epochs=3, learning_rate=0.5)
    cut = Trainer(config, tiny)
    cut.loop.chunk_size = 70
    cut.advance()
    same(cut.model, plain_loop(config, tiny))


def test_a_large_step_hears_stop_and_is_made_again_whole(tiny: Dataset) -> None:
    config = small(batch_size=600, epochs=3, batch_norm=True)
    trainer, whole = Trainer(config, tiny), Trainer(config, tiny)
    trainer.loop.chunk_size = whole.loop.chunk_size = 100
    trainer.advance(steps=1)
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    before = [value.clone() for value in trainer.model.state_dict().values()]
    trainer.state.evaluated_step = trainer.step
    assert trainer.loop.update(stop) is False
    assert asked == 4
    for value, old in zip(trainer.model.state_dict().values(), before, strict=True):
        assert torch.equal(value, old)
    trainer.advance()
    whole.advance()
    for value, other in zip(trainer.model.state_dict().values(), whole.model.state_dict().values(), strict=True):
        assert torch.equal(value, other)


def test_early_stopping_ends_after_patience(tiny: Dataset) -> None:
    config = small(
        train_size=100,
        batch_size=10,
        hidden_layers=(200,),
        optimizer="adam",
        learning_rate=0.01,
        epochs=100,
        early_stopping=3,
    )
    result = train(config, tiny)
    (event,) = result.events
    assert event.kind == "early_stop"
    assert event.step < config.total_steps
    assert event.step - event.value >= 3 * config.steps_per_epoch
    best = result.evaluations.set_index("step")["validation_loss"]
    assert best.idxmin() == event.value


# Evaluated after every fifth epoch; 71 is none of them.
WATCHED = small(
    train_size=100, validation_size=1_100, hidden_layers=(24,), epochs=250, learning_rate=0.1, early_stopping=3, seed=3
)


def validated_by_epoch(config: RunConfig, dataset: Dataset, epochs: int) -> tuple[list[float], list[float]]:
    """Validation loss and accuracy after each epoch of the run without early stopping, on the images of the curve."""
    trainer = Trainer(config.replace(early_stopping=0), dataset)
    seen = []
    for _epoch in range(epochs):
        trainer.advance(steps=config.steps_per_epoch)
        seen.append(trainer.loop.score(trainer.state.loaders["validation"], never, evaluated_images(config))[0])
    return [score.loss for score in seen], [score.accuracy for score in seen]


def test_early_stopping_sees_every_epoch_of_a_long_run(tiny: Dataset) -> None:
    trainer = Trainer(WATCHED, tiny)
    curves = trainer.advance()
    losses, accuracies = validated_by_epoch(WATCHED, tiny, 80)
    lowest = next(epoch for epoch in range(1, 80) if min(losses[epoch : epoch + 3]) > min(losses[:epoch]))
    (event,) = curves.events
    assert (event.kind, event.step, event.value) == ("early_stop", 2 * (lowest + 3), 2 * lowest)
    assert lowest + 3 == 71
    assert trainer.step == event.step == curves.evaluations["step"][-1]
    assert np.isfinite(curves.layers["update"][-1])
    # The best is the best of all epochs, and its weights are those of its epoch.
    best = max(range(71), key=lambda epoch: (accuracies[epoch], -losses[epoch])) + 1
    result = trainer.result()
    assert best % 5
    assert result["best_step"] == 2 * best
    assert result["best_validation_accuracy"] == pytest.approx(accuracies[best - 1])
    assert result["best_validation_loss"] == pytest.approx(min(losses[:71]))
    again = Trainer(WATCHED.replace(early_stopping=0), tiny)
    again.advance(steps=2 * best)
    for mine, other in zip(trainer.state.best_weights.values(), again.model.parameters(), strict=True):
        assert torch.equal(mine, other)
    assert result["test_accuracy_at_best"] == pytest.approx(
        again.loop.score(again.state.loaders["test"], never, None)[0].accuracy
    )


def test_longer_patience_ends_later_and_the_curve_is_that_without_it(tiny: Dataset) -> None:
    three, ten, never_ending = (
        train(WATCHED.replace(early_stopping=patience, epochs=100), tiny) for patience in (3, 10, 0)
    )
    steps = [result.result["steps"] for result in (three, ten, never_ending)]
    assert steps == [142, 170, 200]
    for early in (three, ten):
        shared = early.evaluations[early.evaluations["step"] % 4 == 0]  # evaluated after every second epoch
        whole = never_ending.evaluations.set_index("step").loc[shared["step"]]
        assert shared["validation_loss"].tolist() == whole["validation_loss"].tolist()


def test_a_loss_that_is_no_number_is_no_better_one(tiny: Dataset) -> None:
    config = small(activation="identity", loss="squared-error", learning_rate=100, preprocessing="raw", epochs=100)
    result = train(config.replace(stop_when_not_finite=False, early_stopping=4), tiny)
    assert result.outcome == "diverged"
    assert [(event.step, event.value) for event in result.events if event.kind == "early_stop"] == [(48, 0)]


def test_the_rate_can_change_in_the_middle(tiny: Dataset) -> None:
    trainer = Trainer(small(), tiny)
    first = trainer.advance(steps=5)
    trainer.set_learning_rate(0.02)
    rest = trainer.advance()
    assert first.steps["learning_rate"].tolist() == pytest.approx([0.1] * 5)
    assert rest.steps["learning_rate"][0] == pytest.approx(0.02)
    assert [(event.step, event.kind) for event in rest.events] == [(5, "learning_rate")]


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_describe_counts_what_the_model_has(model: str, norm: bool, dropout: float) -> None:
    config = small(model=model, filters=(4, 6), batch_norm=norm, dropout=dropout, hidden_layers=(20, 10))
    built = build_model(config)
    assert describe(config).parameters == sum(weight.numel() for weight in built.parameters())


def test_keras_first_look_has_407_050_parameters() -> None:
    assert describe(RunConfig(hidden_layers=(512,))).parameters == 407_050


def test_squared_error_by_hand() -> None:
    outputs = torch.tensor([[0.0] * 9 + [1.0], [0.5] + [0.0] * 9])
    labels = torch.tensor([9, 1])
    # first: 0; second: 0.25 + 1
    assert loss_of(small(loss="squared-error"), outputs, labels).item() == pytest.approx(0.625)


def test_the_gradient_agrees_with_differences(tiny: Dataset) -> None:
    config = small(hidden_layers=(5,), activation="tanh")
    model = build_model(config).double()
    inputs = torch.from_numpy(preprocess(tiny.train_images[:20], "scaled")).flatten(1).double()
    labels = torch.from_numpy(tiny.train_labels[:20].astype(np.int64))
    weight = model[0].weight
    loss_of(config, model(inputs), labels).backward()
    gradient = weight.grad
    assert gradient is not None
    for place in ((0, 400), (3, 380), (4, 410)):
        with torch.no_grad():
            kept = weight[place].item()
            sides = []
            for sign in (1, -1):
                weight[place] = kept + sign * 1e-4
                sides.append(loss_of(config, model(inputs), labels).item())
            weight[place] = kept
        assert gradient[place].item() == pytest.approx((sides[0] - sides[1]) / 2e-4, abs=1e-7)


def validated(config: RunConfig, dataset: Dataset, weights: dict[str, torch.Tensor]) -> float:
    """Validation accuracy of these weights, counted in plain torch."""
    model = build_model(config).eval()
    model.load_state_dict(weights)
    images = preprocess(dataset.train_images[-config.validation_size :], config.preprocessing)
    labels = torch.from_numpy(dataset.train_labels[-config.validation_size :].astype(np.int64))
    with torch.no_grad():
        return float((model(torch.from_numpy(images).flatten(1)).argmax(1) == labels).float().mean())


def test_the_best_weights_are_those_with_the_best_validation_accuracy(tiny: Dataset) -> None:
    config = small(learning_rate=1.0, epochs=12, hidden_layers=(64,), label_noise=0.3)
    trainer = Trainer(config, tiny)
    rows = trainer.advance().evaluations
    best = float(rows["validation_accuracy"].max())
    tied = rows[rows["validation_accuracy"] == rows["validation_accuracy"].max()]
    row = tied[tied["validation_loss"].argmin()]
    result = trainer.result()
    assert (result["best_step"], result["best_validation_accuracy"]) == (row["step"], pytest.approx(best))
    assert result["test_accuracy_at_best"] == pytest.approx(float(row["test_accuracy"]))
    assert result["best_validation_loss"] == pytest.approx(float(rows["validation_loss"].min()))
    # The lowest loss and the last step were others, so that neither could pass for the best.
    assert row["step"] not in (rows["step"][rows["validation_loss"].argmin()], trainer.step)
    assert validated(config, tiny, trainer.state.best_weights) == pytest.approx(best)
    assert validated(config, tiny, trainer.model.state_dict()) < best


def test_at_the_end_the_best_is_measured_on_all_images(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was of the curve's images, and below the final accuracy of the same run."""
    monkeypatch.setattr(schedule, "evaluated_images", lambda _config: 40)
    swapped = []
    for seed in range(6):
        config = small(learning_rate=1.0, epochs=6, hidden_layers=(32,), label_noise=0.3, seed=seed)
        trainer = Trainer(config, tiny)
        trainer.advance()
        before, weights = trainer.result(), {name: v.clone() for name, v in trainer.model.state_dict().items()}
        trainer.settle_best()
        result = trainer.result() | trainer.result_on_all_images()
        assert result["best_validation_accuracy"] == pytest.approx(validated(config, tiny, trainer.state.best_weights))
        assert result["best_validation_accuracy"] >= result["validation_accuracy"]
        assert result["validation_accuracy"] == pytest.approx(validated(config, tiny, weights))
        assert all(torch.equal(weights[name], value) for name, value in trainer.model.state_dict().items())
        swapped.append(result["best_step"] != before["best_step"])
        if swapped[-1]:
            assert result["best_step"] == trainer.step
            assert result["test_accuracy_at_best"] == result["test_accuracy"]
    assert any(swapped)


def test_without_validation_images_there_is_no_best(tiny: Dataset) -> None:
    trainer = Trainer(small(validation_size=0, epochs=1), tiny)
    trainer.advance()
    assert (trainer.state.best, trainer.state.best_weights, trainer.result()["best_step"]) == ({}, {}, None)


def test_a_network_that_broke_is_never_the_best(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not finite answers the first class to all images, and was right more often than a finite guess."""
    monkeypatch.setattr(schedule, "evaluated_images", lambda _config: 40)
    broken = 0
    for seed in range(12):
        trainer = Trainer(small(learning_rate=100.0, epochs=6, hidden_layers=(32, 32), seed=seed), tiny)
        trainer.advance()
        before = dict(trainer.state.best)
        if trainer.outcome != "diverged" or not before:
            continue
        broken += 1
        # As lucky as can be: every image is of the class that such a network answers.
        trainer.state.settle_best(
            before | {"accuracy": 0.09}, {"loss": math.nan, "accuracy": 1.0, "test_accuracy": 1.0}
        )
        assert (trainer.state.best["step"], trainer.state.best["accuracy"]) == (before["step"], 0.09)
        trainer.settle_best()
        assert math.isfinite(trainer.state.best["loss"])
        assert all(torch.isfinite(value).all() for value in trainer.state.best_weights.values())
    assert broken


def test_of_a_best_that_breaks_on_all_images_the_last_takes_the_place(tiny: Dataset) -> None:
    trainer = Trainer(small(epochs=1), tiny)
    trainer.advance()
    figures = {"loss": 0.5, "accuracy": 0.4, "test_accuracy": 0.4}
    trainer.state.settle_best({"loss": math.inf, "accuracy": 0.9, "test_accuracy": 0.9}, figures)
    assert trainer.state.best == {"step": trainer.step} | figures
