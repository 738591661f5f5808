"""How a convolution slides: kernel, stride and padding by slider on a real digit, stop by stop or played."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import streamlit as st

from mnist_core import data, escape
from mnist_core.ideas.architecture.convolution import concept as conv
from mnist_core.ideas.architecture.convolution import figure as charts
from mnist_core.messages import N_, minus, number_text
from mnist_core.panels import products
from mnist_core.ui import data_note, lesson, playing, session
from mnist_core.ui.chart import Click, live_chart
from mnist_core.ui.choice import typed
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

KERNELS = {
    "upright": N_("Vertical edges"),
    "level": N_("Horizontal edges"),
    "outline": N_("Outline"),
    "blur": N_("Blur"),
    "sharpen": N_("Sharpen"),
    "shift": N_("Shift"),
    "one": N_("Identity"),
    "own": N_("Custom"),
}
START = {"row": 7, "column": 12}
OWN = "0 -1 0\n-1 5 -1\n0 -1 0"
PROBLEMS = {
    "empty": N_(
        "Expected a square of numbers, one row per line; got none. For 2 × 2, write two lines such as {example}."
    ),
    "number": N_("Expected a number, got {found}. Write numbers such as 1, -0.5 or 2e-1, separated by spaces."),
    "range": N_("Expected numbers from −{maximum} to {maximum}, got {found}."),
    "square": N_("Expected as many numbers in each row as there are rows, got rows of {found}."),
    "large": N_("Expected a kernel of at most {largest} × {largest} numbers, got {found}."),
}
IMAGES = 100
PLAY_SECONDS = 0.25


def draw(panel: Panel) -> None:
    """The sliders, the window on the digit, the arithmetic of a stop, the code, an experiment."""
    lesson.look_at(
        _(
            "A kernel slides over the image. At each position its numbers are multiplied by the pixels beneath and summed to one pixel of the output. Try the edge kernels: orange where ink begins, blue where it ends."
        )
    )
    if not data_note.ready():
        return
    playing.draw(panel, _panel, PLAY_SECONDS)
    lesson.code(panel, conv.convolve, conv.window, conv.output_side, conv.kernel)
    lesson.experiment("lenet", _("A network that learns such kernels by itself: 32 and 64 filters of 5 × 5 weights."))


def _panel(panel: Panel, plays: bool) -> None:
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        image = _image(panel)
        kernel = _kernel(panel)
        stride = panel.slider("stride", _("Stride"), 1, 4, 1, help=_("How many pixels the kernel moves at a time."))
        padding = panel.slider("padding", _("Padding"), 0, 3, 0, help=_("Width of the border of zeros."))
    side = len(kernel)
    output = conv.convolve(image, kernel, stride, padding)
    if plays:
        _play_on(panel, len(output))
    with left:
        row, column = _place(panel, len(output), plays)
    stop = charts.Stop(side, stride, padding, row, column)
    patch = conv.window(image, side, stride, padding, row, column)
    formula = f"⌊({len(image)} + 2 · {padding} − {side}) / {stride}⌋ + 1 = {len(output)}"
    sentence = ngettext(
        "Row {row}, column {column}: the {count} product is **{total:.3f}**, the marked pixel of the output.",
        "Row {row}, column {column}: the {count} products add up to **{total:.3f}**, the marked pixel of the output.",
        side * side,
    ).format(row=row, column=column, count=side * side, total=float(output[row, column]))
    sentence = minus(sentence)
    with right:
        figure = charts.slide_chart(conv.padded(image, padding), output, stop, session.dark(), _)
        live_chart(
            figure,
            key=panel.key("chart_slide"),
            height=430,
            description=sentence.replace("**", ""),
            on_click=partial(_clicked, panel, len(output)),
        )
        st.markdown(sentence)
        products.draw(panel, patch, kernel, sentence.replace("**", ""))
        st.markdown(_("Output side = ⌊(side + 2 · padding − kernel) / stride⌋ + 1 = {formula}").format(formula=formula))


def _image(panel: Panel) -> conv.Floats:
    number = panel.slider("image", _("Image"), 0, IMAGES - 1, 0)
    pixels = data.load_dataset(data_note.dataset()).train_images[number]
    return cast(conv.Floats, pixels / 255.0)


def _kernel(panel: Panel) -> conv.Floats:
    """The chosen kernel; the last that was one where what is typed is none."""
    titles = {name: _(title) for name, title in KERNELS.items()}
    name = panel.selectbox("kernel", _("Kernel"), list(KERNELS), format_func=titles.__getitem__)
    if name != "own":
        side = panel.select_slider("side", _("Kernel size"), conv.SIZES, 3, format_func=lambda size: f"{size} × {size}")
        return conv.kernel(cast(conv.KernelName, name), side)
    text = st.text_area(_("Numbers, one row per line"), OWN, key=panel.key("own"), height=120)
    try:
        panel.session["typed"] = conv.parse_kernel(typed(text))
    except conv.KernelError as error:
        sentence = _(PROBLEMS[error.reason]).format(
            found=escape.markdown(error.text),
            example="`0 1`, `1 0`",
            maximum=number_text(conv.GREATEST),
            largest=conv.LARGEST,
        )
        st.error(sentence, icon=":material/error:")
    return cast(conv.Floats, panel.session.get("typed", conv.parse_kernel(OWN)))


# ---- the stop --------------------------------------------------------------------------------------------------


def _place(panel: Panel, side: int, plays: bool) -> tuple[int, int]:
    """Row and column of the output's pixel, by slider, step or play; never outside."""
    if "at" not in panel.session:
        panel.session["at"] = [panel.number(name, default, 0, side - 1) for name, default in START.items()]
    place: list[int] = panel.session["at"]
    place[:] = [min(index, side - 1) for index in place]
    row = st.slider(_("Row"), 0, side - 1, **_bound(panel, 0))
    column = st.slider(_("Column"), 0, side - 1, **_bound(panel, 1))
    for value, (name, default) in zip((row, column), START.items(), strict=True):
        panel.keep(name, value, panel.initial_number(name, default, 0, side - 1))
    playing.play_or_pause(panel, plays)
    st.caption(_("Or click a pixel of the output."))
    return row, column


def _bound(panel: Panel, axis: int) -> dict[str, Any]:
    """Key and callback of the slider that shows the row (0) or the column (1)."""
    name = f"at_{axis}"
    panel.session[name] = panel.session["at"][axis]

    def changed() -> None:
        panel.session["at"][axis] = panel.session[name]

    return {"key": panel.key(name), "on_change": changed}


def _clicked(panel: Panel, side: int, click: Click) -> None:
    if click.trace == "output" and 0 <= click.point < side * side:
        panel.session["at"] = list(divmod(click.point, side))


def _play_on(panel: Panel, side: int) -> None:
    """The next stop; the last one ends it."""
    row, column = panel.session.get("at", [0, 0])
    place = row * side + column + 1
    if place >= side * side:
        playing.stop(panel)
    elif playing.on(panel):
        panel.session["at"] = list(divmod(place, side))
