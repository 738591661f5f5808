"""What students may have at the same time, and how large a run may be: bounds by setting, each with a sentence.

Checked where something is put into the queue by its student, in the same transaction: what is new, and what goes on. What waits
already stays, whatever the settings say, and what was made to leave its worker comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from mnist_core import settings
from mnist_core.config import RunConfig
from mnist_core.errors import LimitError
from mnist_core.messages import N_
from mnist_core.networks.models import describe
from mnist_core.records import AnalysisKind
from mnist_core.store import weights_at_rest
from mnist_core.store.class_rows import check_member, class_of
from mnist_core.store.own_images import check_images, check_use
from mnist_core.store.rows import as_id, readable
from mnist_core.store.tables import analyses, runs, sweeps

READER = "reader"  # who looks at a page inside another page; no cookie has this name
# Kinds of analyses that are computed of a run's weights alone, and of what the student gives.
WITHOUT_IMAGES: frozenset[AnalysisKind] = frozenset({"attribution"})


def check_runs(connection: sa.Connection, owner: str, configs: Sequence[RunConfig]) -> None:
    """See that the student may put these runs into the queue. Raises LimitError."""
    _check_memory()
    _check_reader(owner)
    check_member(connection, owner)
    for config in set(configs):
        _check_size(config)
        check_images(connection, owner, config)
    guest = class_of(connection, owner) is None
    weights_at_rest.check_start(connection, owner, guest=guest)
    check_queue(connection, owner, len(configs), guest=guest)


def check_queue(connection: sa.Connection, owner: str, new: int, *, guest: bool) -> None:
    """See that so many more of the student's runs may wait; `guest`: they are no class's. Raises LimitError."""
    most = settings.limit("MNIST_LAB_STUDENT_RUNS")
    waiting = _count(connection, runs.c.owner == owner, runs.c.state == "queued")
    if waiting + new > most:
        raise LimitError(
            N_(
                "{waiting} of your runs are waiting, and at most {most} may wait. Stop or pause one of them, or try again when one has trained."
            )
            if new == 1
            else N_(
                "{waiting} of your runs are waiting, and at most {most} may wait. Stop some of them, or start these {new} later."
            ),
            waiting=waiting,
            most=most,
            new=new,
        )
    most = settings.limit("MNIST_LAB_GUEST_RUNS")
    if guest and _count(connection, runs.c.state == "queued", runs.c.class_id.is_(None)) + new > most:
        raise LimitError(
            N_(
                "The queue is full for browsers without a class: at most {most} of their runs may wait, all together. Enter your class's code on the Home page, or try again in a moment."
            ),
            most=most,
        )
    most = settings.limit("MNIST_LAB_QUEUE")
    if _count(connection, runs.c.state == "queued") + new > most:
        raise LimitError(
            N_("The queue is full: at most {most} runs of all students may wait. Try again in a moment."), most=most
        )


def _check_memory() -> None:
    if not settings.can_train():
        raise LimitError(
            N_(
                "This server has {available} MB of memory, and training needs {needed} MB. Nothing can be trained or computed here."
            ),
            available=settings.memory_bytes() // 10**6,
            needed=settings.LEAST_BYTES // 10**6,
        )


def _check_reader(owner: str) -> None:
    if owner == READER:
        raise LimitError(N_("Nothing can be started inside another page. Open it in MNIST Lab."))


def _check_size(config: RunConfig) -> None:
    most, parameters = settings.limit("MNIST_LAB_PARAMETERS"), describe(config).parameters
    if parameters > most:
        raise LimitError(
            N_(
                "This network has {parameters} parameters, and this server trains networks of at most {most}. Use fewer or smaller layers."
            ),
            parameters=f"{parameters:,}",
            most=f"{most:,}",
        )
    most = settings.limit("MNIST_LAB_EPOCHS")
    if config.epochs > most:
        raise LimitError(
            N_("This run has {epochs} epochs, and this server trains at most {most}. Set fewer epochs."),
            epochs=config.epochs,
            most=most,
        )


def check_sweeps(connection: sa.Connection, owner: str, but: str = "") -> None:
    """See that the student may start one more sweep, beside `but`. Raises LimitError."""
    most = settings.limit("MNIST_LAB_SWEEPS")
    active = sa.select(runs.c.group_id).where(runs.c.owner == owner, runs.c.state.in_(("queued", "running")))
    query = sa.select(sa.func.count()).select_from(sweeps).where(sweeps.c.id.in_(active), sweeps.c.id != but)
    if connection.execute(query).scalar_one() >= most:
        raise LimitError(
            N_(
                "At most {most} of your sweeps may wait or train at the same time. Wait for one to finish, or stop one."
            ),
            most=most,
        )


def check_analyses(connection: sa.Connection, owner: str, kind: AnalysisKind, parameters: Mapping[str, Any]) -> None:
    """See that the student may ask for one more analysis, and may use the images that it is computed with. Raises LimitError."""
    _check_memory()
    _check_reader(owner)
    if kind not in WITHOUT_IMAGES:
        for dataset in _datasets(connection, parameters):
            check_use(connection, owner, dataset)
    most = settings.limit("MNIST_LAB_ANALYSES")
    active = analyses.c.owner == owner, analyses.c.state.in_(("queued", "running"))
    if connection.execute(sa.select(sa.func.count()).select_from(analyses).where(*active)).scalar_one() >= most:
        raise LimitError(
            N_("At most {most} of your computations may wait or run at the same time. Wait for one to finish."),
            most=most,
        )


def _datasets(connection: sa.Connection, parameters: Mapping[str, Any]) -> set[str]:
    """The data sets that an analysis asks for by name, and those of the runs that it names: all kinds call them so."""
    ids = [as_id(str(one)) for one in (parameters.get("run", ""), *parameters.get("runs", ()))]
    named = connection.execute(sa.select(runs).where(runs.c.id.in_(ids)))
    return {str(parameters.get("dataset", "")), *(run.config.dataset for run in readable(named))}


def _count(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
    count: int = connection.execute(sa.select(sa.func.count()).select_from(runs).where(*conditions)).scalar_one()
    return count
