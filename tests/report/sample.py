"""A report in which everything that a person could have typed is hostile."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnist_core.escape import UserText
from mnist_core.figures import overlay
from mnist_core.figures.axes import ChartView
from mnist_core.records import EVALUATION_DTYPE, Curves
from mnist_core.report import Chart, Column, Facts, Paragraph, Quote, Report, Section, Table

HACK = "document.documentElement.dataset.hacked=1"
HOSTILE = (
    f"</script><script>{HACK}</script>",
    f"<!--<script>{HACK}",
    f'"><img src="{{elsewhere}}/typed.png" onerror="{HACK}">',
    f"\u2028{HACK}//\u2029",
    f'<a href="javascript:{HACK}">press</a>',
    '<span style="background:url({elsewhere}/style.png)">x</span>',
    f"</title><svg onload={HACK}>",
    "%{{x}} <b>bold</b> $x^2$ &lt;i&gt;",
)


def typed(elsewhere: str = "http://127.0.0.1:9") -> str:
    """All of it in one text; `elsewhere`: the address of a server that is to be asked for nothing."""
    return " ".join(text.format(elsewhere=elsewhere) for text in HOSTILE)


def curves(number: int) -> Curves:
    """A run that learns; each of another `number` differently."""
    steps = np.arange(12)
    rows = np.zeros(len(steps), EVALUATION_DTYPE)
    rows["step"], rows["epoch"] = steps * 100, steps / 4
    for part in ("train", "validation", "test"):
        rows[f"{part}_loss"] = 2.3 * np.exp(-steps / (3 + number))
        rows[f"{part}_accuracy"] = 1 - rows[f"{part}_loss"] / 2.6
    return Curves(evaluations=rows)


def chart(name: str, of: int = 3) -> Chart:
    """Curves of so many runs with this name."""
    runs = overlay.overlaid([(f"{name} {number}", curves(number)) for number in range(of)])

    def figure(dark: bool) -> dict[str, Any]:
        return overlay.runs_chart(runs, "loss", ["train"], ChartView(dark=dark), str)

    return Chart(figure(False), figure(True), overlay.describe(runs, "loss", ["train"], str))


def report(text: str, language: str = "en") -> Report:
    """Has every kind of part; `text` wherever a person may have typed."""
    return Report(
        UserText(text),
        language,
        [
            Section(UserText(text), [Quote(UserText(f"one\n{text}")), Facts([("Class", UserText(text))])]),
            Section("Curves", [Paragraph("Each line is a run."), chart(text)]),
            Section(
                "Runs",
                [
                    Table(
                        UserText(text),
                        [Column("Nickname"), Column("Rate"), Column("Accuracy", ".1%")],
                        [
                            [UserText(text), 0.5, 0.975],
                            ["ann", 2, None],
                            ["bob", float("inf"), 0.5],
                            ["cem", 0.1, 0.125],
                        ],
                    )
                ],
                new_page=True,
            ),
        ],
        [UserText(text)],
    )
