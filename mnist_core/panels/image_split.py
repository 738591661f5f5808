"""The images that a run is asked about. Every panel that shows or names some asks here which part they are of.

Where it is tested: images that it was not trained on, and test images only while these are not sealed. Where it is looked
into: `data.analysis_split`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from mnist_core import data
from mnist_core.diagnostics.gap import test_images
from mnist_core.messages import N_
from mnist_core.records import Run, Split
from mnist_core.schedule import TRAIN_EVALUATED, evaluated_images
from mnist_core.ui import seal
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

Part = Literal["validation", "test"]
PARTS: dict[Part, str] = {"validation": N_("Validation"), "test": N_("Test")}


def parts(run: Run) -> list[Part]:
    """What the run can be tested with now."""
    available = {"validation": run.config.validation_size > 0, "test": not seal.sealed()}
    return [part for part in PARTS if available[part]]


def choose(panel: Panel, run: Run, key: str) -> Part | None:
    """The part that is chosen, by a switch of this `key`; None where there is none to ask about."""
    available = parts(run)
    if not available:
        return None
    if panel.session.get(key) not in available:
        panel.session.pop(key, None)
    return panel.one_of(key, _("Images"), {part: PARTS[part] for part in available}, available[0], titled=False)


def images(run: Run, part: Split) -> data.Part:
    """The images of the part, with their labels."""
    split = data.split(data.load_dataset(run.config.dataset), run.config)
    images_of_part: data.Part = getattr(split, part)
    return images_of_part


def counted(part: Split, n: int) -> str:
    """`1,000 validation images`, `100 images that it was trained on`."""
    words = {
        "validation": ngettext("{n} validation image", "{n} validation images", n),
        "train": ngettext("{n} training image", "{n} training images", n),
        "test": ngettext("{n} test image", "{n} test images", n),
    }
    return words[part].format(n=f"{n:,}")


def measured_on(run: Run) -> str | None:
    """Why the last points of the curves are not the figures of the end; None where they are."""
    images, config = evaluated_images(run.config), run.config
    whole: dict[Split, int] = {
        "train": min(config.train_size, TRAIN_EVALUATED),
        "validation": config.validation_size,
        "test": test_images(config, run.result),
    }
    shown: dict[Split, int] = {name: n for name, n in whole.items() if run.result.get(f"{name}_accuracy") is not None}
    if run.outcome == "stopped" or images >= max(shown.values(), default=0):
        return None
    if images <= min(shown.values()):
        text = _(
            "These accuracies are measured on {sets}, the curves on the first {n} images of each set, so that training is not held up."
        )
    else:
        text = _(
            "These accuracies are measured on {sets}, the curves on the first images of each set ({parts}), so that training is not held up."
        )
    parts = {name: min(n, images) for name, n in shown.items()}
    return text.format(sets=_counted(shown), parts=_counted(parts), n=f"{images:,}")


def _counted(sets: Mapping[Split, int]) -> str:
    return ", ".join(counted(name, n) for name, n in sets.items())
