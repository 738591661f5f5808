"""Which runs may train together as one wider network (a stack), and how they are dealt out."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from mnist_core.config import RunConfig

WIDEST = 32  # runs in one stack
# What the runs of a stack have in common, besides the seed of what is drawn of the data (batches, label noise, augmentation).
SHARED = (
    "dataset",
    "classes",
    "train_size",
    "validation_size",
    "preprocessing",
    "label_noise",
    "augmentation",
    "hidden_layers",
    "activation",
    "dropout",
    "loss",
    "batch_size",
    "sampling",
    "epochs",
)


def covers(config: RunConfig) -> bool:
    """Whether the dense step can train this network: any MLP without batch normalization."""
    return config.model == "mlp" and not config.batch_norm


def order_seed(config: RunConfig) -> int:
    """The seed of what is drawn of the data."""
    return config.seed if config.batch_seed is None else config.batch_seed


_CONVOLUTIONS = ("filters", "kernel_size", "pooling")


def key(config: RunConfig, device: str = "cpu") -> Hashable | None:
    """Runs with equal keys can share a stack on a device of this type; None: this one trains alone.

    On CUDA convolutional networks can, too, and nothing but the shape counts: no run takes a short cut there.
    """
    if device == "cuda" and not config.batch_norm:
        names = (*SHARED, *_CONVOLUTIONS) if config.model == "cnn" else SHARED
        return (device, config.model, *(getattr(config, name) for name in names), order_seed(config))
    if device != "cpu" or not covers(config):
        return None
    # Plain gradient descent takes a short cut (DenseStep), which it could not beside others: in the last digits it would be
    # another run than alone.
    plain = config.optimizer == "sgd" and not config.weight_decay
    return (*(getattr(config, name) for name in SHARED), order_seed(config), plain)


def groups(configs: Sequence[RunConfig], device: str = "cpu") -> list[list[int]]:
    """Places of the configurations that train together there, each group in one stack of at most `WIDEST`."""
    alike: dict[Hashable, list[int]] = {}
    for place, config in enumerate(configs):
        unique = ("alone", place)
        alike.setdefault(key(config, device) or unique, []).append(place)
    return [places[start : start + WIDEST] for places in alike.values() for start in range(0, len(places), WIDEST)]
