"""Updates on a graphics processor, of one or more runs of one shape at once, captured and replayed.

Told operation by operation, a graphics processor waits for Python most of the time: a step of a small network is thirty kernels of a
few microseconds. So one update is captured as a CUDA graph, from gathering its images to what is recorded of it, and replayed: one launch
for all of it. A replay can be told nothing; what differs from update to update lies on the device for the whole block, and a counter
there says which one is next. Nothing is read back before the block is done. A block in which a run broke that ends at its first
NaN is put back to its beginning and replayed up to that update.

On the CPU (in tests), and where a driver cannot capture, the same operations are told one by one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from mnist_core.config import RunConfig
from mnist_core.training.augmentation import transforms_of_updates
from mnist_core.training.batches import BatchLoader
from mnist_core.training.chunks import even_size, pieces
from mnist_core.training.evaluation import alive
from mnist_core.training.signals import Signal
from mnist_core.training.step import (
    UNMEASURED,
    Block,
    BlockResult,
    Inside,
    Outputs,
    Stop,
    dropout_mask,
    first_of_seed,
    is_over,
    updates_until_over,
)
from mnist_core.training.wide_network import Masks, WideNetwork
from mnist_core.training.wide_optimizers import WideOptimizer

LOG = logging.getLogger("mnist_lab.devices")
MOST_UPDATES = 512  # that are told at once
MOST_NUMBERS = 2**24  # of indices and masks of these, all together
_WARMING = 3  # updates before a capture: libraries choose their kernels and set themselves up meanwhile
Launch = Callable[[], None]


@dataclass(frozen=True)
class _Told:
    """What updates are told, and what they say, at their places in a block."""

    rows: torch.Tensor  # updates × images: which are in the batch
    rates: torch.Tensor  # updates × runs
    changes: torch.Tensor | None  # updates × images × 2 × 3: `augmentation.transforms`
    masks: Sequence[torch.Tensor]  # of each dropout, updates × seeds × images × units: what stays, as bool
    losses: torch.Tensor  # updates × runs
    hits: torch.Tensor
    norms: torch.Tensor  # of the gradients; what stands at an update that measures none is old


class _Batch(NamedTuple):
    """What one update is told."""

    rows: torch.Tensor
    changes: torch.Tensor | None
    masks: Sequence[torch.Tensor]


def captures(device: torch.device) -> bool:
    """Whether updates are captured there; Apple's MPS cannot."""
    return device.type == "cuda"


class DeviceStep:
    """Updates of the networks `models`, all of one shape, on the images of `loader`; the contract is `step.Step`'s.

    The models' parameters become views into the step's own; they may be read and written (`load_state_dict`), not replaced.
    Batch normalization needs a batch that is one chunk. Where the device's memory does not do, chunks become smaller.
    """

    def __init__(self, configs: Sequence[RunConfig], models: Sequence[nn.Sequential], loader: BatchLoader) -> None:
        self._configs, self._config, self._models, self._loader = configs, configs[0], models, loader
        first = list(models[0].parameters())
        self._device, dtype = first[0].device, first[0].dtype
        sizes = [value.numel() for value in first]
        self._weights = torch.empty(len(models), sum(sizes), dtype=dtype, device=self._device)
        self._gradients = torch.zeros_like(self._weights)
        parts = torch.split_with_sizes(self._weights, sizes, 1)
        self._parameters = [part.view(len(models), *value.shape) for part, value in zip(parts, first, strict=True)]
        for row, model in enumerate(models):
            for value, of_all in zip(model.parameters(), self._parameters, strict=True):
                of_all[row].copy_(value.detach())
                value.data = of_all[row]
        for of_all in self._parameters:
            of_all.requires_grad_()
        self._network = WideNetwork(models[0], self._parameters)
        self._optimizer = WideOptimizer(configs, self._weights, self._gradients)
        self.optimizers = self._optimizer.of_runs
        firsts = first_of_seed(configs)
        self._seeds = [configs[place] for place in sorted(set(firsts))]  # a run of each
        seed_of = [self._seeds.index(configs[place]) for place in firsts]
        self._seed_of = torch.tensor(seed_of, device=self._device)  # of each run
        self._ending = [place for place, config in enumerate(configs) if config.stop_when_not_finite]
        self._chunk = 0  # images that go through at once; 0: not known before the first block
        self._counter = torch.zeros(1, dtype=torch.int64, device=self._device)
        self._told: dict[int, _Told] = {}  # by number of images
        self._launches: dict[tuple[int, bool], Launch] = {}  # by number of images, and whether the norm is measured

    # ---- blocks ------------------------------------------------------------------------------------------------

    def make(self, block: Block, stop: Stop) -> BlockResult:
        """See `step.Step.make`."""
        self._chunk = self._chunk or max(len(chunk) for chunks in block.batches for chunk in chunks)
        parts: list[BlockResult] = []
        for here in self._alike(block):
            part = self._patiently(block, here)
            parts.append(part)
            if len(part) < here.stop - here.start:
                break
            if is_over(part, len(part) - 1, self._ending):
                break
        return BlockResult(*(np.concatenate(column) for column in zip(*map(_columns, parts), strict=True)))

    def _alike(self, block: Block) -> Iterator[slice]:
        """Updates that follow one another with as many images in their batches, no more than are told at once."""
        sizes, start = block.images.tolist(), 0
        while start < len(sizes):
            end = start + 1
            while end < min(len(sizes), start + self._most(sizes[start])) and sizes[end] == sizes[start]:
                end += 1
            yield slice(start, end)
            start = end

    def _most(self, images: int) -> int:
        changes = 6 if self._config.augmentation != "off" else 0
        numbers = images * (1 + changes + len(self._seeds) * sum(self._dropped_units))
        return max(1, min(MOST_UPDATES, MOST_NUMBERS // numbers))

    @property
    def _dropped_units(self) -> Sequence[int]:
        """Units of each layer that dropout follows."""
        return self._config.hidden_layers if self._config.dropout else ()

    def _patiently(self, block: Block, here: slice) -> BlockResult:
        """The same as `_make`, in smaller chunks where memory runs out. Raises OutOfMemoryError where single images are too many."""
        before = [value.clone() for value in self._changing()]
        while True:
            try:
                return self._make(block, here, before)
            except torch.OutOfMemoryError:
                if self._chunk == 1 or self._config.batch_norm:
                    raise
                self._chunk = -(-self._chunk // 2)
                LOG.warning("the device's memory is full: %d images at once from now on", self._chunk)
            self.release_buffers()
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            _put_back(self._changing(), before)

    def _make(self, block: Block, here: slice, before: Sequence[torch.Tensor]) -> BlockResult:
        """`before`: what an update changes, as it is now."""
        images, count = int(block.images[here.start]), here.stop - here.start
        told = self._tell(block, here, images)
        launches = [self._launch(images, measured) for measured in block.measured[here].tolist()]
        self._counter.zero_()
        for launch in launches:
            launch()
        result = _read(told, count, block.measured[here])
        until = updates_until_over(result, self._ending)
        if until < count:
            _put_back(self._changing(), before)
            self._counter.zero_()
            for launch in launches[:until]:
                launch()
        return result.up_to(until)

    def _changing(self) -> Sequence[torch.Tensor]:
        """All that an update changes."""
        return [self._weights, *self._optimizer.buffers, *self._models[0].buffers()]

    def _tell(self, block: Block, here: slice, images: int) -> _Told:
        """Put what the updates need where they look for it."""
        told = self._told.get(images) or self._new_told(images)
        self._told[images] = told
        rows = np.stack([np.concatenate(chunks) for chunks in block.batches[here]])
        count = len(rows)
        told.rows[:count].copy_(torch.from_numpy(rows))
        told.rates[:count].copy_(torch.from_numpy(block.rates[here]))
        if told.changes is not None:
            told.changes[:count].copy_(self._changes(block.first + here.start, count, images))
        for layer, mask in enumerate(told.masks):
            mask[:count].copy_(self._masks(block.first + here.start, count, images, layer))
        return told

    def _changes(self, first: int, count: int, images: int) -> torch.Tensor:
        """Of the images of each update: updates × images × 2 × 3."""
        changes = transforms_of_updates(self._config, range(first, first + count), range(images))
        assert changes is not None
        return changes

    def _masks(self, first: int, count: int, images: int, layer: int) -> torch.Tensor:
        """Of the dropout after hidden layer number `layer`: updates × seeds × images × units."""
        units = self._dropped_units[layer]
        masks = torch.empty(count, len(self._seeds), images, units, dtype=torch.bool)

        def draw(place: int) -> None:
            for mask, config in zip(masks[place], self._seeds, strict=True):
                mask.copy_(dropout_mask(config, first + place, range(images), layer, units))

        # On as many cores as there are for this run: NumPy holds no lock while it draws.
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            list(pool.map(draw, range(count)))
        return masks

    def _new_told(self, images: int) -> _Told:
        most, runs = self._most(images), len(self._configs)

        def empty(*shape: int, dtype: torch.dtype) -> torch.Tensor:
            return torch.zeros(most, *shape, dtype=dtype, device=self._device)

        return _Told(
            empty(images, dtype=torch.int64),
            empty(runs, dtype=self._weights.dtype),
            empty(images, 2, 3, dtype=torch.float32) if self._config.augmentation != "off" else None,
            [empty(len(self._seeds), images, units, dtype=torch.bool) for units in self._dropped_units],
            empty(runs, dtype=self._weights.dtype),
            empty(runs, dtype=torch.int64),
            empty(runs, dtype=self._weights.dtype),
        )

    # ---- an update ---------------------------------------------------------------------------------------------

    def _launch(self, images: int, measured: bool) -> Launch:
        """What makes the next update that was told."""
        key = images, measured
        if key not in self._launches:
            self._launches[key] = self._captured(partial(self._update, self._told[images], measured=measured))
        return self._launches[key]

    def _captured(self, update: Launch) -> Launch:
        if not captures(self._device):
            return update
        before = [value.clone() for value in (*self._changing(), self._counter)]

        def first() -> None:
            self._counter.zero_()
            update()

        try:
            return _capture(update, first)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            LOG.warning("an update cannot be captured, and is told operation by operation: %s", error)
            return update
        finally:
            _put_back((*self._changing(), self._counter), before)

    def _update(self, told: _Told, *, measured: bool) -> None:
        """One update, by the counter, with nothing that would have to be known here before it is done."""
        rows = told.rows.index_select(0, self._counter)[0]
        changes = None if told.changes is None else told.changes.index_select(0, self._counter)[0]
        masks = [mask.index_select(0, self._counter)[0] for mask in told.masks]
        images = len(rows)
        pieces_of = list(pieces(images, even_size(images, min(images, self._chunk))))
        batch = _Batch(rows, changes, masks)
        parts = [self._chunk_gradient(batch, here, added=here.start > 0) for here in pieces_of]
        with torch.no_grad():
            # Each kernel counts: a small network's update is thirty of them.
            losses, hits = (
                parts[0] if len(parts) == 1 else (torch.stack(column).sum(0) for column in zip(*parts, strict=True))
            )
            told.losses.index_copy_(0, self._counter, losses[None])
            told.hits.index_copy_(0, self._counter, hits[None])
            if measured:
                norms = torch.linalg.vector_norm(self._gradients, dim=1)
                told.norms.index_copy_(0, self._counter, norms[None])
            self._optimizer.update(told.rates.index_select(0, self._counter).T)
            self._counter.add_(1)

    def _chunk_gradient(self, batch: _Batch, here: slice, *, added: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Leaves the gradient of what these images of a batch add to its mean loss, or adds it (`added`): (that, hits), of all runs."""
        changes = None if batch.changes is None else batch.changes[here]
        inputs, labels = self._loader.there(batch.rows[here], self._weights.dtype, changes)
        outputs, _signals = self._network.forward(inputs, self._scaled(batch.masks, here), training=True)
        losses = losses_of(self._config, outputs, labels).sum(1) / len(batch.rows)
        gradients = torch.autograd.grad(losses.sum(), self._parameters, allow_unused=True, materialize_grads=True)
        with torch.no_grad():
            of_runs = [gradient.flatten(1) for gradient in gradients]
            if added:
                self._gradients.add_(torch.cat(of_runs, 1))
            else:
                torch.cat(of_runs, 1, out=self._gradients)
            return losses.detach(), (outputs.argmax(2) == labels).sum(1)

    def _scaled(self, masks: Sequence[torch.Tensor], here: slice) -> Masks:
        """For some images of a batch: runs × n × units, or 1 × n × units where all runs have one seed."""
        scale = 1 / (1 - self._config.dropout)
        of_seeds = [mask[:, here].to(self._weights.dtype).mul_(scale) for mask in masks]
        one = len(self._seeds) == 1
        return {number: mask if one else mask.index_select(0, self._seed_of) for number, mask in enumerate(of_seeds)}

    # ---- evaluation --------------------------------------------------------------------------------------------

    def outputs(self, loader: BatchLoader, rows: slice, *, probed: int = 0) -> Outputs:
        """See `step.Step.outputs`."""
        with torch.no_grad():
            inputs, labels = loader.there(rows, self._weights.dtype)
            outputs, signals = self._network.forward(inputs)
            live = [self._live_units(signal, probed) for signal in signals[:-1]] if probed else []
        return Outputs(outputs.mT.contiguous().cpu().numpy(), labels.cpu().numpy(), live)

    def _live_units(self, signal: Signal, images: int) -> torch.Tensor:
        """Runs × units, from runs × n × units, or runs × n × filters × height × width."""
        lives = alive(self._config, signal.z.detach()[:, :images], signal.a.detach()[:, :images])
        return lives.transpose(1, 2).flatten(2).any(2)

    def inside(self, loader: BatchLoader, rows: slice) -> Inside:
        """See `step.Step.inside`."""
        inputs, labels = loader.there(rows, self._weights.dtype)
        outputs, signals = self._network.forward(inputs)
        losses = losses_of(self._config, outputs, labels).mean(1)
        gradients = torch.autograd.grad(losses.sum(), self._parameters, allow_unused=True, materialize_grads=True)
        live = [self._live_units(signal, len(labels)) for signal in signals[:-1]]
        return Inside([signal.a.detach().flatten(1) for signal in signals], live, list(gradients))

    def release_buffers(self) -> None:
        """See `step.Step.release_buffers`."""
        self._told, self._launches = {}, {}


def losses_of(config: RunConfig, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss of each image, runs × n, of outputs that are runs × n × 10: as `evaluation.loss_of`."""
    if config.loss == "cross-entropy":
        of_all = labels.expand(len(outputs), -1).flatten()  # where one run is alone, the same memory
        return F.cross_entropy(outputs.flatten(0, 1), of_all, reduction="none").view(outputs.shape[:2])
    target = labels[:, None] == torch.arange(
        outputs.shape[2], device=labels.device
    )  # `one_hot` may read the labels back
    return (outputs - target.to(outputs.dtype)).square().sum(2)


def _capture(update: Launch, first: Launch) -> Launch:
    """A launch that replays `update`. `first` makes the same as the block's first, a few times beforehand."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _time in range(_WARMING):
            first()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        update()
    return graph.replay


def _put_back(values: Sequence[torch.Tensor], before: Sequence[torch.Tensor]) -> None:
    for value, old in zip(values, before, strict=True):
        value.copy_(old)


def _read(told: _Told, count: int, measured: NDArray[np.bool_]) -> BlockResult:
    """What the updates said: the only moment at which anybody waits for the device."""
    losses, hits, norms = (values[:count].cpu().numpy() for values in (told.losses, told.hits, told.norms))
    wanted = np.where(measured[:, None], norms.astype(np.float64), UNMEASURED)
    return BlockResult(losses.astype(np.float64), hits.copy(), wanted)


def _columns(result: BlockResult) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    return result.losses, result.hits, result.norms
