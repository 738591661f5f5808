"""Images of digits as one picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_core import escape
from mnist_core.figures import theme

SIDE = 28  # pixels of an image, both ways
GAP = 2  # pixels between images, before scaling
LABEL = 9  # pixels beneath an image for its label, before scaling


def image_sheet(images: NDArray[np.uint8], columns: int, scale: int = 2, *, room: int = 0) -> bytes:
    """A PNG of `images` (n×28×28, uint8), `columns` in a row, each pixel drawn `scale` times; ink dark on light.

    `room`: pixels of paper beneath each row, before scaling.
    """
    rows = max(1, -(-len(images) // columns))
    wide, high = SIDE + GAP, SIDE + GAP + room
    sheet = np.zeros((rows * high, columns * wide), np.uint8)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        sheet[row * high : row * high + SIDE, column * wide : column * wide + SIDE] = image
    picture = Image.fromarray(255 - sheet).resize(
        (sheet.shape[1] * scale, sheet.shape[0] * scale), Image.Resampling.NEAREST
    )
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=False, compress_level=3)
    return buffer.getvalue()


def labeled_sheet(
    images: NDArray[np.uint8], columns: int, scale: int, labels: Sequence[object], letters: int = LABEL
) -> str:
    """The same with a label beneath each image, `letters` pixels high before scaling, lower where one is long: an SVG document.

    The browser writes the labels, which may be of any script. They are plain text, and escaped here.
    """
    columns = max(1, min(columns, len(images)))
    high, width = SIDE + GAP + letters, columns * (SIDE + GAP) * scale
    height = max(1, -(-len(images) // columns)) * high * scale
    names = [str(label) for label in labels[: len(images)]]
    widest = max(map(_wide, names), default=1.0)
    size = min(letters * scale * 0.9, SIDE * scale * 1.8 / max(1.0, widest))  # all alike
    texts = []
    for index, text in enumerate(names):
        row, column = divmod(index, columns)
        x, y = (column * (SIDE + GAP) + SIDE / 2) * scale, (row * high + SIDE + letters * 0.8) * scale
        texts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}">{escape.html(text)}</text>')
    png = base64.b64encode(image_sheet(images, columns, scale, room=letters)).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<image href="data:image/png;base64,{png}" width="{width}" height="{height}"/>'
        f'<g font-family="{theme.FONT}" text-anchor="middle" fill="#000">{"".join(texts)}</g></svg>'
    )


def _wide(text: str) -> float:
    """How wide a text is, in letters of the Latin alphabet; those of others are wider."""
    return sum(1.0 if ord(sign) < 0x1100 else 1.8 for sign in text)


def signed_sheet(values: NDArray[np.floating], columns: int, scale: int, dark: bool, shades: int = 127) -> bytes:
    """A PNG of `values` (n×h×w), `columns` in a row: orange above 0, blue below, the ground at 0.

    Small ones are enlarged to nearly `SIDE` pixels before they are drawn `scale` times as large, so that the paper between
    them stays thin. Each of them is as strong as its own greatest, in so many `shades` (1 to 127) of each color: fewer make a smaller file.
    Numbers that are none are ground.
    """
    factor = max(1, SIDE // values.shape[-1])
    values, scale = values.repeat(factor, axis=1).repeat(factor, axis=2), max(1, scale // factor)
    count, high, wide = values.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    finite = np.nan_to_num(values.astype(np.float32), posinf=0, neginf=0)
    maximum = np.abs(finite).max((1, 2), keepdims=True)
    levels = np.round(finite / np.where(maximum > 0, maximum, 1) * shades).astype(np.int16) + shades
    sheet = np.full(((high + 1) * rows - 1, (wide + 1) * columns - 1), 2 * shades + 1, np.uint8)  # paper
    for index, level in enumerate(levels):
        top, left = index // columns * (high + 1), index % columns * (wide + 1)
        sheet[top : top + high, left : left + wide] = level
    picture = Image.fromarray(sheet)
    picture.putpalette(_signed_palette(shades, dark).tobytes())
    picture = picture.resize((sheet.shape[1] * scale, sheet.shape[0] * scale), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=False, compress_level=3)
    return buffer.getvalue()


def _signed_palette(shades: int, dark: bool) -> NDArray[np.uint8]:
    """From the strongest blue over the ground to the strongest orange, then the paper between the images: (2·shades + 2)×3."""
    ground, above, below = (
        np.array(list(bytes.fromhex(color[1:])))
        for color in (theme.paper(dark), theme.RAISES, theme.SPLIT_STYLES["train"].color(dark))
    )
    paper = (110, 112, 118) if dark else (150, 152, 158)
    fraction = np.arange(-shades, shades + 1)[:, None] / shades
    colors = ground + np.abs(fraction) * (np.where(fraction > 0, above, below) - ground)
    return np.vstack([colors, [paper]]).round().astype(np.uint8)
