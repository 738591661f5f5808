"""The colors in which the browser draws the plane, the network and its curves."""

from __future__ import annotations

from mnist_core.figures import theme

DEAD_LIGHT, DEAD_DARK = "#B8BCC4", "#5A606B"  # gray that stands out from both ends of the scale and from its middle


def colors(dark: bool) -> dict[str, str]:
    """Name → color: `low` and `high` are the two classes, and what lowers or raises an output."""
    return {
        "low": theme.SPLIT_STYLES["train"].color(dark),
        "middle": theme.paper(dark),
        "high": theme.RAISES,
        "broken": theme.broken(dark),
        "dead": DEAD_DARK if dark else DEAD_LIGHT,
        "ink": theme.ink(dark),
        "quiet": theme.quiet(dark),
        "faint": theme.faint(dark),
        "veil": theme.veil(dark),
        "train": theme.SPLIT_STYLES["train"].color(dark),
        "test": theme.SPLIT_STYLES["test"].color(dark),
        "font": theme.FONT,
    }


def rate_colors(count: int, dark: bool) -> list[str]:
    """Of so many learning rates side by side, the lowest first."""
    return [theme.scale_color(number / max(1, count - 1), dark) for number in range(count)]
