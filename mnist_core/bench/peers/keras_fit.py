"""Keras: `fit` on a NumPy array, on TensorFlow or on JAX."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import numpy as np

from mnist_core.bench.work import Begin, Done, Pixels, Run, Work, accuracy, training_pixels
from mnist_core.config import RunConfig
from mnist_core.data import Dataset


def on_tensorflow(work: Work, dataset: Dataset) -> Begin:
    """Keras with TensorFlow below it."""
    import_module("tensorflow")  # Keras would say less clearly that it is missing

    return _prepare(work, dataset, "tensorflow")


def on_jax(work: Work, dataset: Dataset) -> Begin:
    """Keras with JAX below it."""
    import_module("jax")

    return _prepare(work, dataset, "jax")


def _prepare(work: Work, dataset: Dataset, backend: str) -> Begin:
    """Rounds go on training the same network: a new one would be compiled anew."""
    os.environ["KERAS_BACKEND"] = backend  # read when keras is imported; the process has one backend
    model = _model(work.config)
    x, labels = training_pixels(work.config, dataset)
    config = work.config
    # Compiles for full batches and for the short one at the end.
    few = min(len(x), STEPS_AT_ONCE * config.batch_size + len(x) % config.batch_size)
    model.fit(x[:few], labels[:few], batch_size=config.batch_size, verbose=0)

    def begin(number: int) -> Run:
        def run() -> Done:
            model.fit(x, labels, batch_size=config.batch_size, epochs=config.epochs, verbose=0)
            return Done(work.updates, accuracy(logits, config, dataset))

        return run

    def logits(pixels: Pixels) -> Pixels:
        return np.asarray(model.predict(pixels, batch_size=1_000, verbose=0))

    return begin


# Steps between returns to Python: Keras' own remedy for small networks. Faster than its default of 1.
STEPS_AT_ONCE = 16


def _model(config: RunConfig) -> Any:
    import keras

    initializers = {
        "glorot": "glorot_uniform",
        "he": "he_normal",
        "normal": keras.initializers.RandomNormal(stddev=config.init_std),
    }
    first = initializers[config.initialization]
    layers = [keras.layers.Dense(units, activation="relu", kernel_initializer=first) for units in config.hidden_layers]
    output = keras.layers.Dense(10, activation="softmax", kernel_initializer=first)
    model = keras.Sequential([keras.Input((784,)), *layers, output])
    model.compile(
        optimizer=_optimizer(config),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=STEPS_AT_ONCE,
    )
    return model


def _optimizer(config: RunConfig) -> Any:
    from keras import optimizers

    rate, epsilon = config.learning_rate, config.epsilon
    match config.optimizer:
        case "sgd":
            return optimizers.SGD(rate)
        case "rmsprop":
            return optimizers.RMSprop(rate, rho=config.rho, epsilon=epsilon)
        case "adam":
            return optimizers.Adam(rate, beta_1=config.beta1, beta_2=config.beta2, epsilon=epsilon)
    raise ValueError(f"The Keras peer has no {config.optimizer}.")
