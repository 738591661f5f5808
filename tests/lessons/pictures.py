"""Pictures for lessons."""

from __future__ import annotations

import io

from PIL import Image


def picture(kind: str = "PNG", size: tuple[int, int] = (4, 4)) -> bytes:
    """A small picture of this kind."""
    content = io.BytesIO()
    Image.new("L", size).save(content, kind)
    return content.getvalue()


def with_scans(count: int) -> bytes:
    """A JPEG that goes over its pixels so many times."""
    content = io.BytesIO()
    Image.new("L", (4, 4)).save(content, "JPEG", progressive=True)
    whole = content.getvalue()
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + scan * (count - whole.count(b"\xff\xda")) + whole[-2:]


PNG = picture()
