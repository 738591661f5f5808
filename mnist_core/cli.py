"""The command line: `python -m mnist_core app|train|sweep|range-test|lesson|data|backup|restore|bench`.

Exit status: 0 done, 1 something outside the options failed (data, disk), 2 options that cannot be. Errors are
sentences on standard error. With --json the last line of standard output is one JSON object.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import runpy
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mnist_core
from mnist_core import old_names, settings
from mnist_core.cli_options import Parser, writable_file
from mnist_core.config import FIELDS, SETTINGS, RunConfig, choices, parse_field
from mnist_core.errors import ConfigError, MnistLabError, Problem, system_reason
from mnist_core.image_sets import DOWNLOADABLE
from mnist_core.messages import N_, first_of, measured_text, message, number_text
from mnist_core.presets import PRESETS, preset

if TYPE_CHECKING:
    from mnist_core.training import Result, Trainer

MOST_THREADS = 256  # torch starts as many as it is told, and fails where the system has no more
# What a range test decides by itself.
SET_BY_RANGE_TEST = (
    "learning_rate",
    "schedule",
    "schedule_epochs",
    "schedule_factor",
    "epochs",
    "early_stopping",
    "stop_when_not_finite",
    "sharpness",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a console may lack a letter of a sentence or a file's name
    try:
        status = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read the output wants no more of it. What is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def program() -> int:
    """The command `mnist-lab`: without words it opens the app."""
    return main(sys.argv[1:] or ["app"])


def _run(words: Sequence[str]) -> int:
    if words[:1] == ["bench"]:
        from mnist_core.bench import main as bench

        status: int = bench(words[1:])
        return status
    if words[:1] == ["app"]:
        return _open_app(words[1:])
    options, unknown = _parser(words[:1] == ["lesson"]).parse_known_args(words)
    if unknown:
        options.parser.refuse(unknown)
    try:
        return int(options.command(options))
    except ConfigError as error:
        for sentence in first_of([problem.message for problem in error.problems]):
            print(sentence, file=sys.stderr)
        return 2
    except MnistLabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _open_app(words: Sequence[str]) -> int:
    """Start the app as `streamlit run app.py` does, with Streamlit's own options behind it."""
    sys.argv = ["streamlit", "run", str(settings.APP / "app.py"), *words]
    try:
        runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _parser(for_lessons: bool) -> argparse.ArgumentParser:
    """All commands; what reads lessons is loaded for those alone."""
    program = Path(sys.argv[0]).stem
    parser = Parser(
        prog=program if program == "mnist-lab" else "python -m mnist_core",
        description="Train small networks on handwritten digits.",
    )
    parser.add_argument("--version", action="version", version=mnist_core.__version__)
    commands = parser.add_subparsers(
        required=True, metavar="app|train|sweep|range-test|lesson|data|backup|restore|bench", parser_class=Parser
    )
    commands.add_parser("app", help="open the app; options behind it are Streamlit's")
    _train_options(commands.add_parser("train", help="run one experiment"))
    _sweep_options(commands.add_parser("sweep", help="run one experiment at many learning rates, together"))
    _range_test_options(commands.add_parser("range-test", help="find a learning rate: one short run whose rate rises"))
    lesson = commands.add_parser("lesson", help="check the files of lessons")
    if for_lessons:
        _lesson_options(lesson)
    _data_options(
        commands.add_parser("data", help="say which data are here, fetch data sets, draw the built-in digits")
    )
    _backup_options(
        commands.add_parser("backup", help="write runs, curves and weights to one file; the app may be in use")
    )
    _restore_options(commands.add_parser("restore", help="put such a file back, into a home that has no runs"))
    commands.add_parser("bench", help="measure; see python -m mnist_core bench --help")
    return parser


def _train_options(parser: Parser) -> None:
    parser.set_defaults(command=_train, parser=parser)
    parser.add_argument("--curves", metavar="FILE", type=writable_file, help="write the evaluations as CSV")
    _run_options(parser)


def _sweep_options(parser: Parser) -> None:
    parser.set_defaults(command=_sweep, parser=parser)
    parser.add_argument(
        "--learning-rates", metavar="RATES", required=True, help="the rates, with commas between them: 0.1,0.5,1.5"
    )
    parser.add_argument("--seeds", metavar="SEEDS", default="", help="seeds of the weights (default: the experiment's)")
    _run_options(parser, without=("learning_rate",))


def _range_test_options(parser: Parser) -> None:
    parser.set_defaults(command=_range_test, parser=parser)
    parser.own = tuple(_option(name) for name in SET_BY_RANGE_TEST)
    _run_options(parser, without=SET_BY_RANGE_TEST)


def _run_options(parser: Parser, without: Sequence[str] = ()) -> None:
    parser.add_argument("--preset", metavar="NAME", help=f"start from an experiment: {', '.join(PRESETS)}")
    parser.add_argument("--variant", metavar="NAME", help="only this variant of the experiment")
    parser.add_argument(
        "--data", metavar="DIR", type=Path, help="folder that has the images, in torchvision's layout or as four files"
    )
    parser.add_argument(
        "--threads", metavar="N", type=int, help="threads for training (default: as many as are of use)"
    )
    parser.add_argument(
        "--device", metavar="NAME", help="auto, cpu, cuda or mps (default: MNIST_LAB_DEVICE, else auto)"
    )
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object on the last line")
    group = parser.add_argument_group("settings of the run (defaults: the preset's)")
    for name in FIELDS:
        if name not in without:
            metavar = "|".join(choices(name)) or name.upper()
            group.add_argument(_option(name), dest=f"field_{name}", metavar=metavar, help=_help(name))
    for old, name in old_names.SETTINGS.items():
        if name not in without:
            group.add_argument(_option(old), dest=f"field_{name}", help=argparse.SUPPRESS)


def _help(name: str) -> str:
    """What a setting is, and its range, in a line; % is argparse's own sign."""
    setting = SETTINGS[name]
    ends = (
        ""
        if setting.allowed is None
        else f", {number_text(setting.allowed.minimum)} to {number_text(setting.allowed.maximum)}"
    )
    return f"{setting.title}{ends}{' each, such as 128-64' if setting.layers else ''}".replace("%", "%%")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _lesson_options(parser: Parser) -> None:
    from mnist_core.cli_lesson import add_commands

    add_commands(parser)


def _data_options(parser: Parser) -> None:
    parser.set_defaults(command=_data, parser=parser)
    names = ", ".join(DOWNLOADABLE)
    parser.add_argument(
        "--download",
        metavar="NAME",
        nargs="?",
        const="mnist",
        choices=DOWNLOADABLE,
        help=f"fetch a data set if it is not here: {names} (default: mnist)",
    )
    parser.add_argument("--built-in", action="store_true", help="draw the built-in digits if they are not here")
    parser.add_argument("--data", metavar="DIR", type=Path, help="look for images in this folder")


def _backup_options(parser: Parser) -> None:
    parser.set_defaults(command=_backup, parser=parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="a new file; who has it has all students' runs")


def _restore_options(parser: Parser) -> None:
    parser.set_defaults(command=_restore, parser=parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="a backup; it stays as it is")


def _backup(options: argparse.Namespace) -> int:
    from mnist_core import backup

    result = backup.make(options.file)
    print(f"{result.runs} runs, {result.files} files of weights ({result.bytes / 1e6:,.1f} MB): {options.file}")
    if result.restarting:
        print(f"Without a checkpoint that fits, so that they begin anew after a restore: {result.restarting}.")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from mnist_core import backup

    result = backup.restore(options.file)
    print(f"{result.runs} runs, {result.files} files of weights ({result.bytes / 1e6:,.1f} MB) restored.")
    if result.waiting:
        print(f"In the queue, since they were training: {result.waiting}. They go on when the app is started.")
    return 0


def _range_test(options: argparse.Namespace) -> int:
    _check(options)
    config = _single_config(options)
    from mnist_core.training import range_test

    start = time.perf_counter()
    reading = range_test(config, data=options.data, threads=options.threads, device=options.device)
    seconds = time.perf_counter() - start
    if options.json:
        suggestions = {suggestion.kind: suggestion.rate for suggestion in reading.suggestions}
        values = {"best": reading.best, "breaks": reading.breaks, "sentence": str(reading.said())}
        print(json.dumps({"suggestions": suggestions, **values, "seconds": seconds}))
        return 0
    print(reading.said())
    for suggestion in reading.suggestions:
        print(f"{number_text(suggestion.rate, 2)}: {suggestion.reason}")
    return 0


def _single_config(options: argparse.Namespace) -> RunConfig:
    """The configuration that is asked for. Raises ConfigError where the experiment has several."""
    configs = _configs(options)
    if len(configs) > 1:
        labels = ", ".join(configs)
        raise ConfigError([Problem("variant", message(N_("Choose one with --variant: {known}."), known=labels))])
    (config,) = configs.values()
    return config


def _train(options: argparse.Namespace) -> int:
    _check(options)
    configs = _configs(options)
    unwritten: list[MnistLabError] = []
    results = {label: _train_one(config, label, options, unwritten) for label, config in configs.items()}
    outputs = [_json(result, label) for label, result in results.items()]
    if options.json:
        print(json.dumps(outputs[0] if len(outputs) == 1 else {"preset": options.preset, "runs": outputs}))
    for error in unwritten:
        print(error, file=sys.stderr)
    return 1 if unwritten else 0


def _sweep(options: argparse.Namespace) -> int:
    _check(options)
    config = _single_config(options)
    rates = [parse_field("learning_rate", text) for text in options.learning_rates.split(",") if text.strip()]
    seeds = [parse_field("seed", text) for text in options.seeds.split(",") if text.strip()]
    from mnist_core.training import sweep

    result = sweep(
        config,
        rates,
        seeds=seeds,
        data=options.data,
        threads=options.threads,
        device=options.device,
        on_progress=_bar("Training"),
    )
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if options.json:
        print(json.dumps({"seconds": result.seconds, "runs": [_json(run, "") for run in result.runs]}))
        return 0
    for run in result.runs:
        seed = f", seed {run.config.seed}" if len(seeds) > 1 else ""
        print(f"rate {number_text(run.config.learning_rate)}{seed}: {_line(run)}")
    print(f"{result.seconds:.1f} s in all")
    return 0


def _check(options: argparse.Namespace) -> None:
    """Raises ConfigError for what cannot be, or would be passed over in silence, beside the settings of the run."""
    problems = []
    if options.threads is not None and not 1 <= options.threads <= MOST_THREADS:
        template = N_("threads must be from 1 to {most}, not {n}.")
        problems.append(Problem("threads", message(template, most=MOST_THREADS, n=options.threads)))
    if options.variant is not None and options.preset is None:
        template = N_("--variant {name} belongs to an experiment. Name the experiment with --preset.")
        problems.append(Problem("variant", message(template, name=options.variant)))
    if problems:
        raise ConfigError(problems)


def _configs(options: argparse.Namespace) -> dict[str, RunConfig]:
    """Label and configuration of every run that is asked for. Raises ConfigError with all problems."""
    changes: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in FIELDS:
        text = getattr(options, f"field_{name}", None)
        if text is not None:
            try:
                changes[name] = parse_field(name, text)
            except ConfigError as error:
                problems += error.problems
    if options.preset is None:
        bases = {"": RunConfig()}
    else:
        experiment = preset(options.preset)
        labels = [options.variant] if options.variant else list(experiment.variants)
        bases = {label: experiment.variant(label) for label in labels} or {"": experiment.config}
    try:
        configs = {label: base.replace(**changes) for label, base in bases.items()}
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from None
    if problems:
        raise ConfigError(problems)
    return configs


def _train_one(config: RunConfig, label: str, options: argparse.Namespace, unwritten: list[MnistLabError]) -> Result:
    """Train, write the curves and print the result. A file that cannot be written is no reason to lose the result."""
    from mnist_core.data import load_dataset
    from mnist_core.training import train

    dataset = load_dataset(config.dataset, options.data)
    show = sys.stderr.isatty()
    result = train(
        config, dataset, threads=options.threads, device=options.device, on_progress=_progress if show else None
    )
    if show:
        print(file=sys.stderr)
    if options.curves is not None:
        try:
            _write_curves(result, options.curves, label)
        except MnistLabError as error:
            unwritten.append(error)
    if not options.json:
        print(f"{label + ': ' if label else ''}{_line(result)}, {result.seconds:.1f} s")
    return result


def _line(result: Result) -> str:
    values = result.result
    accuracies = f"test accuracy {values['test_accuracy']:.4f}, training accuracy {values['train_accuracy']:.4f}"
    return f"{result.outcome} ({values['verdict']}), {accuracies}"


def _write_curves(result: Result, file: Path, label: str) -> None:
    from mnist_core.exchange import evaluations_csv
    from mnist_core.records import EVALUATION_DTYPE, Curves

    target = file.with_stem(f"{file.stem}-{label}") if label else file
    try:
        rows = result.evaluations.to_records(index=False).astype(EVALUATION_DTYPE)
        target.write_bytes(evaluations_csv(Curves(evaluations=rows)))
    except OSError as error:
        raise MnistLabError(
            N_("The curves cannot be written to {file} ({reason}). Choose another file."),
            file=str(target),
            reason=system_reason(error),
        ) from error


def _progress(trainer: Trainer) -> None:
    fraction = trainer.step / trainer.total_steps
    bar = "█" * round(30 * fraction)
    loss = trainer.state.last_finite_loss
    print(
        f"\r{bar:<30} {fraction:4.0%}  epoch {trainer.epoch:.1f}  step {trainer.step:,} of {trainer.total_steps:,}  "
        f"loss {measured_text(loss, 4)} ",
        end="",
        file=sys.stderr,
        flush=True,
    )


def _json(result: Result, label: str) -> dict[str, Any]:
    output: dict[str, Any] = {"variant": label} if label else {}
    output |= {name: _finite(value) for name, value in result.result.items()}
    output["epochs_running"] = {
        name: [_finite(value) for value in result.epochs[name].tolist()] for name in ("loss", "accuracy")
    }
    return output | {"learning_rate": result.config.learning_rate, "config": result.config.to_dict()}


def _finite(value: Any) -> Any:
    """NaN and infinity have no place in strict JSON."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _data(options: argparse.Namespace) -> int:
    from mnist_core import data
    from mnist_core.data.datasets import find

    if options.built_in:
        data.ensure_built_in(_bar("Drawing"))
    if options.download:
        data.ensure_downloaded(options.download, _bar("Downloading"))
    for name, title in data.TITLES.items():
        folder = None if name == "built-in" else options.data
        is_here = data.available(name, folder)
        if is_here or name in data.DOWNLOADS or name == "built-in":
            print(f"{title}: {f'here, in {find(name, folder)}' if is_here else 'not here'}")
    if options.data is None and (trouble := data.trouble()) is not None:
        print(trouble, file=sys.stderr)
        return 1
    if options.data is not None and not any(data.available(name, options.data) for name in data.TITLES):
        data.load_dataset("mnist", options.data)
    return 0


def _bar(word: str) -> Any:
    if not sys.stderr.isatty():
        return None

    def show(done: float, total: float = 1) -> None:
        print(f"\r{word} {done / max(1, total):4.0%} ", end="", file=sys.stderr, flush=True)

    return show
