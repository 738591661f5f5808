"""How results show themselves in a notebook: as a figure, as a table in words, and while they train as a bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Literal

from mnist_core import escape
from mnist_core.config import RunConfig
from mnist_core.diagnostics import Scale, explain, zones
from mnist_core.errors import TrainingError
from mnist_core.messages import N_, accuracy_text, number_text
from mnist_core.networks.models import describe
from mnist_core.records import Curves, Outcome, Run

RunChart = Literal["loss", "accuracy", "gradient", "rate"]
SweepChart = Literal["loss", "accuracy"]
SPLIT_NAMES = {"train": "Training", "validation": "Validation", "test": "Test"}
Pairs = Sequence[tuple[Run, Curves]]


def run_of(config: RunConfig, outcome: Outcome, result: dict[str, Any]) -> Run:
    """A finished run as charts and sentences are given it; it is in no store."""
    return Run("", "", config, "finished", 1, 0.0, outcome=outcome, result=result)


# ---- figures -------------------------------------------------------------------------------------------------------


def run_figure(run: Run, curves: Curves, chart: RunChart, *, dark: bool = False) -> Any:
    """The chart of a run as a Plotly figure, drawn as the app draws it."""
    from mnist_core.figures import curves as charts

    make = {
        "loss": charts.loss_chart,
        "accuracy": charts.accuracy_chart,
        "gradient": charts.gradient_chart,
        "rate": charts.rate_chart,
    }[chart]
    return _figure(make(run, curves, charts.ChartView(dark=dark), str))


def sweep_figure(runs: Pairs, chart: SweepChart, *, dark: bool = False) -> Any:
    """Where the runs of a sweep ended, by their learning rates, over the zones of the rates."""
    from mnist_core.figures.sweep import SweepView
    from mnist_core.figures.sweep_zones import rates_chart

    has_validation = runs[0][0].config.validation_size > 0
    view = SweepView(chart, "validation" if has_validation else "train", dark=dark)
    return _figure(rates_chart("", runs, reading_of(runs), view, str))


def reading_of(runs: Pairs) -> zones.Reading:
    """Zones and sentences of a sweep's runs."""
    return zones.read([zones.trial(*pair) for pair in runs], Scale.of(runs[0][0].config))


def _figure(plain: dict[str, Any]) -> Any:
    import plotly.graph_objects as go

    figure = go.Figure(plain)
    return figure.update_layout(height=430)


# ---- words ---------------------------------------------------------------------------------------------------------


def run_html(run: Run, curves: Curves) -> str:
    """What came of a run, as HTML without any script."""
    explanation = explain(run, curves)
    rows = [("Outcome", str(run.outcome))]
    rows += [
        (f"{name} accuracy", accuracy_text(value))
        for split, name in SPLIT_NAMES.items()
        if isinstance(value := run.result.get(f"{split}_accuracy"), int | float)
    ]
    rows += [("Updates", f"{run.result.get('steps', 0):,}"), ("Seconds", f"{run.result.get('seconds', 0):.1f}")]
    if explanation is not None:
        sentences = (explanation.summary, *explanation.evidence, explanation.advice)
        rows.append((explanation.title.text(), " ".join(one.text() for one in sentences if one is not None)))
    body = "".join(f"<tr>{_cell(name, 'th')}{_cell(value)}</tr>" for name, value in rows)
    return f"<div><p><b>{escape.html(title(run.config, rate=True))}</b></p><table>{body}</table></div>"


def sweep_html(runs: Pairs) -> str:
    """What a sweep says, and a row for each run, as HTML without any script."""
    reading = reading_of(runs)
    zone_of = {point.rate: point.zone for point in reading.points}
    sentences = " ".join(sentence.text() for sentence in reading.sentences)
    heads = "".join(_cell(name, "th") for name in ("Learning rate", "Seed", "Zone", "Outcome", "Validation", "Test"))
    body = "".join(f"<tr>{''.join(map(_cell, _sweep_row(run, zone_of)))}</tr>" for run, _curves in runs)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return (
        f"<div><p><b>{escape.html(title(runs[0][0].config, rate=False))}</b> {escape.html(sentences)}</p>{table}</div>"
    )


def _sweep_row(run: Run, zone_of: dict[float, zones.Zone | None]) -> list[str]:
    from mnist_core.figures.sweep import ZONE_LABELS

    rate = run.config.learning_rate
    accuracies = (run.result.get(f"{split}_accuracy") for split in ("validation", "test"))
    percents = ("–" if value is None else accuracy_text(value) for value in accuracies)
    zone = zone_of.get(rate)
    return [number_text(rate), str(run.config.seed), ZONE_LABELS[zone] if zone else "–", str(run.outcome), *percents]


def _cell(text: str, tag: str = "td") -> str:
    return f'<{tag} style="text-align:left">{escape.html(text)}</{tag}>'


def title(config: RunConfig, *, rate: bool) -> str:
    """`784-128-10 · sgd 0.1 · batch 100 · 101,770 parameters`; `rate`: with the learning rate."""
    dense = "-".join(map(str, (*config.hidden_layers, 10)))
    network = f"CNN {'-'.join(map(str, config.filters))} | {dense}" if config.model == "cnn" else f"784-{dense}"
    parameters = f"{describe(config).parameters:,} parameters"
    return f"{network} · {config.optimizer}{f' {number_text(config.learning_rate)}' * rate} · batch {config.batch_size:,} · {parameters}"


# ---- progress ------------------------------------------------------------------------------------------------------


def progress_bar(total: int, also: Callable[[float], None] | None = None) -> Callable[[float], None]:
    """A bar of tqdm's over `total` updates: a function that takes the fraction that is done, and tells `also`.

    Raises TrainingError where tqdm is not installed.
    """
    try:
        from tqdm import tqdm
    except ImportError:
        raise TrainingError(
            N_("The progress bar needs tqdm. Install it with “pip install tqdm”, or leave out progress=True.")
        ) from None
    bar = tqdm(total=total, unit=" updates", file=sys.stdout)

    def tell(fraction: float) -> None:
        bar.update(round(fraction * total) - bar.n)
        if fraction >= 1.0:
            bar.close()
        if also is not None:
            also(fraction)

    return tell
