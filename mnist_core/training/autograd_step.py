"""An update of any network: gradients by torch's autograd, weights by torch's optimizers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mnist_core.config import RunConfig
from mnist_core.training.batch_norm import CutBatch
from mnist_core.training.batches import Feeder, Rows
from mnist_core.training.evaluation import alive, loss_of
from mnist_core.training.optimizers import make_optimizer, step_of
from mnist_core.training.step import Chunks, Made, Stop, kept_units, placed

ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh, nn.GELU)


class GeneralStep:
    """Updates of one `model` on the images of `feeder`; the contract is `step.Step`'s."""

    def __init__(self, config: RunConfig, model: nn.Sequential, feeder: Feeder) -> None:
        self._config = config
        self._device = next(model.parameters()).device
        # With the filters of a place side by side, convolutions take two thirds of the time; Apple's have no use for it.
        self._layout = torch.contiguous_format if self._device.type == "mps" else torch.channels_last
        self._model = model.to(memory_format=self._layout)
        self._feeder = feeder
        self._parameters = list(model.parameters())
        # The number of the hidden layer that each dropout belongs to.
        self._dropouts = {module: number for number, module in enumerate(m for m in model if isinstance(m, nn.Dropout))}
        self._optimizer = make_optimizer(config, self._parameters)
        self._update = step_of(self._optimizer)

    def make(
        self, number: int, chunks: Chunks, rates: Sequence[float], stop: Stop, *, norms: bool = True
    ) -> list[Made] | None:
        """See `step.Step.make`."""
        found = self._gradient(number, chunks, stop)
        if found is None:
            return None
        made = Made(*found, self._norm() if norms else None)
        for group in self._optimizer.param_groups:
            group["lr"] = rates[0]
        self._update()
        return [made]

    def _gradient(self, number: int, chunks: Chunks, stop: Stop) -> tuple[float, int] | None:
        """Leaves the gradient of the batch's mean loss in the parameters: (loss, hits); None if interrupted."""
        self._optimizer.zero_grad(set_to_none=True)
        if self._config.batch_norm and len(chunks) > 1:
            fetch, apply = partial(self._rows, self._feeder), partial(self._apply, number)
            return CutBatch(self._config, self._model, chunks, fetch, apply, stop).gradient()
        images = sum(len(chunk) for chunk in chunks)
        loss_sum, hits = 0.0, 0
        for rows, chunk in placed(chunks):
            if rows.start and stop():
                return None
            inputs, labels = self._rows(self._feeder, chunk)
            outputs = self._forward(number, inputs, rows)
            loss = loss_of(self._config, outputs, labels)
            fraction = len(chunk) / images
            (loss if fraction == 1 else loss * fraction).backward()  # type: ignore[no-untyped-call]
            loss_sum += loss.item() * fraction
            hits += int((outputs.detach().argmax(dim=1) == labels).sum())
        return loss_sum, hits

    def _forward(self, number: int, inputs: torch.Tensor, rows: range) -> torch.Tensor:
        """The outputs in update `number`, for the images at `rows` of its batch."""
        if not self._config.dropout:
            outputs: torch.Tensor = self._model(inputs)
            return outputs
        for module in self._model:
            inputs = self._apply(number, module, inputs, rows)
        return inputs

    def _apply(self, number: int, module: nn.Module, signal: torch.Tensor, rows: range) -> torch.Tensor:
        """The module's output; dropout leaves the same units out however the batch is cut."""
        if isinstance(module, nn.Dropout):
            kept = kept_units(self._config, number, rows, self._dropouts[module], signal.shape[1])
            return signal * kept.to(signal).div_(1 - self._config.dropout)
        found: torch.Tensor = module(signal)
        return found

    def _rows(self, feeder: Feeder, rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
        inputs, labels = feeder.rows(rows)
        return (inputs.to(memory_format=self._layout) if inputs.dim() == 4 else inputs), labels

    def _norm(self) -> float:
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))))

    def outputs(self, feeder: Feeder, rows: slice) -> tuple[NDArray[np.floating], NDArray[np.intp]]:
        """See `step.Step.outputs`."""
        inputs, labels = self._rows(feeder, rows)
        with self._evaluating():
            return self._model(inputs).T.contiguous()[None].cpu().numpy(), labels.cpu().numpy()

    def living(self, feeder: Feeder, rows: slice) -> list[torch.Tensor]:
        """See `step.Step.living`."""
        signal, _labels = self._rows(feeder, rows)
        found = []
        with self._evaluating():
            for module in self._model:
                signal = module(signal)
                if isinstance(module, ACTIVATIONS):
                    # n × units, or n × filters × height × width
                    found.append(alive(self._config, signal).transpose(0, 1).flatten(1).any(dim=1)[None])
        return found

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        self._model.eval()
        try:
            with torch.inference_mode():
                yield
        finally:
            self._model.train()

    def spare(self) -> None:
        """See `step.Step.spare`."""
        self._optimizer.zero_grad(set_to_none=True)

    def state(self, place: int = 0) -> dict[str, torch.Tensor]:
        """torch's buffers as `number of the parameter.name`; see `step.Step.state`."""
        return {
            f"{number}.{name}": torch.as_tensor(value).cpu()
            for number, buffers in self._optimizer.state_dict()["state"].items()
            for name, value in buffers.items()
            if value is not None
        }

    def restore(self, place: int, state: Mapping[str, torch.Tensor]) -> None:
        """See `step.Step.restore`."""
        buffers: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in state.items():
            number, _dot, name = key.partition(".")
            buffers.setdefault(int(number), {})[name] = value if name == "step" else self._laid_out(int(number), value)
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": buffers, "param_groups": groups})

    def _laid_out(self, number: int, value: torch.Tensor) -> torch.Tensor:
        """`value` in the order in memory that parameter `number` has: fused optimizers go through the memory of both."""
        return torch.empty_like(self._parameters[number]).copy_(value)
