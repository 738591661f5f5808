"""Measurements, for developers: `python -m mnist_core bench [training]`, `bench ui`, `bench class`, `bench sliders`, `bench strokes`,
`bench growth`, `bench small-host`, `bench estimates`, `bench verdicts`, `bench range-test` and `bench photos`.

`training`: how fast networks train, beside the floor of their matrix products and beside other libraries (those in
requirements-bench.txt; one that is not installed is shown as such). `ui`: the app as a student meets it; needs selenium
(requirements-dev.txt), Chromium and its driver. `class`: many browsers at once, on the cores of the server. `sliders`: from a slider's move to the redrawn picture on the pages
that explain, `strokes`: from a stroke on the drawing pad to the redrawn bars of three runs; both need the same.
`growth`: the Compare page with 10 to 5,000 runs. `small-host`: memory on a host with 1 GB. `estimates`: how good the expected time is. `verdicts`: how often the health check of a run is right. `range-test`: how
good the rates are that a range test suggests. `photos`: how often a network reads a photo of a digit. Speaks English only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mnist_core.bench.report import Report
from mnist_core.cli_options import Parser, writable_file
from mnist_core.errors import MnistLabError

COMMANDS = (
    "training",
    "ui",
    "class",
    "sliders",
    "strokes",
    "growth",
    "small-host",
    "estimates",
    "verdicts",
    "range-test",
    "photos",
    "home-curves",
)


def main(arguments: Sequence[str]) -> int:
    """Run one benchmark. Exit status: 0 measured (targets met or not), 1 could not measure, 2 bad options."""
    words = list(arguments)
    if words[:1] not in ([name] for name in (*COMMANDS, "-h", "--help")):
        words.insert(0, "training")
    options, unknown = _parser().parse_known_args(words)
    if unknown:
        options.parser.refuse(unknown)
    try:
        report: Report | None = options.measure(options)
        if report is None:
            return 0
        print(report.table())
        if options.json is not None:
            report.write(options.json)
        if getattr(options, "chart", None) is not None:
            from mnist_core.bench import chart

            chart.write(report, options.chart)
    except MnistLabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m mnist_core bench", description="Measure training, or the app.")
    commands = parser.add_subparsers(required=True, metavar="|".join(COMMANDS), parser_class=Parser)

    def command(name: str, measure: Callable[[argparse.Namespace], Report | None], text: str) -> Parser:
        added: Parser = commands.add_parser(name, help=text)
        added.set_defaults(measure=measure, parser=added)
        return added

    _training_options(command("training", _training, "training beside its floor and other libraries (the default)"))
    _ui_options(command("ui", _ui, "start, memory, and from the click on Run to the first point in the browser"))
    _class_options(command("class", _class, "a class on one machine: many browsers, each with a run just begun"))
    _repeated_options(
        command("sliders", _sliders, "from a slider's move to the redrawn picture in the browser"),
        "--moves",
        "moves of each slider (20)",
    )
    _repeated_options(
        command("strokes", _strokes, "from a stroke on the drawing pad to the redrawn bars of three runs"),
        "--strokes",
        "strokes of each kind (20)",
    )
    _json_option(command("growth", _growth, "how the Compare page grows with the runs in the store"))
    _one_run_options(command("small-host", _small_host, "the app on a host with 1 GB of memory"))
    _mnist_options(command("estimates", _estimates, "how good the expected time of a run is"))
    _sampled_options(command("verdicts", _verdicts, "how often the health check of a run is right"), 200)
    _sampled_options(command("range-test", _range_test, "how good the rates are that a range test suggests"), 60)
    _photo_options(command("photos", _photos, "how often a network reads a photo of a digit"))
    _home_options(command("home-curves", _home_curves, "train the curves that the Home page shows, and keep them"))
    return parser


def _training_options(command: Parser) -> None:
    from mnist_core.bench.training import CONTESTS

    command.add_argument(
        "--only", metavar="NAME[,NAME]", type=_contests, default=[], help=f"only these: {', '.join(CONTESTS)}"
    )
    command.add_argument("--rounds", metavar="N", type=_at_least_one, default=5, help="rounds of turns (5)")
    command.add_argument(
        "--device",
        choices=("cuda", "mps", "cpu"),
        help="training there, beside the same steps captured by hand, instead",
    )
    _data_option(command)
    command.add_argument("--chart", metavar="FILE", type=writable_file, help="write the figures as charts, in HTML")
    _json_option(command)


def _ui_options(command: Parser) -> None:
    command.add_argument("--clicks", metavar="N", type=_at_least_one, default=20, help="clicks with warm workers (20)")
    command.add_argument("--starts", metavar="N", type=_at_least_one, default=3, help="starts of the server (3)")
    _data_option(command, " (default: the built-in digits)")
    _json_option(command)


def _class_options(command: Parser) -> None:
    command.add_argument("--browsers", metavar="N", type=_at_least_one, default=60, help="browsers in all (60)")
    command.add_argument("--chromiums", metavar="N", type=int, default=3, help="real ones among them (3)")
    command.add_argument("--seconds", metavar="N", type=_at_least_one, default=60, help="for which they watch (60)")
    command.add_argument("--only", default="", help="one lesson: watching, at-once, among-long, round or start")
    _data_option(command, " (default: the built-in digits)")
    _json_option(command)


def _repeated_options(command: Parser, option: str, text: str) -> None:
    """Options of a benchmark that does one thing so often in the browser."""
    command.add_argument(option, metavar="N", type=_at_least_one, default=20, help=text)
    _data_option(command, " (default: the built-in digits)")
    _json_option(command)


def _one_run_options(command: Parser) -> None:
    _data_option(command, " (default: the built-in digits)")
    _json_option(command)


def _mnist_options(command: Parser) -> None:
    _data_option(command)
    _json_option(command)


def _sampled_options(command: Parser, count: int) -> None:
    """Options of a benchmark whose cases are drawn at random."""
    command.add_argument(
        "--cases", metavar="N", type=_at_least_one, default=count, help=f"drawn configurations ({count})"
    )
    command.add_argument("--seed", metavar="N", type=int, default=1, help="of the drawing (1)")
    _data_option(command)
    _json_option(command, "write each case as a line of JSON; those that it has are not tried again")


def _photo_options(command: Parser) -> None:
    command.add_argument("--each", metavar="N", type=_at_least_one, default=100, help="photos of each kind (100)")
    command.add_argument("--seed", metavar="N", type=int, default=1, help="of the photos (1)")
    command.add_argument("--only", metavar="WORD", default="", help="only kinds with this word in their name")
    command.add_argument(
        "--network", metavar="PRESET", type=_preset, default="lenet-fast", help="trained for it (lenet-fast)"
    )
    _data_option(command)
    _json_option(command)


def _home_options(command: Parser) -> None:
    _data_option(command)
    _json_option(command, "write them there (default: where the page reads them)")


def _data_option(command: Parser, default: str = "") -> None:
    command.add_argument("--data", metavar="DIR", type=Path, help=f"folder that has MNIST{default}")


def _json_option(command: Parser, text: str = "write the figures and all samples as JSON") -> None:
    command.add_argument("--json", metavar="FILE", type=writable_file, help=text)


def _training(options: argparse.Namespace) -> Report:
    from mnist_core.bench import training

    if options.device is not None:
        from mnist_core.bench import card

        return card.measure(options.device, rounds=options.rounds, data=options.data)
    return training.measure(only=options.only, rounds=options.rounds, data=options.data)


def _ui(options: argparse.Namespace) -> Report:
    from mnist_core.bench import ui

    return ui.measure(clicks=options.clicks, starts=options.starts, data=options.data)


def _class(options: argparse.Namespace) -> Report:
    from mnist_core.bench import class_room

    return class_room.measure(
        count=options.browsers, real=options.chromiums, seconds=options.seconds, data=options.data, only=options.only
    )


def _sliders(options: argparse.Namespace) -> Report:
    from mnist_core.bench import sliders

    return sliders.measure(moves=options.moves, data=options.data)


def _strokes(options: argparse.Namespace) -> Report:
    from mnist_core.bench import strokes

    return strokes.measure(strokes=options.strokes, data=options.data)


def _small_host(options: argparse.Namespace) -> Report:
    from mnist_core.bench import small_host

    return small_host.measure(options.data)


def _estimates(options: argparse.Namespace) -> Report:
    from mnist_core.bench import estimates

    return estimates.measure(options.data)


def _growth(_options: argparse.Namespace) -> Report:
    from mnist_core.bench import growth

    return growth.measure()


def _verdicts(options: argparse.Namespace) -> None:
    from mnist_core.bench import verdicts
    from mnist_core.data import load_dataset

    print(verdicts.run(options.cases, options.seed, load_dataset("mnist", options.data), options.json))


def _range_test(options: argparse.Namespace) -> None:
    from mnist_core.bench import range_test
    from mnist_core.data import load_dataset

    print(range_test.run(options.cases, options.seed, load_dataset("mnist", options.data), options.json))


def _photos(options: argparse.Namespace) -> None:
    from mnist_core.bench import photo_kinds, photos
    from mnist_core.data import load_dataset

    kinds = [kind for kind in photo_kinds.KINDS if options.only in kind]
    if not kinds:
        raise MnistLabError("No kind of photo has {word} in its name.", word=options.only)
    dataset = load_dataset("mnist", options.data)
    print(photos.run(options.each, options.seed, kinds, options.network, dataset, options.json))


def _home_curves(options: argparse.Namespace) -> None:
    from mnist_core.bench import home_curves
    from mnist_core.home_page.recorded import FILE

    recording = home_curves.record(options.data, options.json or FILE)
    for curve in recording.curves:
        print(f"rate {curve.rate:<6g} {curve.zone:<7} validation accuracy {curve.final:.3f}")


def _preset(text: str) -> str:
    from mnist_core import presets

    if text not in presets.PRESETS:
        raise argparse.ArgumentTypeError(f"there is no {text}; there are {', '.join(presets.PRESETS)}")
    return text


def _contests(text: str) -> list[str]:
    from mnist_core.bench.training import CONTESTS

    names = text.split(",")
    if unknown := [name for name in names if name not in CONTESTS]:
        raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}; there are {', '.join(CONTESTS)}")
    return names


def _at_least_one(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
