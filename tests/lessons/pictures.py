"""Pictures for lessons."""

from __future__ import annotations

import io

from PIL import Image


def picture(kind: str = "PNG", size: tuple[int, int] = (4, 4)) -> bytes:
    """A small picture of this kind."""
    content = io.BytesIO()
    Image.new("L", size).save(content, kind)
    return content.getvalue()


PNG = picture()
