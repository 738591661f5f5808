"""MNIST Lab as a contestant: its public engine, with records, checks and gradient norms as a student's run has them."""

from __future__ import annotations

from mnist_core import settings
from mnist_core.bench.work import Begin, Done, Pixels, Run, Work, accuracy
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.estimate import useful_threads
from mnist_core.schedule import evaluation_steps


def updates(work: Work, dataset: Dataset) -> Begin:
    """One epoch of updates, each with its record; no evaluation."""
    import torch

    from mnist_core.training import Trainer

    def begin(number: int) -> Run:
        trainer = Trainer(work.config, dataset, threads=_threads(work.config))

        def run() -> Done:
            trainer.loop.update(count=work.config.steps_per_epoch)
            return Done(trainer.step, accuracy(logits, work.config, dataset))

        def logits(x: Pixels) -> Pixels:
            shape = (-1, 1, 28, 28) if work.config.model == "cnn" else (-1, 784)
            with torch.inference_mode():
                values: Pixels = trainer.model.eval()(torch.from_numpy(x).view(shape)).numpy()
            return values

        return run

    return begin


def evaluations(work: Work, dataset: Dataset) -> Begin:
    """As many evaluations as the run's curve has, each with its look inside the layers; one update before them."""
    from mnist_core.training import Trainer

    def begin(number: int) -> Run:
        trainer = Trainer(work.config, dataset, threads=_threads(work.config))
        trainer.loop.update()

        def run() -> Done:
            for _evaluation in evaluation_steps(work.config):
                trainer.state.remember_weights()
                trainer.loop.evaluate([trainer.state])
            return Done(work.updates)

        return run

    return begin


def probes(work: Work, dataset: Dataset) -> Begin:
    """The looks inside the layers alone."""
    from mnist_core.training import Trainer
    from mnist_core.training.layer_probe import Probed, probe_layers

    def begin(number: int) -> Run:
        trainer = Trainer(work.config, dataset, threads=_threads(work.config))
        trainer.state.remember_weights()
        probed = Probed(work.config, trainer.model, trainer.state.weights_before)

        def run() -> Done:
            for _evaluation in evaluation_steps(work.config):
                probe_layers(trainer.loop.step, [probed], trainer.state.loaders["train"], trainer.loop.chunk_size)
            return Done(work.updates)

        return run

    return begin


def runs(work: Work, dataset: Dataset) -> Begin:
    """Whole runs one after the other, from building the network to the last evaluation. The round is the seed."""
    from mnist_core.training import Trainer

    def begin(number: int) -> Run:
        def run() -> Done:
            for config in work.runs:
                trainer = Trainer(config.replace(seed=config.seed + number), dataset, threads=_threads(config))
                trainer.advance()
            return Done(
                work.updates, lambda: float((trainer.result() | trainer.result_on_all_images())["test_accuracy"])
            )

        return run

    return begin


def sweep(work: Work, dataset: Dataset) -> Begin:
    """All rates at once, as a whole: from building the networks to the last evaluation."""
    from mnist_core import sweep as sweep_rates

    def begin(number: int) -> Run:
        def run() -> Done:
            sweep_rates(work.config, learning_rates=list(work.rates), dataset=dataset)
            return Done(work.updates)

        return run

    return begin


def _threads(config: RunConfig) -> int:
    return useful_threads(config, settings.cpu_count())
