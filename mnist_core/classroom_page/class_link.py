"""What has a part of the console drawn anew: a change of the class, or what its runs come to."""

from __future__ import annotations

from functools import partial
from typing import Any

from mnist_core.ui import live_parts, session, watch


def draw(
    class_id: str, key: str, *, runs: bool = False, round_id: str | None = None, member_id: str | None = None
) -> None:
    """Let the fragment in which this stands follow the class, and with `runs` how many there are and what came of them, of one
    round or member where that is named.

    Runs are asked about once a second, in one small query for all who look: each of thirty that train has a new version several
    times a second, which the console does not show. To be called before the class is read: what changes meanwhile is drawn, too.
    """
    opened = session.store().classes.get(class_id)  # as it is now: a link to an earlier state would ask again and again
    if opened is not None:
        signature = partial(_signature, class_id, runs, round_id, member_id)
        name = (round_id, member_id)
        live_parts.link([opened], signature, key=key, name=name, pause=0.5, ticks=runs)


def _signature(class_id: str, runs: bool, round_id: str | None, member_id: str | None) -> Any:
    version = watch.class_version(class_id)
    if not runs or version is None:
        return version
    return [version, session.store().class_results.standing(class_id, round_id=round_id, member_id=member_id)]
