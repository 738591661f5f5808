"""Measurements of the app as a student meets it: `python -m mnist_core bench ui`.

For developers: needs selenium (requirements-dev.txt), Chromium and its driver. Speaks English only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mnist_core.errors import MnistLabError


def main(arguments: Sequence[str]) -> int:
    """Run one benchmark. Exit status: 0 measured (targets met or not), 1 could not measure, 2 bad options."""
    options = _parser().parse_args(arguments)
    from mnist_core.bench import ui

    try:
        report = ui.measure(clicks=options.clicks, starts=options.starts, data=options.data)
        print(report.table())
        if options.json is not None:
            report.write(options.json)
    except MnistLabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mnist_core bench", description="Measure the app.")
    commands = parser.add_subparsers(required=True, metavar="ui")
    ui = commands.add_parser("ui", help="start, memory, and from the click on Run to the first point in the browser")
    ui.add_argument("--clicks", metavar="N", type=_at_least_one, default=20, help="clicks with warm workers (20)")
    ui.add_argument("--starts", metavar="N", type=_at_least_one, default=3, help="starts of the server (3)")
    ui.add_argument("--data", metavar="DIR", type=Path, help="folder that has MNIST (default: the built-in digits)")
    ui.add_argument("--json", metavar="FILE", type=Path, help="write the figures and all samples as JSON")
    return parser


def _at_least_one(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
