"""Images of digits as one picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mnist_core.figures import theme

SIDE = 28  # pixels of an image, both ways
GAP = 2  # pixels between images, before scaling
LABEL = 9  # pixels beneath an image for its label, before scaling


def image_sheet(
    images: NDArray[np.uint8],
    columns: int,
    scale: int = 2,
    labels: Sequence[object] | None = None,
    letters: int = LABEL,
) -> bytes:
    """A PNG of `images` (n×28×28, uint8), `columns` in a row, each pixel drawn `scale` times; ink dark on light.

    `labels`: what stands beneath each image, one a piece (default: nothing), in `letters` so many pixels high, before scaling.
    """
    rows = max(1, -(-len(images) // columns))
    wide, high = SIDE + GAP, SIDE + GAP + (letters if labels is not None else 0)
    sheet = np.zeros((rows * high, columns * wide), np.uint8)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        sheet[row * high : row * high + SIDE, column * wide : column * wide + SIDE] = image
    picture = Image.fromarray(255 - sheet).resize(
        (sheet.shape[1] * scale, sheet.shape[0] * scale), Image.Resampling.NEAREST
    )
    if labels is not None:
        pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=letters * scale)
        for index, label in enumerate(labels[: len(images)]):
            row, column = divmod(index, columns)
            place = ((column * wide + SIDE / 2) * scale, (row * high + SIDE) * scale)
            pen.text(place, str(label), fill=0, font=font, anchor="ma")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=False, compress_level=3)
    return buffer.getvalue()


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
