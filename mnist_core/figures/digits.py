"""Images of digits as one picture."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GAP = 2  # pixels between images, before scaling


def image_sheet(images: NDArray[np.uint8], columns: int, scale: int = 2) -> bytes:
    """A PNG of `images` (n×28×28, uint8), `columns` in a row, each pixel drawn `scale` times; ink dark on light."""
    rows = -(-len(images) // columns)
    cell = 28 + GAP
    sheet = np.zeros((rows * cell, columns * cell), np.uint8)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        sheet[row * cell : row * cell + 28, column * cell : column * cell + 28] = image
    picture = Image.fromarray(255 - sheet).resize(
        (sheet.shape[1] * scale, sheet.shape[0] * scale), Image.Resampling.NEAREST
    )
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=False, compress_level=3)
    return buffer.getvalue()
