"""Every error that the project raises on purpose, each a sentence with the next step to take.

MnistLabError
├── ConfigError           a RunConfig that cannot be: all problems at once
├── DataError
│   ├── DataMissingError  the data set is not on this machine
│   ├── DataFileError     a file is truncated, corrupt or not what its name says
│   └── DataFolderError   a folder cannot be read or written
├── StoreError
│   ├── StoreUnavailableError  corrupt, from a newer version, not to be had at all
│   │   └── TransientStoreError  locked, full, read-only, its server stopped: it passes, and runs wait
│   ├── LeaseLostError         another cluster serves the store
│   ├── ClassError             a wrong code, a nickname that is taken, a class that is gone
│   │   ├── NotTeacherError    what only the teacher of a class may do
│   │   └── RoundError         what the round of a class does not leave free
│   ├── RunNotFoundError
│   └── RunUnreadableError     its settings are another version's
├── LessonError           a lesson's file that cannot be: all problems at once, with their lines
├── AnalysisError         an analysis that is asked with what cannot be, or whose result is another version's
├── CheckpointError       a checkpoint that is missing or does not fit the run
├── InitialValueError     a control of a panel that cannot begin with what it was given
├── BackupError           a backup that cannot be made, read or restored
└── JobsError             the local cluster cannot start
"""

from __future__ import annotations

import copyreg
import errno
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mnist_core.messages import N_, Message, joined


class MnistLabError(Exception):
    """An error with a translatable sentence (`message`); `str()` gives it in English."""

    def __init__(self, template: str, **values: Any) -> None:
        self.message = Message(template, values)
        super().__init__(str(self.message))

    def __reduce__(self) -> tuple[Any, ...]:
        """Between processes an error travels as it is, without being made anew from its English sentence."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


# What Linux says of the errors that a server's owner meets. Who reads another language is told in it.
_REASONS = {
    errno.EACCES: N_("Permission denied"),
    errno.EPERM: N_("Operation not permitted"),
    errno.ENOENT: N_("No such file or directory"),
    errno.ENOTDIR: N_("Not a directory"),
    errno.EISDIR: N_("Is a directory"),
    errno.ENOSPC: N_("No space left on device"),
    errno.EDQUOT: N_("Disk quota exceeded"),
    errno.EROFS: N_("Read-only file system"),
    errno.EIO: N_("Input/output error"),
    errno.ENODEV: N_("No such device"),
    errno.ESTALE: N_("Stale file handle"),
    errno.EMFILE: N_("Too many open files"),
    errno.ENAMETOOLONG: N_("File name too long"),
    errno.ETIMEDOUT: N_("Connection timed out"),
    errno.EBUSY: N_("Device or resource busy"),
    errno.EAGAIN: N_("Resource temporarily unavailable"),
    errno.EEXIST: N_("File exists"),
    errno.ENOTEMPTY: N_("Directory not empty"),
    errno.ELOOP: N_("Too many levels of symbolic links"),
    errno.EFBIG: N_("File too large"),
    errno.ENFILE: N_("Too many open files in system"),
    errno.ENOMEM: N_("Cannot allocate memory"),
    errno.ENXIO: N_("No such device or address"),
    errno.ENETDOWN: N_("Network is down"),
    errno.ENETUNREACH: N_("Network is unreachable"),
    errno.ENOTCONN: N_("Transport endpoint is not connected"),
    errno.EHOSTDOWN: N_("Host is down"),
    errno.EHOSTUNREACH: N_("No route to host"),
}
_AS_IT_CAME = "{details}"  # in another program's words, which pages leave to the log


def system_number(error: BaseException | None) -> int | None:
    """The number of the operating system's error; safetensors says it in its sentence."""
    number: int | None = getattr(error, "errno", None)
    if number is None and (match := re.search(r"os error (\d+)", str(error))):
        number = int(match[1])
    return number


def system_reason(error: BaseException) -> Message:
    """What the operating system, or who raised it, says of an error: for the field `reason` of a sentence."""
    number = system_number(error)
    if number in _REASONS:
        return Message(_REASONS[number])
    return Message(_AS_IT_CAME, {"details": getattr(error, "strerror", None) or str(error)})


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one field of a configuration."""

    field: str
    message: Message


class InitialValueError(MnistLabError):
    """A control of a panel cannot begin with the value that was given for it."""


class ConfigError(MnistLabError):
    """A configuration that cannot be; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            N_("These settings cannot be used: {problems}"),
            problems=str(joined([problem.message for problem in self.problems])),
        )


@dataclass(frozen=True)
class LineProblem:
    """What is wrong in one line of a file, from 1; 0: with the file as a whole."""

    line: int
    message: Message

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else str(self.message)


class LessonError(MnistLabError):
    """A lesson that cannot be; `problems` lists everything that is wrong with its file, in the order of the lines."""

    def __init__(self, problems: Sequence[LineProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            N_("This lesson cannot be used: {problems}"), problems=" ".join(str(problem) for problem in self.problems)
        )


class DataError(MnistLabError):
    """Something about a data set."""


class DataMissingError(DataError):
    """The data set is not on this machine (yet)."""


class DataFileError(DataError):
    """A file is truncated, corrupt or not what its name says."""


class DataFolderError(DataError):
    """A folder cannot be read or written."""


class ImportedFileError(MnistLabError):
    """A file to be imported is no run, or damaged."""


class StoreError(MnistLabError):
    """Something about the store of runs."""


class StoreUnavailableError(StoreError):
    """The store cannot be used: corrupt, from a newer version, or out of reach (then a TransientStoreError)."""


class TransientStoreError(StoreUnavailableError):
    """The store is out of reach for a reason that passes: locked, full, not writable, its server stopped."""


class DeadlockError(TransientStoreError):
    """A transaction was given up because it and another waited for each other: nothing of it was done, and it may be tried again."""


class LeaseLostError(StoreError):
    """Another cluster has taken the store over: what this one would write is refused."""


class LimitError(StoreError):
    """More than a student may have at the same time, or a larger run than this server trains."""


class ClassError(StoreError):
    """A wrong code or password, a nickname that cannot be, a class or member that is not there."""


class NotTeacherError(ClassError):
    """Only the teacher of a class may do this, and whoever asked has not shown that he is."""


class RoundError(ClassError):
    """A run that the round of a class does not allow, or a round that is gone or over."""


class LessonRefusedError(StoreError):
    """A lesson that is gone, or is somebody else's, or what cannot be kept of one."""


class OwnImagesError(StoreError):
    """Images of one's own that are gone, or are somebody else's, or cannot be kept."""


class RunNotFoundError(StoreError):
    """No run has this id."""


class RunUnreadableError(StoreError):
    """The settings of a run are none for this version of the program."""


class TrainingError(MnistLabError):
    """Training could not be done."""


class DeviceError(TrainingError):
    """A device to train on that is not there."""


class AnalysisError(MnistLabError):
    """An analysis that is asked with what cannot be, or whose result is another version's."""


class CheckpointError(MnistLabError):
    """A checkpoint that is missing or does not fit its run."""


class BackupError(MnistLabError):
    """A backup cannot be made, read or restored. Its sentences are the command line's: English only."""


class JobsError(MnistLabError):
    """The local cluster cannot start or has stopped."""
