"""The near end of a contestant's process: start it, tell it to work, read its answers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnist_core import settings
from mnist_core.bench.work import Work

ROOT = settings.APP


@dataclass(frozen=True)
class Answer:
    """One round of one contestant."""

    seconds: float
    updates: int
    accuracy: float | None  # on the test images, 0 to 1
    bytes: int  # memory that its process has for itself

    @property
    def per_update(self) -> float:
        """Seconds per update."""
        return self.seconds / self.updates


@dataclass
class Entry:
    """One contestant's entry in a contest: its work, and its answers so far, or why there are none."""

    work: Work
    versions: dict[str, str] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    absent: str = ""  # why it takes no part: "not installed", "failed: …"


class Process:
    """A process for some works, which it does one at a time. A context manager; at its end the process is gone."""

    def __init__(self, works: Sequence[Work], folder: Path) -> None:
        self.entries = [Entry(work) for work in works]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mnist_core.bench.contestant", str(folder), *(work.to_json() for work in works)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # TensorFlow talks
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    def wait_ready(self) -> None:
        """Wait until every work is prepared and warmed up, or is known to take no part."""
        for entry in self.entries:
            reply = self._read()
            entry.versions = reply.get("versions", {})
            entry.absent = reply.get("absent", "")

    def ask(self, index: int, number: int) -> None:
        """Tell it to do the work at `index` for the round `number`; returns at once."""
        assert self._process.stdin is not None
        with suppress(OSError):  # it is gone: the answer says so
            print(json.dumps({"work": index, "round": number}), file=self._process.stdin, flush=True)

    def answer(self, index: int) -> Answer | None:
        """Wait for the answer, and keep it; None where it failed, as the entry then says."""
        reply = self._read()
        entry = self.entries[index]
        if "absent" in reply:
            entry.absent = reply["absent"]
            return None
        entry.answers.append(Answer(**reply))
        return entry.answers[-1]

    def end(self) -> None:
        """End the process and wait for it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()  # it keeps nothing that could be lost
        self._process.wait()
        self._process.stdout.close()
        with suppress(OSError):  # what was not read by then
            self._process.stdin.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"absent": "failed: its process ended"}
        return answer
