"""The built-in digits: 60,000 + 10,000 images that this program draws itself, for when MNIST cannot be had.

They are not MNIST, and never called so. A style of the digit (`strokes`) is jittered, bent by a smooth random field
(after Simard, Steinkraus, Platt, "Best practices for convolutional neural networks", 2003), slanted, stretched and
turned, drawn with a soft pen of varying pressure, scaled into a box of 20×20 pixels and centered by its mass in 28×28
as MNIST's were, but not quite. The same seed draws the same images with any number of threads.

An image is a sum of Gaussians at points along the strokes. A Gaussian in two dimensions is a product of two in one,
so a whole image is one product of a 28×points and a points×28 matrix: drawing is nearly as cheap as the sum of it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import filelock
import numpy as np
from numpy.typing import NDArray

from mnist_core import settings
from mnist_core.data import idx
from mnist_core.data.datasets import available, home_folder
from mnist_core.data.folders import FILES
from mnist_core.data.strokes import STYLES, Style, basis
from mnist_core.errors import DataFolderError, system_reason
from mnist_core.image_sets import SETS
from mnist_core.messages import N_

Progress = Callable[[int, int], None]
SEED = 1998
POINTS = 72  # points along the strokes of one digit
CHUNK = 1_000  # images drawn at a time: 16 MB of work space
BOX = 20.0  # pixels, the longer side of the ink
F32 = NDArray[np.float32]


def ensure_built_in(progress: Progress | None = None) -> None:
    """Draw the digits and keep them, unless they are here. `progress(images done, images in all)`.

    Raises DataFolderError where they cannot be kept.
    """
    if available("built-in"):
        return
    folder = home_folder("built-in")
    try:
        settings.make_home()
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / "drawing.lock")
        with lock:
            if not available("built-in"):
                _draw_all(progress)
    except OSError as error:
        raise DataFolderError(
            N_(
                "The built-in digits cannot be saved in {folder} ({reason}). Free some space, make the folder writable, or set MNIST_LAB_HOME to another folder."
            ),
            folder=str(folder),
            reason=system_reason(error),
        ) from error


def _draw_all(progress: Progress | None) -> None:
    folder = home_folder("built-in")
    known = SETS["built-in"]
    done = 0
    for split, count, seed in (("test", known.test, SEED + 1), ("train", known.train, SEED)):
        before = done

        def report(finished: int, before: int = before) -> None:
            if progress is not None:
                progress(before + finished, known.train + known.test)

        images, labels = draw_digits(count, seed, report=report)
        idx.write(folder / FILES[f"{split}_images"][0], images)
        idx.write(folder / FILES[f"{split}_labels"][0], labels)
        done += count


def draw_digits(
    count: int, seed: int, *, threads: int | None = None, report: Callable[[int], None] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """`count` images (count×28×28, uint8) and labels (count, uint8), all digits equally many (to one), shuffled."""
    labels = np.random.default_rng(seed).permutation(np.arange(count) % 10).astype(np.uint8)
    images = np.empty((count, 28, 28), np.uint8)

    def chunk(start: int) -> None:
        generator = np.random.Generator(np.random.Philox(key=[seed, start]))
        part = slice(start, start + CHUNK)
        images[part] = _draw(labels[part], generator)

    with ThreadPoolExecutor(threads or settings.cpu_count()) as pool:
        for number, _done in enumerate(pool.map(chunk, range(0, count, CHUNK)), 1):
            if report is not None:
                report(min(count, number * CHUNK))
    return images, labels


def _draw(labels: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    points = np.empty((len(labels), POINTS, 2), np.float32)
    ink = np.empty((len(labels), POINTS), np.float32)
    # Sloppiness differs from writer to writer: mostly neat, now and then hard to read, never impossible.
    sloppy = np.clip(generator.gamma(4.0, 0.25, len(labels)), 0.3, 1.25).astype(np.float32)
    for digit, styles in enumerate(STYLES):
        indices = np.flatnonzero(labels == digit)
        weights = np.array([style.weight for style in styles])
        chosen = generator.choice(len(styles), len(indices), p=weights / weights.sum())
        for number, style in enumerate(styles):
            rows = indices[chosen == number]
            points[rows], ink[rows] = _write(style, sloppy[rows], generator)
    points = _bend(points, sloppy, generator)
    points = _lean(points, sloppy, generator)
    return _ink(points, ink, generator)


def _write(style: Style, sloppy: F32, generator: np.random.Generator) -> tuple[F32, F32]:
    """Points along the strokes (n×POINTS×2), and 1 where the pen is on paper for the way to the next point."""
    lengths = np.array([np.linalg.norm(np.diff(np.array(s), axis=0), axis=1).sum() for s in style.strokes])
    fraction = np.maximum(6, np.round(POINTS * lengths / lengths.sum())).astype(int)
    fraction[0] += POINTS - fraction.sum()
    curves, pens = [], []
    for stroke, samples in zip(style.strokes, fraction, strict=True):
        control = np.array(stroke, np.float32)
        same = np.concatenate([[False], (np.diff(control, axis=0) == 0).all(axis=1)])
        noise = generator.normal(0, 0.035, (len(sloppy), len(control), 2)).astype(np.float32) * sloppy[:, None, None]
        noise[:, same] = noise[:, np.flatnonzero(same) - 1]  # both halves of a corner move together
        # A stroke may start late or end early, as pens do.
        curves.append(np.einsum("pk,nkc->npc", basis(len(control), samples), control + noise))
        pen = np.ones((len(sloppy), samples), np.float32)
        pen[:, -1] = 0
        pens.append(pen)
    return np.concatenate(curves, axis=1), np.concatenate(pens, axis=1)


def _bend(points: F32, sloppy: F32, generator: np.random.Generator) -> F32:
    """A smooth random field: a few waves across the page, each longer than half a digit."""
    count = len(points)
    bent = points.copy()
    for _wave in range(3):
        direction = generator.normal(0, 1, (count, 1, 2)).astype(np.float32) * np.float32(2.6)
        phase = generator.uniform(0, 2 * np.pi, (count, 1)).astype(np.float32)
        push = generator.normal(0, 0.042, (count, 1, 2)).astype(np.float32) * sloppy[:, None, None]
        bent += push * np.sin((points * direction).sum(axis=2) + phase)[..., None]
    return bent


def _lean(points: F32, sloppy: F32, generator: np.random.Generator) -> F32:
    """Width, slant and turn of the writer's hand."""
    count = len(points)
    centered = points - np.float32(0.5)
    width = np.exp(generator.normal(-0.12, 0.27, count)).astype(np.float32)
    slant = generator.normal(0.14, 0.32, count).astype(np.float32)
    angle = (generator.normal(0, 0.12, count) * sloppy).astype(np.float32)
    x = centered[..., 0] * width[:, None] - centered[..., 1] * slant[:, None]
    y = centered[..., 1]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    return np.stack([x * cos - y * sin, x * sin + y * cos], axis=2)


def _ink(points: F32, pen: F32, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Scale into the box, center by mass, and let the ink flow."""
    count = len(points)
    radius = np.clip(generator.normal(0.78, 0.13, count), 0.5, 1.2).astype(np.float32)[:, None]  # pixels
    low, high = points.min(axis=1), points.max(axis=1)
    scale = (BOX - 2.6 * radius) / np.maximum((high - low).max(axis=1, keepdims=True), 1e-3)
    placed = points * scale[..., None]
    weight = _weights(placed, pen, generator) / (radius * np.float32(np.sqrt(2 * np.pi)))
    center = (placed * weight[..., None]).sum(axis=1, keepdims=True) / weight.sum(axis=1)[:, None, None]
    placed += np.float32(13.5) - center + generator.normal(0, 0.6, (count, 1, 2)).astype(np.float32)
    field = _rasterized(placed, weight, radius)
    gain = generator.uniform(1.9, 3.2, (count, 1, 1)).astype(np.float32)
    gray: F32 = np.clip(field * gain - np.float32(0.2), 0, 1)
    images: NDArray[np.uint8] = np.round(gray * 255).astype(np.uint8)
    return images


def _weights(placed: F32, pen: F32, generator: np.random.Generator) -> F32:
    """How much ink each point gets: the length up to the next one, by the pen's pressure."""
    length = np.zeros_like(pen)
    length[:, :-1] = np.linalg.norm(np.diff(placed, axis=1), axis=2)
    pressure = 1 + 0.16 * np.sin(
        np.linspace(0, 1, POINTS, dtype=np.float32) * generator.uniform(2, 9, (len(pen), 1)).astype(np.float32)
        + generator.uniform(0, 6.3, (len(pen), 1)).astype(np.float32)
    )
    return pen * length * pressure.astype(np.float32)


def _rasterized(placed: F32, weight: F32, radius: F32) -> F32:
    """The sum of the Gaussians at all points, n×28×28."""
    pixels = np.arange(28, dtype=np.float32)
    bell = placed[:, :, :, None] - pixels  # n × points × (x, y) × pixel
    bell /= radius[:, :, None, None]
    np.square(bell, out=bell)
    bell *= np.float32(-0.5)
    np.exp(bell, out=bell)
    rows = bell[:, :, 1] * weight[..., None]
    return np.asarray(np.matmul(rows.transpose(0, 2, 1), bell[:, :, 0]), np.float32)
