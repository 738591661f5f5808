"""The dense step against autograd and torch's optimizers, numerical differences, and the general step."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_core import RunConfig, Trainer, build_model
from mnist_core.config import choices
from mnist_core.data import Dataset
from mnist_core.data.digits import draw_digits
from mnist_core.data.preprocessing import affine
from mnist_core.stacks import covers
from mnist_core.training.augmentation import augmented, transforms
from mnist_core.training.autograd_step import AutogradStep
from mnist_core.training.batches import BatchLoader
from mnist_core.training.dense_step import DenseStep
from mnist_core.training.evaluation import loss_of
from mnist_core.training.step import dropout_mask
from tests.training.test_trainer import plain_optimizer, small
from tests.training.updates import Measured, make_update

IMAGES, LABELS = draw_digits(60, 5)


def loader(config: RunConfig) -> BatchLoader:
    """The same sixty digits for all."""
    return BatchLoader(config, IMAGES, LABELS)


def never() -> bool:
    return False


def batches(rows: int, size: int, chunk: int) -> list[list[np.ndarray]]:
    """Two epochs of `rows` images, their last batch short, each batch cut into chunks."""
    indices = np.random.default_rng(rows).permutation(60)[:rows]
    cut = [indices[start : start + size] for start in range(0, rows, size)] * 2
    return [np.array_split(batch, math.ceil(len(batch) / chunk)) for batch in cut]


class Plain:
    """What the dense step must agree with: autograd over whole batches and torch.optim."""

    def __init__(self, config: RunConfig, dtype: torch.dtype) -> None:
        self.config = config
        self.model = build_model(config).to(dtype)
        self.optimizer = plain_optimizer(config, self.model.parameters())
        fed = loader(config)
        filled = torch.empty(60, 784, dtype=dtype)
        fed.fill(filled, np.arange(60))
        self.labels = fed.labels(np.arange(60)).astype(np.int64)
        self.inputs = filled * fed.factor
        if config.model == "cnn":
            self.inputs = self.inputs.view(-1, 1, 28, 28)

    def update(self, number: int, chunks: list[np.ndarray]) -> Measured:
        chosen = np.concatenate(chunks)
        every = self._forward(number, self._augmented(number, self.inputs[torch.from_numpy(chosen)]))
        labels = torch.from_numpy(self.labels[chosen])
        loss = loss_of(self.config, every, labels)
        self.optimizer.zero_grad()
        loss.backward()
        norm = math.sqrt(sum(weight.grad.square().sum().item() for weight in self.model.parameters()))
        self.optimizer.step()
        return Measured(loss.item(), int((every.argmax(1) == labels).sum()), norm)

    def _augmented(self, number: int, inputs: torch.Tensor) -> torch.Tensor:
        changes = transforms(self.config, number, range(len(inputs)))
        if changes is None:
            return inputs
        ground = affine(self.config.preprocessing)[1]
        return augmented(self.config.augmentation, (inputs - ground).flatten(1), changes).view_as(inputs) + ground

    def _forward(self, number: int, signal: torch.Tensor) -> torch.Tensor:
        layer = 0
        for module in self.model:
            if isinstance(module, torch.nn.Dropout):
                kept = dropout_mask(self.config, number, range(len(signal)), layer, signal.shape[1])
                signal, layer = signal * kept / (1 - self.config.dropout), layer + 1
            else:
                signal = module(signal)
        return signal


networks = st.builds(
    small,
    hidden_layers=st.lists(st.integers(1, 12), max_size=3),
    activation=st.sampled_from(choices("activation")),
    initialization=st.sampled_from(choices("initialization")),
    init_std=st.just(0.05),
    preprocessing=st.sampled_from(["scaled", "centered", "standardized"]),
    loss=st.sampled_from(choices("loss")),
    optimizer=st.sampled_from(choices("optimizer")),
    learning_rate=st.sampled_from([0.001, 0.005]),
    momentum=st.sampled_from([0.0, 0.9]),
    weight_decay=st.sampled_from([0.0, 0.05]),
    dropout=st.sampled_from([0.0, 0.0, 0.4]),
    augmentation=st.sampled_from(["off", *choices("augmentation")]),
    epsilon=st.just(1e-4),
    seed=st.integers(0, 1_000),
)


@settings(max_examples=60, deadline=None)
@given(config=networks, rows=st.integers(1, 60), size=st.integers(1, 30), chunk=st.integers(1, 40))
@pytest.mark.parametrize(
    # Steps multiply what was rounded, above all where a network diverges: in single precision three are compared.
    ("dtype", "steps", "tolerance"),
    [(torch.float64, 6, 1e-9), (torch.float32, 3, 1e-3)],
    ids=["double", "single"],
)
def test_agrees_with_autograd(
    dtype: torch.dtype, steps: int, tolerance: float, config: RunConfig, rows: int, size: int, chunk: int
) -> None:
    plain = Plain(config, dtype)
    model = build_model(config).to(dtype)
    step = DenseStep([config], [model], loader(config))
    for number, chunks in enumerate(batches(rows, size, chunk)[:steps]):
        (result,), expected = (
            make_update(step, number, chunks, [config.learning_rate]),
            plain.update(number, chunks),
        )
        assert (result.loss, result.gradient_norm) == pytest.approx(
            (expected.loss, expected.gradient_norm), rel=tolerance, abs=tolerance, nan_ok=True
        )
        # Outputs that start alike stay so nearly tied that the last digit decides which is the greatest.
        if dtype == torch.float64 and config.initialization != "zeros":
            assert result.hits == expected.hits
    for mine, other in zip(model.parameters(), plain.model.parameters(), strict=True):
        torch.testing.assert_close(mine.detach(), other.detach(), rtol=tolerance, atol=tolerance, equal_nan=True)


def test_of_equal_outputs_the_first_counts() -> None:
    config = small(initialization="zeros")
    step = DenseStep([config], [build_model(config)], loader(config))
    (result,) = make_update(step, 0, [np.arange(60)], [0.01])
    assert result.hits == (LABELS == 0).sum() > 0


@pytest.mark.parametrize("activation", choices("activation"))
@pytest.mark.parametrize("loss", choices("loss"))
def test_the_gradient_agrees_with_central_differences(activation: str, loss: str) -> None:
    config = small(hidden_layers=(6, 5), activation=activation, loss=loss, seed=3)
    model = build_model(config).double()
    before = [weight.detach().clone() for weight in model.parameters()]
    fed = loader(config)
    filled = torch.empty(20, 784, dtype=torch.float64)
    fed.fill(filled, np.arange(20))
    labels = torch.from_numpy(fed.labels(np.arange(20)).astype(np.int64))
    inputs = filled * fed.factor
    # An update of plain SGD at the rate 1 takes the gradient away from the weights.
    make_update(DenseStep([config], [model], loader(config)), 0, [np.arange(20)], [1.0])
    gradients = [old - weight.detach() for old, weight in zip(before, model.parameters(), strict=True)]
    for weight, old in zip(model.parameters(), before, strict=True):
        weight.data.copy_(old)
    for weight, gradient in zip(model.parameters(), gradients, strict=True):
        place = int(gradient.abs().argmax())
        sides = []
        for shift in (1e-5, -2e-5):
            weight.data.view(-1)[place] += shift
            with torch.no_grad():
                sides.append(loss_of(config, model(inputs), labels).item())
        weight.data.view(-1)[place] += 1e-5
        assert gradient.view(-1)[place].item() == pytest.approx((sides[0] - sides[1]) / 2e-5, rel=1e-5)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
@pytest.mark.parametrize("optimizer", choices("optimizer"))
@pytest.mark.parametrize("activation", choices("activation"))
def test_what_is_not_finite_comes_through_as_in_the_general_step(activation: str, optimizer: str, value: float) -> None:
    config = small(hidden_layers=(5,), activation=activation, optimizer=optimizer)
    found = []
    for kind in (DenseStep, AutogradStep):
        model = build_model(config)
        step = (
            DenseStep([config], [model], loader(config)) if kind is DenseStep else kind(config, model, loader(config))
        )
        (first,) = make_update(step, 0, [np.arange(20)], [0.01])
        with torch.no_grad():
            model[0].weight[2, 400] = value
        result = [first, *(make_update(step, number, [np.arange(20)], [0.01])[0] for number in (1, 2))]
        found.append((np.array(result), np.concatenate([weight.detach().ravel() for weight in model.parameters()])))
    (mine, weights), (others, other_weights) = found
    np.testing.assert_allclose(mine[:, [0, 2]], others[:, [0, 2]], rtol=1e-4)  # NaN equals NaN, infinity infinity
    np.testing.assert_allclose(weights, other_weights, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("optimizer", choices("optimizer"))
def test_an_interrupted_step_changes_nothing(optimizer: str) -> None:
    config = small(optimizer=optimizer, dropout=0.2)
    model, other = build_model(config), build_model(config)
    step, whole = (DenseStep([config], [one], loader(config)) for one in (model, other))
    chunks = np.array_split(np.arange(60), 3)
    for one in (step, whole):
        make_update(one, 0, chunks, [0.01])
    answers = iter([False, True])
    before = [value.clone() for value in (*model.state_dict().values(), *step.optimizers[0].state().values())]
    assert make_update(step, 1, chunks, [0.01], lambda: next(answers)) is None
    assert list(answers) == []
    after = [*model.state_dict().values(), *step.optimizers[0].state().values()]
    assert all(torch.equal(new, old) for new, old in zip(after, before, strict=True))
    assert make_update(step, 1, chunks, [0.01]) == make_update(whole, 1, chunks, [0.01])


@pytest.mark.parametrize("optimizer", choices("optimizer"))
def test_goes_on_from_its_state(optimizer: str) -> None:
    config = small(optimizer=optimizer, momentum=0.5)
    model, again = build_model(config), build_model(config)
    step = DenseStep([config], [model], loader(config))
    for number in range(3):
        make_update(step, number, [np.arange(30)], [0.01])
    fresh = DenseStep([config], [again], loader(config))
    again.load_state_dict(model.state_dict())
    fresh.optimizers[0].restore({name: value.clone() for name, value in step.optimizers[0].state().items()})
    for number in (3, 4):
        rows = [np.arange(7 * number)]
        assert make_update(fresh, number, rows, [0.01]) == make_update(step, number, rows, [0.01])
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


@pytest.mark.parametrize("preprocessing", choices("preprocessing"))
def test_the_input_is_that_of_evaluation(preprocessing: str) -> None:
    config = small(preprocessing=preprocessing)
    fed = loader(config)
    inputs, expected = fed.rows(np.arange(60))
    for rows in (np.arange(60), slice(0, 60)):
        filled = torch.empty(60, 784)
        fed.fill(filled, rows)
        labels = fed.labels(rows)
        assert torch.equal(filled * fed.factor, inputs)
        assert labels.tolist() == expected.tolist()


def test_the_trainer_takes_it_for_what_it_covers(tiny: Dataset) -> None:
    kinds = {"mlp": small(dropout=0.5), "norm": small(batch_norm=True), "cnn": small(model="cnn", filters=(2,))}
    assert [covers(config) for config in kinds.values()] == [True, False, False]
    steps = [type(Trainer(config, tiny).loop.step) for config in kinds.values()]
    assert steps == [DenseStep, AutogradStep, AutogradStep]
