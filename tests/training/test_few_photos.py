"""Fifty photos of two classes: no error but a lesson. A network learns them by heart, and augmentation helps."""

from __future__ import annotations

import io
from functools import cache
from statistics import mean

import numpy as np
from PIL import Image, ImageDraw

from mnist_core import RunConfig, train
from mnist_core.data import Dataset, own_images
from mnist_core.image_sets import OwnName

NAME = OwnName("own-" + "0" * 16)
SEEDS = (0, 1, 2)


def photo(corners: int, random: np.random.Generator) -> bytes:
    """A frame with so many corners somewhere on paper: at another place, angle, size and brightness each time."""
    side = 120
    light, ink = random.uniform(150, 250), random.uniform(20, 100)
    picture = Image.new("L", (side, side), round(light))
    center, radius = random.uniform(0.4, 0.6, 2) * side, random.uniform(0.28, 0.34) * side
    angles = random.uniform(-0.25, 0.25) + np.arange(corners) * 2 * np.pi / corners
    points = [tuple(center + radius * np.array([np.cos(angle), np.sin(angle)])) for angle in [*angles, *angles[:2]]]
    ImageDraw.Draw(picture).line(points, fill=round(ink), width=7, joint="curve")
    pixels = np.asarray(picture) + random.normal(0, 6, (side, side))
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "JPEG")
    return file.getvalue()


@cache
def photos(of_each: int) -> Dataset:
    """Squares and hexagons as somebody would upload them: a fifth is for testing."""
    random = np.random.default_rng(of_each)
    gathered = own_images.Collection()
    for name, corners in (("squares", 4), ("hexagons", 6)):
        gathered.add(name, [(f"{n}.jpg", photo(corners, random)) for n in range(of_each)], "photo")
    assert not gathered.refused
    gathered.check()
    return own_images.unpack(NAME, own_images.pack(gathered.images))


def config(**more: object) -> RunConfig:
    settings = {"dataset": NAME, "classes": 2, "batch_size": 10, "optimizer": "adam", "learning_rate": 0.001}
    return RunConfig.from_dict({**settings, "hidden_layers": [64], "epochs": 40, **more})


def test_fifty_photos_are_learned_by_heart() -> None:
    dataset = photos(25)
    assert (len(dataset.train_labels), len(dataset.test_labels)) == (40, 10)
    result = train(config(train_size=32, validation_size=8), dataset).result
    assert result["outcome"] == "completed"
    assert result["train_accuracy"] == 1


def test_augmentation_narrows_the_gap() -> None:
    """Validated on more photos than fifty would leave, with three seeds: differences are not chance."""
    dataset = photos(125)

    def results(augmentation: str) -> tuple[float, float]:
        few = config(train_size=50, validation_size=150, augmentation=augmentation)
        runs = [train(few.replace(seed=seed), dataset).result for seed in SEEDS]
        return mean(run["train_accuracy"] for run in runs), mean(run["validation_accuracy"] for run in runs)

    by_heart, without = results("off")
    assert by_heart > 0.98
    assert without < by_heart - 0.07
    assert results("affine")[1] > without + 0.05
