"""An update of any network: gradients by torch's autograd, weights by torch's optimizers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mnist_core.config import RunConfig
from mnist_core.training.augmentation import transforms
from mnist_core.training.batch_norm import CutBatch
from mnist_core.training.batches import BatchLoader, Rows
from mnist_core.training.evaluation import alive, loss_of
from mnist_core.training.optimizers import ParameterOptimizer
from mnist_core.training.signals import ACTIVATIONS, detached, forward
from mnist_core.training.step import (
    Block,
    BlockResult,
    Chunks,
    Inside,
    Outputs,
    Stop,
    dropout_mask,
    is_over,
    with_positions,
)


class AutogradStep:
    """Updates of one `model` on the images of `loader`; the contract is `step.Step`'s."""

    def __init__(self, config: RunConfig, model: nn.Sequential, loader: BatchLoader) -> None:
        self._config = config
        self._device = next(model.parameters()).device
        # With the filters of a place side by side, convolutions take two thirds of the time; Apple's have no use for it.
        self._layout = torch.contiguous_format if self._device.type == "mps" else torch.channels_last
        self._model = model.to(memory_format=self._layout)
        self._loader = loader
        self._parameters = list(model.parameters())
        # The number of the hidden layer that each dropout belongs to.
        self._dropouts = {module: number for number, module in enumerate(m for m in model if isinstance(m, nn.Dropout))}
        self._optimizer = ParameterOptimizer(config, self._parameters)
        self.optimizers = [self._optimizer]
        self._ending = [0] if config.stop_when_not_finite else []

    def make(self, block: Block, stop: Stop) -> BlockResult:
        """See `step.Step.make`."""
        result = BlockResult.empty(block)
        for place, chunks in enumerate(block.batches):
            measured = self._gradient(block.first + place, chunks, stop)
            if measured is None:
                return result.up_to(place)
            result.losses[place], result.hits[place] = measured
            if block.measured[place]:
                result.norms[place] = self._norm()
            self._optimizer.update(float(block.rates[place, 0]))
            if is_over(result, place, self._ending):
                return result.up_to(place + 1)
        return result

    def _gradient(self, number: int, chunks: Chunks, stop: Stop) -> tuple[float, int] | None:
        """Leaves the gradient of the batch's mean loss in the parameters: (loss, hits); None if interrupted."""
        self._optimizer.forget_gradients()
        if self._config.batch_norm and len(chunks) > 1:
            fetch, apply = partial(self._training_rows, number), partial(self._apply, number)
            return CutBatch(self._config, self._model, chunks, fetch, apply, stop).gradient()
        images = sum(len(chunk) for chunk in chunks)
        loss_sum, hits = 0.0, 0
        for rows, chunk in with_positions(chunks):
            if rows.start and stop():
                return None
            inputs, labels = self._training_rows(number, chunk, rows)
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
            mask = dropout_mask(self._config, number, rows, self._dropouts[module], signal.shape[1])
            return signal * mask.to(signal).div_(1 - self._config.dropout)
        output: torch.Tensor = module(signal)
        return output

    def _training_rows(self, number: int, chunk: NDArray[np.int64], rows: range) -> tuple[torch.Tensor, torch.Tensor]:
        """What update `number` is given of the images of a chunk at `rows` of its batch."""
        return self._rows(self._loader, chunk, transforms(self._config, number, rows))

    def _rows(
        self, loader: BatchLoader, rows: Rows, changes: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        inputs, labels = loader.rows(rows, changes)
        return (inputs.to(memory_format=self._layout) if inputs.dim() == 4 else inputs), labels

    def _norm(self) -> float:
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))))

    def outputs(self, loader: BatchLoader, rows: slice, *, probed: int = 0) -> Outputs:
        """See `step.Step.outputs`."""
        signal, labels = self._rows(loader, rows)
        live = []
        with self._evaluating():
            for module in self._model:
                z, signal = signal, module(signal)
                if probed and isinstance(module, ACTIVATIONS):
                    live.append(self._live_units(z[:probed], signal[:probed])[None])
            return Outputs(signal.T.contiguous()[None].cpu().numpy(), labels.cpu().numpy(), live)

    def _live_units(self, z: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        """Both n × units, or n × filters × height × width."""
        return alive(self._config, z, a).transpose(0, 1).flatten(1).any(dim=1)

    def inside(self, loader: BatchLoader, rows: slice) -> Inside:
        """See `step.Step.inside`."""
        inputs, labels = self._rows(loader, rows)
        parameters = detached(self._model)
        with self._evaluating(gradients=True):
            outputs, signals = forward(self._model, parameters, inputs)
            loss = loss_of(self._config, outputs, labels)
            values = list(parameters.values())
            gradients = torch.autograd.grad(loss, values, allow_unused=True, materialize_grads=True)
        live_units = [self._live_units(signal.z.detach(), signal.a.detach())[None] for signal in signals[:-1]]
        of_layers = [signal.a.detach().reshape(1, -1) for signal in signals]
        return Inside(of_layers, live_units, [gradient[None] for gradient in gradients])

    @contextmanager
    def _evaluating(self, *, gradients: bool = False) -> Iterator[None]:
        self._model.eval()
        try:
            with torch.inference_mode(not gradients):
                yield
        finally:
            self._model.train()

    def release_buffers(self) -> None:
        """See `step.Step.release_buffers`."""
        self._optimizer.forget_gradients()
