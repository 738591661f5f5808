"""Training on a graphics processor beside its floor: the same steps captured by hand in plain PyTorch, in the same process.

`python -m mnist_core bench training --device cuda`. What a process's start and a capture take is left out; rounds go in turns. With
`cpu` the steps of both are told one by one: to try the benchmark where there is no card.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnist_core.bench.report import Figure, Report, median
from mnist_core.config import RunConfig
from mnist_core.data import Dataset, affine, load_dataset, split
from mnist_core.networks.models import build_model
from mnist_core.presets import PRESETS

if TYPE_CHECKING:
    import torch

    from mnist_core.training import Trainer, TrainingLoop

SECONDS = 1.0  # for which steps are timed, in each round
WARM_SECONDS = 0.3
LAUNCHES = 50  # between two looks at whether the time is over
LENET = PRESETS["lenet"].config.replace(filters=(16, 32))
ROWS = {
    "two-layer-net": PRESETS["two-layer-net"].config,
    "keras-first-look": PRESETS["keras-first-look"].config,
    "LeNet 16/32": LENET,
    "MLP 2048-2048, batch 1,000": RunConfig(hidden_layers=(2_048, 2_048), batch_size=1_000),
    "CNN 32/64, batch 1,000": RunConfig(model="cnn", filters=(32, 64), batch_size=1_000),
}


def measure(device: str, *, rounds: int = 5, data: Path | None = None, rows: Sequence[str] = tuple(ROWS)) -> Report:
    """All rows, and the runs as a whole. Raises DataError where there is no MNIST, DeviceError where there is no such device."""
    import torch

    dataset = load_dataset("mnist", data)
    figures: list[Figure] = []
    for name in rows:
        figures += _beside_the_floor(name, ROWS[name], dataset, device, rounds)
    figures += _whole_runs(dataset, device, rounds)
    versions = {"torch": torch.__version__, "CUDA": str(torch.version.cuda)}
    if device == "cuda":
        versions["card"] = torch.cuda.get_device_name()
    return Report(figures, versions=versions)


# ---- steps ---------------------------------------------------------------------------------------------------------


def _beside_the_floor(name: str, config: RunConfig, dataset: Dataset, device: str, rounds: int) -> list[Figure]:
    """Milliseconds of a step by hand, by the engine without evaluations, and with them as a run has them."""
    # First, since it has the device compute in full float32, which the floor is to do, too. (Its end is far away.)
    loop = _trainer(config.replace(epochs=1_000), dataset, device).loop
    floor = _by_hand(config, dataset, device)

    def engine(seconds: float) -> int:
        made, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            made += loop.make_updates(seconds=seconds)
        return made

    methods: dict[str, Callable[[float], int]] = {"captured by hand": floor, "engine, without evaluations": engine}
    for method in methods.values():
        method(WARM_SECONDS)  # captures, and libraries that choose their kernels
    times: dict[str, list[float]] = {kind: [] for kind in methods}
    for number in range(rounds):
        for kind, method in methods.items():
            times[kind].append(_milliseconds(method, device))
            _say(f"{name}, round {number + 1} of {rounds}: {kind}, {times[kind][-1]:.3f} ms")
    ratios = [ours / theirs for theirs, ours in zip(*times.values(), strict=True)]
    with_them = [_with_evaluations(config, dataset, device) for _round in range(min(3, rounds))]
    return [
        *(median(kind, values, "ms a step", group=name) for kind, values in times.items()),
        median("engine / captured by hand", ratios, "×", most=1.3, group=name),
        median("with evaluations / without, of a whole run", with_them, "×", most=1.15, group=name),
    ]


def _milliseconds(method: Callable[[float], int], device: str) -> float:
    _wait(device)
    begun = time.perf_counter()
    made = method(SECONDS)
    _wait(device)
    return (time.perf_counter() - begun) / made * 1e3


def _with_evaluations(config: RunConfig, dataset: Dataset, device: str) -> float:
    """Seconds of a run of two epochs with its evaluations, by those of its updates alone."""
    trainer = _trainer(config.replace(epochs=2), dataset, device)
    trainer.loop.update(count=1)
    alone = _timed(trainer.loop, device)
    trainer = _trainer(config.replace(epochs=2), dataset, device)
    trainer.loop.update(count=1)
    _wait(device)
    begun = time.perf_counter()
    trainer.advance()
    _wait(device)
    return (time.perf_counter() - begun) / alone


def _timed(loop: TrainingLoop, device: str) -> float:
    """Seconds of all its updates, without evaluations."""
    (run,) = loop.runs
    _wait(device)
    begun = time.perf_counter()
    loop.update(count=run.total_steps - run.step)
    _wait(device)
    return time.perf_counter() - begun


def _by_hand(config: RunConfig, dataset: Dataset, device: str) -> Callable[[float], int]:
    """Makes steps for so many seconds, and says how many: gather, forward, backward, torch's own fused update, in one launch."""
    import torch

    from mnist_core.training.batches import order

    there = torch.device(device)
    part = split(dataset, config).train
    images = torch.from_numpy(np.array(part.images).reshape(-1, 784)).to(there)
    labels = torch.from_numpy(part.labels.astype(np.int64)).to(there)
    scale, shift = affine(config.preprocessing)
    model = build_model(config).to(there)
    optimizer = _torch_optimizer(config, model, device)
    steps = torch.from_numpy(order(config, 0)[: config.batch_size * (config.train_size // config.batch_size)])
    batches = steps.view(-1, config.batch_size).to(there)
    counter = torch.zeros(1, dtype=torch.int64, device=there)

    def step() -> None:
        rows = batches.index_select(0, counter)[0]
        inputs = images.index_select(0, rows).to(torch.float32).mul_(scale).add_(shift)
        outputs = model(inputs.view(-1, 1, 28, 28) if config.model == "cnn" else inputs)
        optimizer.zero_grad(set_to_none=False)
        _loss(config, outputs, labels.index_select(0, rows)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        counter.add_(1).remainder_(len(batches))

    launch = _captured(step) if device == "cuda" else step

    def run(seconds: float) -> int:
        made, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            for _launch in range(LAUNCHES):
                launch()
            _wait(device)
            made += LAUNCHES
        return made

    return run


def _loss(config: RunConfig, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    import torch
    from torch.nn import functional as F

    if config.loss == "cross-entropy":
        return F.cross_entropy(outputs, labels)
    return (outputs - torch.eye(10, device=labels.device)[labels]).square().sum(1).mean()


def _torch_optimizer(config: RunConfig, model: torch.nn.Module, device: str) -> torch.optim.Optimizer:
    import torch

    on_card, rate = device == "cuda", config.learning_rate
    match config.optimizer:
        case "adam" | "adamw":
            return torch.optim.Adam(model.parameters(), rate, fused=True, capturable=on_card)
        case "rmsprop":
            return torch.optim.RMSprop(model.parameters(), rate, alpha=config.rho, foreach=True, capturable=on_card)
        case "momentum" | "nesterov":
            return torch.optim.SGD(model.parameters(), rate, momentum=config.momentum, foreach=True)
    return torch.optim.SGD(model.parameters(), rate, foreach=True)


def _captured(step: Callable[[], None]) -> Callable[[], None]:
    import torch

    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _time in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


# ---- whole runs ----------------------------------------------------------------------------------------------------


def _whole_runs(dataset: Dataset, device: str, rounds: int) -> list[Figure]:
    group = "whole runs, with evaluations"
    fast = [_to_accuracy(PRESETS["lenet-fast"].config.replace(seed=seed), dataset, device) for seed in range(rounds)]
    many = PRESETS["two-layer-net"].config
    many = many.replace(epochs=round(10_000 / many.steps_per_epoch))
    rates = np.geomspace(0.01, 1.0, 32).tolist()
    wide = [_sweep_seconds(many, rates, dataset, device) * 10_000 / many.total_steps for _round in range(rounds)]
    one = LENET.replace(epochs=1)
    ratios = [
        _sweep_seconds(one, np.geomspace(0.01, 0.3, 16).tolist(), dataset, device)
        / _sweep_seconds(one, [0.1], dataset, device)
        for _round in range(rounds)
    ]
    return [
        median("lenet-fast to 99 %", [seconds for seconds in fast if seconds], "s", most=2.0, group=group),
        median("32 rates of two-layer-net, 10,000 updates each", wide, "s", most=2.5, group=group),
        median("16 rates of LeNet / one of them", ratios, "×", most=7.0, group=group),
    ]


def _to_accuracy(config: RunConfig, dataset: Dataset, device: str, accuracy: float = 0.99) -> float | None:
    """Seconds until an evaluation has the test accuracy; None where none has."""
    trainer = _trainer(config, dataset, device)
    while not trainer.finished:
        evaluations = trainer.advance(seconds=0.05).evaluations
        reached = evaluations["test_accuracy"] >= accuracy
        if reached.any():
            return float(evaluations["seconds"][reached][0])
    return None


def _sweep_seconds(config: RunConfig, rates: Sequence[float], dataset: Dataset, device: str) -> float:
    from mnist_core.training import sweep

    return sweep(config, rates, dataset=dataset, device=device).seconds


def _trainer(config: RunConfig, dataset: Dataset, device: str) -> Trainer:
    from mnist_core.training import Trainer

    return Trainer(config, dataset, device=device)


def _wait(device: str) -> None:
    import torch

    if device == "cuda":
        torch.cuda.synchronize()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
