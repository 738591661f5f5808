"""Figures beside their targets, as a table and as JSON."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mnist_core import settings
from mnist_core.errors import MnistLabError


@dataclass(frozen=True)
class Figure:
    """One measured figure; `target` is the most it should be, `value` None where it cannot be measured here."""

    name: str
    value: float | None
    unit: str
    target: float

    @property
    def verdict(self) -> str:
        """`ok`, `over`, or `not known here`."""
        if self.value is None:
            return "not known here"
        return "ok" if self.value <= self.target else "over"


@dataclass(frozen=True)
class Report:
    """What was measured: figures, and the samples behind them."""

    figures: Sequence[Figure]
    samples: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def table(self) -> str:
        """The figures as lines of text."""
        rows = [("", "measured", "target", "")]
        rows += [
            (figure.name, _shown(figure.value, figure.unit), _shown(figure.target, figure.unit), figure.verdict)
            for figure in self.figures
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [
            f"{name:<{widths[0]}}  {value:>{widths[1]}}  {target:>{widths[2]}}  {verdict}".rstrip()
            for name, value, target, verdict in rows
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: figures with verdicts, all samples, and the machine."""
        return {
            "figures": [{**asdict(figure), "verdict": figure.verdict} for figure in self.figures],
            "samples": {name: list(values) for name, values in self.samples.items()},
            "machine": {
                "cores": settings.cpu_count(),
                "memory_bytes": settings.memory_bytes(),
                "system": platform.system(),
                "python": platform.python_version(),
            },
        }

    def write(self, file: Path) -> None:
        """Write `to_dict` as JSON."""
        try:
            file.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            raise MnistLabError("{file} cannot be written ({reason}).", file=str(file), reason=reason) from error


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:.2f} {unit}" if unit == "s" else f"{value:.0f} {unit}"
