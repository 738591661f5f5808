"""scikit-learn's MLPClassifier, in float32. It has SGD and Adam, and Glorot's first weights."""

from __future__ import annotations

import numpy as np

from mnist_core.bench.work import Begin, Done, Pixels, Run, Work, accuracy, training_pixels
from mnist_core.data import Dataset


def prepare(work: Work, dataset: Dataset) -> Begin:
    """A new network at each round; `partial_fit` is one epoch."""
    from sklearn.neural_network import MLPClassifier

    config = work.config
    if config.optimizer not in ("sgd", "adam"):
        raise ValueError(f"scikit-learn has no {config.optimizer}.")
    x, labels = training_pixels(config, dataset)

    def begin(number: int) -> Run:
        model = MLPClassifier(
            config.hidden_layers,
            solver=config.optimizer,
            alpha=0.0,
            batch_size=config.batch_size,
            learning_rate_init=config.learning_rate,
            momentum=0.0,
            nesterovs_momentum=False,
            beta_1=config.beta1,
            beta_2=config.beta2,
            epsilon=config.epsilon,
        )

        def run() -> Done:
            for _epoch in range(config.epochs):
                model.partial_fit(x, labels, classes=np.arange(10))
            return Done(work.updates, accuracy(logits, config, dataset))

        def logits(pixels: Pixels) -> Pixels:
            return np.asarray(model.predict_proba(pixels), np.float32)

        return run

    return begin
