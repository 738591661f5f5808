"""What the Home page draws: the moving picture's curves for the browser, and the small pictures of three experiments."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mnist_core.figures import theme
from mnist_core.figures.sweep import ZONE_LABELS, color_of
from mnist_core.home_page.recorded import EXPERIMENTS, Line, RateCurve, Recording
from mnist_core.messages import N_, Message, Translate, message, number_text

DASHES = {"solid": "", "dash": "7 4", "dot": "2 3"}  # Plotly's words in SVG's


def curves(recording: Recording, dark: bool, translate: Translate) -> dict[str, Any]:
    """The moving picture, as scripts/rates.js takes it; each rate in the color that the Learning-rate page gives it."""
    rates = [curve.rate for curve in recording.curves]
    zones = {zone: translate(name) for zone, name in ZONE_LABELS.items()}
    return {
        "steps": recording.steps,
        "last": recording.steps[-1],
        "curves": [
            {
                "name": number_text(curve.rate),
                "color": color_of(curve.rate, rates, dark),
                "zone": zones[curve.zone],
                "accuracy": curve.accuracy,
            }
            for curve in recording.curves
        ],
        "up": translate(N_("Training accuracy")),
        "across": translate(N_("Step")),
        "guess": translate(N_("guessing: 10%")),
        "description": describe(recording).text(translate),
    }


def describe(recording: Recording) -> Message:
    """The moving picture in words, for those who do not see it."""
    return message(
        N_(
            "Curves of training accuracy over {steps} steps at eight learning rates. Too small: {small}. Good: {good}. On the edge: {edge}. Broken: {broken}."
        ),
        steps=f"{recording.steps[-1]:,}",
        **{zone: _ends(recording.of_zone(zone)) for zone in ZONE_LABELS},
    )


def _ends(rate_curves: Sequence[RateCurve]) -> str:
    return ", ".join(f"{curve.rate:g} → {curve.accuracy[-1]:.0%}" for curve in rate_curves) or "–"


# ---- the small pictures --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Small:
    """How an experiment's small picture is drawn: ends of its vertical axis, what it measures, what it shows in words."""

    low: float
    high: float
    measures: str
    says: str


SMALL: Mapping[str, Small] = dict(
    zip(
        EXPERIMENTS,
        (
            Small(0.8, 1.0, N_("Accuracy"), N_("Training and test accuracy rise and stay close together.")),
            Small(0.0, 1.0, N_("Accuracy"), N_("At rate 0.5 accuracy rises to 98%; at rate 1.5 it stays at 10%.")),
            Small(0.0, 1.0, N_("Loss"), N_("Training loss falls to almost 0; validation loss rises again.")),
        ),
        strict=True,
    )
)


def small_picture(
    experiment: str, recording: Recording, dark: bool, translate: Translate, *, sealed: bool = False
) -> str:
    """A small picture of an experiment's curves as HTML, as wide as its place; letters are the page's.

    `sealed`: without what was measured on test images. Raises KeyError where `experiment` is none of EXPERIMENTS.
    """
    form, lines = SMALL[experiment], recording.experiments[experiment]
    says = form.says
    if sealed and any(line.name == "test" for line in lines):
        says = N_("Training accuracy rises. The test set is sealed.")
        lines = tuple(line for line in lines if line.name != "test")
    last = max(line.steps[-1] for line in lines)
    styles = [_style(line, recording, dark, translate) for line in lines]
    paths = "".join(
        f'<polyline points="{_points(line, form, last)}" fill="none" stroke="{color}" stroke-width="3" '
        f'stroke-dasharray="{dash}" stroke-linejoin="round" vector-effect="non-scaling-stroke"/>'
        for line, (color, dash, _name) in zip(lines, styles, strict=True)
    )
    names = "".join(
        f'<span style="color:{color};font-weight:600">{html.escape(name)}</span>' for color, _dash, name in styles
    )
    measures = html.escape(translate(form.measures))
    ends = [f"{end:.0%}" if form.measures == "Accuracy" else number_text(end) for end in (form.high, form.low)]
    return (
        f'<div class="mnist-lab-small" role="img" aria-label="{html.escape(translate(says))}">'
        f'<div class="names"><span>{measures}</span>{names}</div><div class="plot">'
        f'<div class="ends"><span>{ends[0]}</span><span>{ends[1]}</span></div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none">{paths}</svg></div></div>'
    )


def _style(line: Line, recording: Recording, dark: bool, translate: Translate) -> tuple[str, str, str]:
    """Color, dash and name."""
    for split, style in theme.SPLIT_STYLES.items():
        if line.name == split:
            return style.color(dark), DASHES[style.dash], translate(style.name)
    rates = [curve.rate for curve in recording.curves]
    return color_of(float(line.name), rates, dark), "", translate(N_("rate {rate}")).format(rate=line.name)


def _points(line: Line, form: Small, last: int) -> str:
    """The curve in a box of 100 × 100; what is beyond it runs along its edge."""
    heights = [min(1.0, max(0.0, (value - form.low) / (form.high - form.low))) for value in line.values]
    return " ".join(
        f"{100 * step / last:.1f},{100 - 100 * height:.1f}" for step, height in zip(line.steps, heights, strict=True)
    )
