"""Images of digits as one picture. Knows pixels and Pillow; nothing of data sets or pages."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SIDE = 28  # pixels of an image, both ways
GAP = 2  # pixels between images, before scaling
LABEL = 9  # pixels beneath an image for its label, before scaling


def image_sheet(
    images: NDArray[np.uint8], columns: int, scale: int = 2, labels: Sequence[object] | None = None
) -> bytes:
    """A PNG of `images` (n×28×28, uint8), `columns` in a row, each pixel drawn `scale` times; ink dark on light.

    `labels`: what stands beneath each image, one a piece (default: nothing).
    """
    rows = max(1, -(-len(images) // columns))
    wide, high = SIDE + GAP, SIDE + GAP + (LABEL if labels is not None else 0)
    sheet = np.zeros((rows * high, columns * wide), np.uint8)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        sheet[row * high : row * high + SIDE, column * wide : column * wide + SIDE] = image
    picture = Image.fromarray(255 - sheet).resize(
        (sheet.shape[1] * scale, sheet.shape[0] * scale), Image.Resampling.NEAREST
    )
    if labels is not None:
        pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=LABEL * scale)
        for index, label in enumerate(labels[: len(images)]):
            row, column = divmod(index, columns)
            place = ((column * wide + SIDE / 2) * scale, (row * high + SIDE) * scale)
            pen.text(place, str(label), fill=0, font=font, anchor="ma")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=False, compress_level=3)
    return buffer.getvalue()
