"""Augmentation as the Data page shows it, by torchvision's v2 transforms: the same image, changed as another hand might have
written it. And how much the augmentation of a run changes its training images (`training/augmentation.py`).

Its functions import torch, so only workers call them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Kind = Literal["shift", "rotate", "elastic", "all"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# By strength, from nothing to too much: pixels of shift, degrees of turn, alpha of the elastic field.
MOST: dict[str, tuple[float, ...]] = {
    "shift": (0, 1, 2, 4, 6, 8),
    "rotate": (0, 8, 15, 30, 60, 180),
    "elastic": (0, 25, 50, 75, 100, 150),
}
STRENGTHS = tuple(range(6))
DRAWS = 7  # changed images of each
SIDE = 28
# While training, at most: pixels in each direction; degrees either way; by how much larger or smaller.
SHIFT, TURN, SCALE = 2, 15, 0.15
STREAM = 8  # keeps it apart from other uses of the same seed


def limits(kind: Kind, strength: int) -> dict[str, float]:
    """The most that is done at a strength (0 to 5), as in MOST; all together each half as much."""
    if kind == "all":
        return {name: most[strength] / 2 for name, most in MOST.items()}
    return {kind: MOST[kind][strength]}


def transform(kind: Kind, strength: int) -> Any:
    """The transform of images (…×1×28×28) that draws a change anew at each call."""
    from torchvision.transforms import v2

    most = limits(kind, strength)
    steps: list[Callable[..., Any]] = []
    if "shift" in most or "rotate" in most:
        fraction = most.get("shift", 0.0) / SIDE
        steps.append(
            v2.RandomAffine(most.get("rotate", 0.0), (fraction, fraction), interpolation=v2.InterpolationMode.BILINEAR)
        )
    if most.get("elastic"):
        steps.append(v2.ElasticTransform(alpha=most["elastic"], sigma=4.0))
    return v2.Compose(steps)


def augmented(image: NDArray[np.uint8], kind: Kind, strength: int, *, draws: int, seed: int) -> NDArray[np.uint8]:
    """`draws` changed copies of `image` (28×28): draws×28×28. At strength 0 all are the image itself."""
    import torch

    copies = np.repeat(image[None], draws, 0)
    if not strength:
        return copies
    change = transform(kind, strength)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        changed = [change(torch.from_numpy(copy[None])) for copy in copies]
    return np.stack([tensor[0].numpy() for tensor in changed])
