"""Numbers as people type them, read in one way wherever they are typed.

Thousands may stand in groups of three (50,000; 50_000), and the point may be a comma where that is none of these (0,5). What a
programming language takes besides (1_0, nan, inf) is no number.
"""

from __future__ import annotations

import math
import re

# Signs of full width, as East Asian keyboards write them, and the minus that pages write.
_SIGNS = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x2212: "-"}
_DIGITS = r"(\d+|[1-9]\d{0,2}([,_]\d{3})+)"
_WHOLE = re.compile(rf"[+-]?{_DIGITS}", re.ASCII)
_NUMBER = re.compile(rf"[+-]?({_DIGITS}(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def whole(text: str) -> int:
    """The whole number. Raises ValueError where `text` is none."""
    plain = _plain(text)
    if not _WHOLE.fullmatch(plain):
        raise ValueError(text)
    return int(_together(plain))


def number(text: str) -> float:
    """The number. Raises ValueError where `text` is none, or is larger than any."""
    plain = _plain(text)
    if not _NUMBER.fullmatch(plain):
        plain = plain.replace(",", ".", 1)
    if not _NUMBER.fullmatch(plain) or not math.isfinite(value := float(_together(plain))):
        raise ValueError(text)
    return value


def _plain(text: str) -> str:
    return text.strip().translate(_SIGNS)


def _together(plain: str) -> str:
    return re.sub("[,_]", "", plain)
