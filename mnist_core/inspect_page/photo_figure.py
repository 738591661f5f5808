"""A photo with frames around what was found on it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

CHOSEN, OTHER = (213, 94, 0), (0, 114, 178)  # the orange and the blue of every chart
LINE, LETTERS = 3, 20  # pixels


def framed(gray: NDArray[np.uint8], boxes: Sequence[tuple[int, int, int, int]], chosen: int | None) -> bytes:
    """A JPEG of the photo (height×width, 0 black to 255) with a frame around each box (top, left, bottom, right).

    The `chosen` one is orange, the others blue; where there are several, each has its number, from 1 on.
    """
    photo = Image.fromarray(gray).convert("RGB")
    pen, font = ImageDraw.Draw(photo), ImageFont.load_default(size=LETTERS)
    for number, (top, left, bottom, right) in enumerate(boxes):
        color = CHOSEN if number == chosen else OTHER
        low = (max(0, left - LINE), max(0, top - LINE))
        high = (min(photo.width, right + LINE) - 1, min(photo.height, bottom + LINE) - 1)
        pen.rectangle([*low, max(high[0], low[0]), max(high[1], low[1])], outline=color, width=LINE)
        if len(boxes) > 1:
            _label(pen, font, str(number + 1), low, color, photo.size)
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _label(
    pen: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    text: str,
    at: tuple[int, int],
    color: tuple[int, int, int],
    size: tuple[int, int],
) -> None:
    """The number on a plate of its own, above the frame's corner where there is room."""
    plate = LETTERS + 4
    x = max(0, min(at[0], size[0] - plate))
    y = at[1] - plate if at[1] >= plate else at[1]
    pen.rectangle([x, y, x + plate, y + plate], fill=color)
    pen.text((x + plate / 2, y + plate / 2), text, fill="white", font=font, anchor="mm")
