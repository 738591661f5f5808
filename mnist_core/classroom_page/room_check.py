"""Check the room: whether a lesson will go, on one screen, each line with what to do where it will not."""

from __future__ import annotations

import shutil
from pathlib import Path

import streamlit as st

from mnist_core import data, estimate, settings
from mnist_core.classroom_page import reach
from mnist_core.estimate import Speed
from mnist_core.presets import PRESETS
from mnist_core.ui import data_note, names, session
from mnist_core.ui.texts import _

STUDENTS = 60
LEAST_DISK, LEAST_MEMORY = 2 << 30, 1 << 30  # bytes free, below which a lesson may not go through
# File systems that are gone with the container or at the next start.
_PASSING = ("overlay", "tmpfs", "ramfs", "aufs")


def draw(address: str | None) -> None:
    """The lines; a fragment, drawn anew by its button."""
    for is_well, text in (_address(address), _data(), _workers(), _disk(), _memory()):
        _line(is_well, text)
    _time()
    if _forgets():
        _line(
            False,
            _(
                "This host forgets everything when it restarts or sleeps: the home folder lies on a disk that goes with it. Export what you want to keep."
            ),
        )
    st.button(_("Check again"), key="check_again", icon=":material/refresh:")


def _line(is_well: bool, text: str) -> None:
    st.markdown(f":green[:material/check_circle:] {text}" if is_well else f":orange[:material/warning:] {text}")


def _address(address: str | None) -> tuple[bool, str]:
    if address is None:
        return False, _("This computer is in no network. Connect it, then check again.")
    if reach.listens_for_itself_alone():
        return False, _("The server hears this computer alone. Start it without `server.address`.")
    return True, _("Students reach it at {address}.").format(address=f"`{address}`")


def _data() -> tuple[bool, str]:
    name = data_note.dataset()
    if not data.available(name):
        return False, _("The images are not here yet.")
    if name == "built-in":
        return False, _("Data: the built-in digits, not MNIST. The Data page tells how to get MNIST.")
    return True, _("Data: {name}.").format(name=data_note.title(name))


def _workers() -> tuple[bool, str]:
    cluster = session.store().facts.get("cluster") or {}
    ready = int(cluster.get("workers") or 0)
    if not ready or ready < int(cluster.get("slots") or 0):
        return False, _("The training processes are still starting. This takes up to a minute.")
    return True, _("Training processes ready: {n}.").format(n=ready)


def _disk() -> tuple[bool, str]:
    free = shutil.disk_usage(_existing(settings.checkpoint_folder())).free
    return free >= LEAST_DISK, _("Free disk: {size} GB.").format(size=f"{free / 2**30:.1f}")


def _memory() -> tuple[bool, str]:
    import psutil

    free = min(psutil.virtual_memory().available, settings.memory_bytes())
    return free >= LEAST_MEMORY, _("Free memory: {size} GB.").format(size=f"{free / 2**30:.1f}")


def _time() -> None:
    """How long sixty runs of a preset will take."""
    titles = {name: _(preset.title) for name, preset in PRESETS.items()}
    preset = st.selectbox(
        _("If {n} students start this experiment together").format(n=STUDENTS),
        list(titles),
        format_func=titles.__getitem__,
        key="check_preset",
    )
    store = session.store()
    workers = (store.facts.get("cluster") or {}).get("slots") or settings.worker_count()
    speed = Speed.from_dict(store.facts.get("speed"))
    seconds = estimate.estimate_sweep(PRESETS[preset].config, STUDENTS, speed, int(workers))
    alone = estimate.estimate_seconds(PRESETS[preset].config, speed)
    st.markdown(
        _("All have finished after about **{all}**. One run alone takes {alone}.").format(
            all=names.duration(seconds), alone=names.duration(alone)
        )
    )


def _forgets() -> bool:
    """Whether the store lies on a file system that does not last."""
    import psutil

    if not settings.store_url().startswith("sqlite"):
        return False
    place = _existing(settings.home()).resolve()
    kinds = {Path(disk.mountpoint): disk.fstype for disk in psutil.disk_partitions(all=True)}
    mounted = [folder for folder in (place, *place.parents) if folder in kinds]
    return bool(mounted) and kinds[mounted[0]] in _PASSING


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())
