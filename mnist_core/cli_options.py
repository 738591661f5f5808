"""Words of a command line to options: a sentence with the likely name for what is none. Shared by every command."""

from __future__ import annotations

import argparse
import difflib
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

# What other programs call an option. Initials (`lr` for learning-rate) need no entry.
SYNONYMS = {
    "alpha": "learning-rate",
    "eta": "learning-rate",
    "batch": "batch-size",
    "patience": "early-stopping",
    "data-dir": "data",
    "folder": "data",
    "data-set": "dataset",
    "layers": "hidden-layers",
    "units": "hidden-layers",
    "channels": "filters",
    "eps": "epsilon",
    "gamma": "schedule-factor",
    "scheduler": "schedule",
    "init": "initialization",
    "gpu": "device",
    "cores": "threads",
    "output": "curves",
    "csv": "curves",
    "rates": "learning-rates",
}
LIKELY = 0.6  # likeness, 0 to 1, from which a name is suggested


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and where help is. An option is its whole name: half of one is misspelled."""

    own: Sequence[str] = ()  # options of other commands that this one decides by itself

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, which stumbles over `--name=--`: to it, `--` is no value."""
        for word in args or ():
            if word.startswith("--") and word.endswith("=--"):
                self.error(f"argument {word.partition('=')[0]}: expected a value, got --")
        return super().parse_known_args(args, namespace)

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """End with a sentence about the first word that is no option, with the likely one."""
        word = unknown[0].partition("=")[0]
        if word in self.own:
            self.error(f"{self.prog.rpartition(' ')[2]} sets {word} by itself: leave it out")
        options = [option for option, action in self._option_string_actions.items() if action.help != argparse.SUPPRESS]
        close = likely_option(word, options)
        self.error(f"there is no option {word}{f' (did you mean {close}?)' if close else ''}")

    def error(self, text: str) -> NoReturn:
        """End with exit status 2 and this sentence."""
        self.exit(2, f"{text[:1].upper()}{text[1:]}. For all options: {self.prog} --help\n")


def likely_option(word: str, options: Iterable[str]) -> str | None:
    """Which of the `options` (with their dashes) was meant by `word`; None where none is like it."""
    names = {option.lstrip("-"): option for option in options if option.startswith("--")}
    name = word.lstrip("-").replace("_", "-").lower()
    initials = {"".join(part[:1] for part in full.split("-")): full for full in reversed(names) if "-" in full}
    for guess in (name, SYNONYMS.get(name), initials.get(name)):
        if guess in names:
            return names[guess]
    # Names that go on where the word ends, or the reverse, before those that merely share letters with it.
    prefixed = [full for full in names if len(name) > 2 and (full.startswith(name) or name.startswith(full))]
    close = difflib.get_close_matches(name, prefixed, n=1, cutoff=0) or difflib.get_close_matches(
        name, names, n=1, cutoff=LIKELY
    )
    return names[close[0]] if close else None


def writable_file(text: str) -> Path:
    """An argparse type: a file that can be written, tried before the work whose result goes into it.

    A file that is there stays as it is; one that is not is not left behind.
    """
    path = Path(text)
    try:
        if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            return path  # a pipe or a device, which may be opened only once
        missing = False
    except FileNotFoundError:
        missing = True
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(_cannot_be_written(text, error)) from None
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666))
        if missing:
            path.unlink()
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(_cannot_be_written(text, error)) from None
    return path


def _cannot_be_written(text: str, error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{text!r} cannot be written ({reason}); name another file"
