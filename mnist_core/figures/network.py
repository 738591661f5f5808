"""A network as a drawing: columns of units for dense layers, stacked squares for images. SVG, nothing but our own text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mnist_core import escape
from mnist_core.figures import theme
from mnist_core.figures.class_names import DIGITS
from mnist_core.messages import N_, Translate
from mnist_core.networks.models import Description, Layer

WIDTH, HEIGHT = 640, 239
MIDDLE = 98  # y of the drawing's axis
LABELS = 210  # y of the first line of the labels
LINE = 23  # from one line of a label to the next
LARGEST = 21  # size of letters
SHOWN = 7  # units drawn of a dense layer
NAMES = {
    "input": N_("pixels"),
    "convolution": N_("filters"),
    "pooling": N_("pooled"),
    "dense": N_("hidden"),
    "output": N_("classes"),
}
ANSWERS = tuple(name.plain for name in DIGITS)
MOST_OUTPUTS = 13  # drawn


def network_svg(
    description: Description,
    translate: Translate,
    *,
    dark: bool = False,
    answers: Sequence[str] = ANSWERS,
    names: Mapping[str, str] = NAMES,
) -> str:
    """The layers from left to right with their sizes, 640×239, as an SVG document; stacks of images have a line more.

    `answers`: what stands beside the output nodes, plain text; `names`: what stands beneath a layer of each kind.
    """
    layers = [layer for layer in description.layers if layer.kind != "flatten"]
    gap = WIDTH / len(layers)
    centers = [gap * (index + 0.5) for index in range(len(layers))]
    columns = [_units(layer) for layer in layers]
    parts = []
    for index in range(len(layers) - 1):
        parts += _links(layers, columns, centers, index, dark)
    size = min(LARGEST, int(gap / 3.9))  # "28×28" and the names fit into a column
    for layer, column, x in zip(layers, columns, centers, strict=True):
        parts += _dense(column, x, gap, layer, answers, dark) if column else _stack(layer, x, gap, dark)
        parts += _label(layer, x, size, translate(names[layer.kind]), dark)
    height = HEIGHT + (LINE if any(" @ " in _size(layer) for layer in layers) else 0)
    label = " → ".join(_size(layer) for layer in layers)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{label}"><title>{label}</title>{"".join(parts)}</svg>'
    )


def _label(layer: Layer, x: float, size: int, name: str, dark: bool) -> list[str]:
    """Beneath each other: how many, for images how large, and what they are."""
    lines = _size(layer).split(" @ ")
    ink, quiet = theme.ink(dark), theme.quiet(dark)
    parts = [_text(x, LABELS + LINE * row, line, size, ink, bold=True) for row, line in enumerate(lines)]
    return [*parts, _text(x, LABELS + LINE * len(lines), name, max(11, size - 4), quiet)]


def _size(layer: Layer) -> str:
    if len(layer.output_shape) == 3:
        channels, side, _side = layer.output_shape
        return f"{side}×{side}" if channels == 1 else f"{channels} @ {side}×{side}"
    return f"{layer.output_shape[0]:,}"


def _units(layer: Layer) -> list[float]:
    """The heights of the units of a dense layer; empty for an image."""
    if len(layer.output_shape) == 3:
        return []
    count = layer.output_shape[0]
    most = MOST_OUTPUTS if layer.kind == "output" else 10
    circles = count if count <= most else SHOWN
    step = min(26.0, 180 / max(1, circles))
    return [MIDDLE + (index - (circles - 1) / 2) * step for index in range(circles)]


def _links(layers: list[Layer], columns: list[list[float]], xs: list[float], index: int, dark: bool) -> list[str]:
    color = theme.quiet(dark)
    left, right = columns[index], columns[index + 1]
    if left and right:
        lines = "".join(f"M{xs[index] + 9:.0f} {a:.1f}L{xs[index + 1] - 9:.0f} {b:.1f}" for a in left for b in right)
        return [f'<path d="{lines}" stroke="{color}" stroke-opacity="0.3" stroke-width="0.8" fill="none"/>']
    gap = xs[1] - xs[0]
    start = xs[index] + (12 if left else _reach(layers[index], gap))
    end = xs[index + 1] - (14 if right else _reach(layers[index + 1], gap))
    if end <= start:
        return []
    return [f'<path d="M{start:.0f} {MIDDLE}H{end:.0f}" stroke="{color}" stroke-width="1.5" fill="none"/>']


def _sheets(layer: Layer, gap: float) -> tuple[int, float, float]:
    """Of a stack of images: how many are drawn, their side, and how far one lies from the next."""
    channels, side, _side = layer.output_shape
    offset = min(7.0, gap / 14)
    # Sides are to scale, with room for the largest stack.
    return (
        1 if channels == 1 else min(5, 2 + channels // 12),
        max(7.0, side / 28 * min(104, 0.9 * gap - 5 * offset)),
        offset,
    )


def _reach(layer: Layer, gap: float) -> float:
    """From the middle of a stack to its edge, and a little air."""
    sheets, side, offset = _sheets(layer, gap)
    return side / 2 + (sheets - 1) / 2 * offset + 4


def _dense(column: list[float], x: float, gap: float, layer: Layer, answers: Sequence[str], dark: bool) -> list[str]:
    color = theme.SPLIT_STYLES["train"].color(dark) if layer.kind == "dense" else theme.quiet(dark)
    if layer.kind == "output":
        color = theme.SPLIT_STYLES["test"].color(dark)
    radius = 7 if len(column) < 9 else 6
    parts = []
    skipped = layer.output_shape[0] > len(column)
    middle = len(column) // 2
    labels = [*answers[:middle], "", *answers[-middle:]] if skipped else answers
    for index, y in enumerate(column):
        if skipped and index == middle:
            parts += [f'<circle cx="{x:.0f}" cy="{y + d:.1f}" r="1.8" fill="{color}"/>' for d in (-7, 0, 7)]
        else:
            parts.append(f'<circle cx="{x:.0f}" cy="{y:.1f}" r="{radius}" fill="{color}"/>')
        if layer.kind == "output":
            parts.append(_answer(x, y, gap, labels[index], dark))
    return parts


def _answer(x: float, y: float, gap: float, name: str, dark: bool) -> str:
    """What an output unit stands for, to its right: a digit, or a word in the room that is there."""
    if len(name) <= 2:
        return _text(x + 18, y + 5, name, 13, theme.quiet(dark))
    room = gap / 2 - 13
    size = max(10.0, min(13.0, room / (0.55 * len(name))))
    most = max(1, int(room / (0.55 * size)))
    shown = name if len(name) <= most else name[: most - 1] + "…"
    return _text(x + 12, y + size / 3, shown, round(size), theme.quiet(dark), anchor="start")


def _stack(layer: Layer, x: float, gap: float, dark: bool) -> list[str]:
    channels = layer.output_shape[0]
    sheets, width, offset = _sheets(layer, gap)
    color = theme.quiet(dark) if channels == 1 else theme.SPLIT_STYLES["train"].color(dark)
    paper = "#16181D" if dark else "#FFFFFF"
    parts = []
    for index in range(sheets):
        shift = (index - (sheets - 1) / 2) * offset
        parts.append(
            f'<rect x="{x - width / 2 + shift:.0f}" y="{MIDDLE - width / 2 + shift:.0f}" width="{width:.0f}" '
            f'height="{width:.0f}" rx="3" fill="{paper}" stroke="{color}" stroke-width="2"/>'
        )
    return parts


def _text(x: float, y: float, text: str, size: int, color: str, *, bold: bool = False, anchor: str = "middle") -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-family="{theme.FONT}" font-size="{size}" fill="{color}" '
        f'text-anchor="{anchor}"{weight}>{escape.html(text)}</text>'
    )
