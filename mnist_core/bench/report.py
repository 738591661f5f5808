"""Figures beside their targets, as tables and as JSON, with the machine that they were measured on."""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from mnist_core import settings
from mnist_core.errors import MnistLabError, system_reason


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    `value` is None where there is none, `note` may say why. A target is the most or the least that it should be; a
    figure may have none. `spread`: minimum and maximum of the samples. `at`: its place on a numeric axis.
    """

    name: str
    value: float | None
    unit: str
    most: float | None = None
    minimum: float | None = None
    spread: tuple[float, float] | None = None
    note: str = ""
    group: str = ""
    at: float | None = None

    @property
    def verdict(self) -> str:
        """`ok`, `over`, `under`, `not known here`; empty without a target."""
        if self.most is None and self.minimum is None:
            return ""
        if self.value is None:
            return "not known here"
        if self.most is not None and self.value > self.most:
            return "over"
        return "under" if self.minimum is not None and self.value < self.minimum else "ok"

    @property
    def target(self) -> str:
        """`≤ 3.00 s`, `≥ 1.60 ×`; empty without a target."""
        words = [("≤", self.most), ("≥", self.minimum)]
        return ", ".join(f"{sign} {shown(bound, self.unit)}" for sign, bound in words if bound is not None)


def median(name: str, samples: Sequence[float], unit: str, **more: Any) -> Figure:
    """The figure of some samples, their minimum and maximum as spread; None where there are no samples."""
    if not samples:
        return Figure(name, None, unit, **more)
    return Figure(name, statistics.median(samples), unit, spread=(min(samples), max(samples)), **more)


@dataclass(frozen=True)
class Report:
    """What was measured: figures, in groups, the samples behind them, and versions of what took part."""

    figures: Sequence[Figure]
    samples: Mapping[str, Sequence[float]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def table(self) -> str:
        """The machine, and a Markdown table of each group: it can be read as it is."""
        parts = [describe_machine(self.versions)]
        for group, figures in groupby(self.figures, lambda figure: figure.group):
            parts += [f"### {group}"] if group else []
            parts.append(_table(list(figures)))
        return "\n\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: figures with verdicts, all samples, and the machine."""
        return {
            "figures": [{**asdict(figure), "verdict": figure.verdict} for figure in self.figures],
            "samples": {name: list(values) for name, values in self.samples.items()},
            "machine": {
                "processor": processor(),
                "cores": settings.cpu_count(),
                "memory_bytes": settings.memory_bytes(),
                "system": platform.system(),
                "python": platform.python_version(),
                "versions": dict(self.versions),
            },
        }

    def write(self, file: Path) -> None:
        """Write `to_dict` as JSON. Raises MnistLabError."""
        try:
            file.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise cannot_write(file, error) from error


def cannot_write(file: Path, error: OSError) -> MnistLabError:
    """The error that says so."""
    return MnistLabError("{file} cannot be written ({reason}).", file=str(file), reason=system_reason(error))


def describe_machine(versions: Mapping[str, str]) -> str:
    """One line: cores, processor, memory, system, versions."""
    words = [
        f"{settings.cpu_count()} cores of {processor()}",
        f"{settings.memory_bytes() / 1e9:.0f} GB of memory",
        f"{platform.system()}, Python {platform.python_version()}",
        *(f"{name} {version}" for name, version in sorted(versions.items())),
    ]
    return ", ".join(words)


def busy() -> float | None:
    """How many processes were waiting for a core in the last minute, on average; None where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def processor() -> str:
    """The processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _table(figures: Sequence[Figure]) -> str:
    rows = [("", "measured", "spread", "target", "verdict", "note")]
    rows += [
        (
            figure.name,
            shown(figure.value, figure.unit),
            _spread(figure),
            figure.target,
            figure.verdict,
            figure.note,
        )
        for figure in figures
    ]
    # Columns that say nothing are left out.
    columns = [column for column in zip(*rows, strict=True) if column[0] == "" or any(column[1:])]
    widths = [max(3, *(len(cell) for cell in column)) for column in columns]
    padded = [
        [cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in zip(*columns, strict=True)
    ]
    padded.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(row)} |" for row in padded)


def shown(value: float | None, unit: str) -> str:
    """Three digits and the unit; an en dash for None."""
    return "–" if value is None else f"{_digits(value)} {unit}".rstrip()


def _digits(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def _spread(figure: Figure) -> str:
    return "" if figure.spread is None else " – ".join(_digits(end) for end in figure.spread)
