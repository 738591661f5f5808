"""Synthetic photos of digits: paper, pen, light, lens, camera and file, each drawn from wide ranges by one generator.

Nothing of it is known to what reads photos (`data.pictures`). A kind is a base (a digit in a pen's ink on paper of any gray,
turned by at most 15°, in slightly uneven light, a little blurred, with a camera's noise, as a JPEG) and what the kind changes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from mnist_core.bench.pens import middle_lines, rendered
from mnist_core.data.drawing import like_mnist

F32 = NDArray[np.float32]
Written = tuple[tuple[int, ...], tuple[NDArray[np.uint8], ...]]  # the digits, and each as 28×28 pixels of its ink
Light = Callable[[F32, F32], F32]  # of x and y, each −1 to 1 over the photo; 1 is full light
# Width of the line by height of the digit, and the ink's brightness by the paper's.
PENS: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "ballpoint": ((0.025, 0.05), (0.2, 0.45)),
    "gel pen": ((0.035, 0.07), (0.1, 0.35)),
    "pencil": ((0.03, 0.06), (0.4, 0.65)),
    "felt-tip": ((0.06, 0.1), (0.1, 0.4)),
    "marker": ((0.09, 0.15), (0.05, 0.3)),
}


@dataclass(frozen=True)
class Photo:
    """A file, and what is on it: the digits from the left, and each as 28×28 pixels of the pen's ink before it was photographed."""

    content: bytes
    labels: tuple[int, ...]
    images: tuple[NDArray[np.uint8], ...]


@dataclass(frozen=True)
class Scene:
    """What is photographed. Lengths in pixels, brightness 0 to 1, places as fractions of width and height."""

    size: tuple[int, int]
    height: float  # of the digit
    places: tuple[tuple[float, float], ...]
    pen: float
    ink: float  # by the paper's brightness
    grain: float  # of the ink: 0 even, 1 as rough as chalk
    angle: float  # degrees
    paper: float
    lights: tuple[Light, ...] = ()
    rules: tuple[float, float, bool] | None = None  # distance, strength, squared
    sheet: tuple[float, float] | None = None  # size of the sheet by the photo, on a desk
    desk: float = 0.2
    border: tuple[float, float] | None = None  # width and brightness of a frame at the photo's rim
    box: float | None = None  # a rectangle drawn around the digit, its width
    blur: float = 0.8
    noise: float = 2.0  # of 255
    quality: int = 85


@dataclass(frozen=True)
class Digits:
    """Images of 28×28 pixels to draw from, and their labels."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def take(self, random: np.random.Generator) -> tuple[NDArray[np.uint8], int]:
        """One of them."""
        number = int(random.integers(len(self.labels)))
        return np.asarray(self.images[number]), int(self.labels[number])


def base(random: np.random.Generator, longer: tuple[int, int]) -> Scene:
    """A photo of one digit in even light, its longer side between these."""
    side = int(random.integers(*longer))
    other = int(side * random.choice([0.75, 0.5625, 1.0]))
    size = (side, other) if random.random() < 0.5 else (other, side)
    height = min(size) * random.uniform(0.2, 0.65)
    (thin, thick), (dark, pale) = PENS[str(random.choice(list(PENS)))]
    free = [0.5 - 0.62 * height / length for length in size]
    place = tuple(float(np.clip(0.5 + random.normal(0, 0.12), 0.5 - room, 0.5 + room)) for room in free)
    return Scene(
        size,
        height,
        ((place[0], place[1]),),
        max(1.5, height * random.uniform(thin, thick)),
        random.uniform(dark, pale),
        random.uniform(0, 0.6),
        random.uniform(-15, 15),
        random.uniform(0.45, 0.95),
        (gradient(random.uniform(0, 360), random.uniform(0.85, 1)),),
        blur=random.uniform(0.3, 1.5) * max(0.5, side / 1_400),
        noise=random.uniform(0.5, 4),
        quality=int(random.integers(60, 96)),
    )


# ---- light -----------------------------------------------------------------------------------------------------


def gradient(degrees: float, minimum: float) -> Light:
    """Full light at one end, `minimum` at the other."""
    angle = np.deg2rad(degrees)

    def light(x: F32, y: F32) -> F32:
        along = (x * np.cos(angle) + y * np.sin(angle)) / (abs(np.cos(angle)) + abs(np.sin(angle)))
        return np.asarray((1 + minimum) / 2 + (1 - minimum) / 2 * along, np.float32)

    return light


def corners(minimum: float) -> Light:
    """Full light in the middle, `minimum` in the corners."""
    return lambda x, y: np.asarray(1 - (1 - minimum) * ((x**2 + y**2) / 2) ** 1.3, np.float32)


def shadow(degrees: float, at: float, minimum: float, soft: float, width: float | None = None) -> Light:
    """A shadow with an edge at `at` (−1 to 1) that is `soft` wide: a half of the photo, or a band of `width`."""
    angle = np.deg2rad(degrees)

    def light(x: F32, y: F32) -> F32:
        along = x * np.cos(angle) + y * np.sin(angle) - at
        depth = np.clip(along / soft + 0.5, 0, 1)
        if width is not None:
            depth = np.minimum(depth, np.clip((width - along) / soft + 0.5, 0, 1))
        return np.asarray(1 - (1 - minimum) * depth * depth * (3 - 2 * depth), np.float32)

    return light


# ---- the photo -------------------------------------------------------------------------------------------------


def develop(scene: Scene, digits: Digits, random: np.random.Generator) -> tuple[F32, Written]:
    """The photo as the sensor has it, height×width, 0 to 1, and what is written on it."""
    page = _paper(scene, random)
    ink, written = _writing(scene, digits, random)
    page *= 1 - (1 - scene.ink) * ink
    if scene.sheet is not None:
        page = _on_desk(page, scene, random)
    _illuminate(page, scene)
    if scene.border is not None:
        _frame(page, round(scene.border[0] * min(scene.size)), scene.border[1])
    blurred = Image.fromarray((np.clip(page, 0, 1) * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(scene.blur))
    noise = random.standard_normal(page.shape, dtype=np.float32) * np.float32(scene.noise)
    return np.clip((np.asarray(blurred) + noise) / 255, 0, 1, dtype=np.float32), written


def _writing(scene: Scene, digits: Digits, random: np.random.Generator) -> tuple[F32, Written]:
    """The ink on the whole page, 0 to 1, and what is written."""
    width, height = scene.size
    ink = np.zeros((height, width), np.float32)
    labels, images = [], []
    for x, y in scene.places:
        image, label = digits.take(random)
        patch = rendered(middle_lines(image), scene.height, scene.pen, scene.angle)
        _lay(ink, patch, x * width, y * height)
        labels.append(label)
        images.append(like_mnist(patch))
    if scene.box is not None:
        _box(ink, scene, random)
    if scene.grain:
        ink *= 1 - scene.grain * 0.5 * _cloth(random, (height, width), max(1, round(scene.pen / 3)))
    return ink, (tuple(labels), tuple(images))


def _illuminate(page: F32, scene: Scene) -> None:
    height, width = page.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    for light in scene.lights:
        page *= light(x, y)


def _frame(page: F32, rim: int, brightness: float) -> None:
    height, width = page.shape
    inner = page[rim : height - rim, rim : width - rim].copy()
    page[:] = brightness
    page[rim : height - rim, rim : width - rim] = inner


def _paper(scene: Scene, random: np.random.Generator) -> F32:
    width, height = scene.size
    page = np.full((height, width), scene.paper, np.float32)
    page *= 1 - 0.03 * _cloth(random, page.shape, 3)
    if scene.rules is not None:
        distance, strength, squared = scene.rules
        rules = Image.new("L", scene.size)
        draw = ImageDraw.Draw(rules)
        slope = np.tan(np.deg2rad(scene.angle))
        line = max(1, round(distance / 25))
        for start in np.arange(-max(scene.size), 2 * max(scene.size), distance):
            draw.line([(0, start), (width, start + slope * width)], 255, line)
            if squared:
                draw.line([(start, 0), (start - slope * height, height)], 255, line)
        page *= 1 - strength * np.asarray(rules, np.float32) / 255
    return page


def _cloth(random: np.random.Generator, shape: tuple[int, ...], coarse: int) -> F32:
    """Grain, 0 to 1, of spots so many pixels wide."""
    height, width = shape
    small = random.random((height // coarse + 2, width // coarse + 2), dtype=np.float32)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR), np.float32)


def _lay(ink: F32, patch: F32, x: float, y: float) -> None:
    """The patch with its middle at (x, y), what lies outside cut off."""
    top, left = round(y - patch.shape[0] / 2), round(x - patch.shape[1] / 2)
    bottom, right = min(ink.shape[0], top + patch.shape[0]), min(ink.shape[1], left + patch.shape[1])
    part = ink[max(0, top) : bottom, max(0, left) : right]
    np.maximum(part, patch[max(0, -top) : bottom - top, max(0, -left) : right - left], out=part)


def _box(ink: F32, scene: Scene, random: np.random.Generator) -> None:
    """A rectangle by hand around the digit."""
    x, y = scene.places[0][0] * scene.size[0], scene.places[0][1] * scene.size[1]
    half = scene.height * random.uniform(0.8, 1.1)
    shake = random.normal(0, 0.03 * scene.height, (4, 2))
    points = [(x + sx * half + dx, y + sy * half + dy) for (sx, sy), (dx, dy) in zip(SQUARE, shake, strict=True)]
    layer = Image.fromarray((ink * 255).astype(np.uint8))
    ImageDraw.Draw(layer).line([*points, points[0]], 255, max(2, round(scene.box or 0)))
    ink[:] = np.maximum(ink, np.asarray(layer, np.float32) / 255)


SQUARE = ((-1, -1), (1, -1), (1, 1), (-1, 1))


def _on_desk(page: F32, scene: Scene, random: np.random.Generator) -> F32:
    """The page as a sheet, turned as its digit is, on a desk with a grain of its own."""
    height, width = page.shape
    assert scene.sheet is not None
    half = np.array([width * scene.sheet[0], height * scene.sheet[1]]) / 2
    angle = np.deg2rad(scene.angle)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (np.array(SQUARE) * half) @ matrix.T + [width / 2, height / 2]
    sheet = Image.new("L", (width, height))
    ImageDraw.Draw(sheet).polygon([(float(px), float(py)) for px, py in points], 255)
    mask = np.asarray(sheet, np.float32) / 255
    desk = scene.desk * (1 - 0.25 * _cloth(random, page.shape, 9))
    return np.asarray(page * mask + desk * (1 - mask), np.float32)


# ---- the file --------------------------------------------------------------------------------------------------


def colored(page: F32, random: np.random.Generator) -> Image.Image:
    """In color: paper and light have a tint."""
    tint = random.uniform(0.9, 1, 3).astype(np.float32)
    tint /= tint.max()
    return Image.merge("RGB", [Image.fromarray((page * channel * 255).astype(np.uint8)) for channel in tint])


def file_of(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
