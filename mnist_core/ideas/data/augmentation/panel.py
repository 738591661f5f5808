"""Augmentation: the same digit shifted, rotated and bent, as strongly as the slider says."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from mnist_core.analysis.augmentation.schema import Parameters, Result
from mnist_core.config import DatasetName
from mnist_core.data import augment
from mnist_core.figures.digits import image_sheet
from mnist_core.messages import N_, number_text
from mnist_core.panels import analysis_panel
from mnist_core.panels.analysis_panel import Computed
from mnist_core.ui import data_note, frame, lesson, names
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

NAMES: dict[augment.Kind, str] = {
    "shift": N_("Shift"),
    "rotate": N_("Rotate"),
    "elastic": N_("Elastic"),
    "all": N_("All together"),
}
START = 2  # strength


def draw(panel: Panel, name: DatasetName | None = None) -> None:
    """The images, computed in the background once for all strengths; the code, an experiment."""
    if (name := data_note.chosen(name)) is None:
        return
    lesson.look_at(
        _(
            "Augmentation shows a network each image a little different every time, so that few images do the work of many. Raise the strength: it helps as long as you can still tell what the image shows, but a 6 turned into a 9 teaches nonsense."
        )
    )
    seed = int(panel.session.get("seed", 0))
    analysis = analysis_panel.find_or_start(Parameters(dataset=name, seed=seed))
    analysis_panel.draw(panel, analysis.id, partial(_show, panel, name))
    panel.button("others", _("Show other images"), "shuffle", _draw_again, panel)
    lesson.code(panel, augment.limits, augment.transform, augment.augmented)
    lesson.experiment(
        "overfit-and-stop",
        _("Where augmentation helps: a wide network soon memorizes 1,000 images."),
    )


def _show(panel: Panel, name: DatasetName, computed: Computed[Parameters, Result]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        kind = panel.one_of("kind", _("Transform"), NAMES, "shift", wrap=True)
        strength = panel.slider("strength", _("Strength"), 0, augment.STRENGTHS[-1], START, width=320)
    transformed, originals = computed.result.of(kind), computed.result.originals
    # A row for each class: itself, then what the transform made of it.
    sheet = np.concatenate([originals[:, None], transformed[:, strength]], axis=1)
    classes = names.classes(name)
    chosen = panel.several_of(
        "digits", _("Classes"), range(len(classes)), (2, 4, 6, 7, 9), wrap=True, format_func=names.class_title(classes)
    )
    rows = sorted(chosen) or list(range(len(classes)))
    st.image(image_sheet(sheet[rows].reshape(-1, 28, 28), columns=sheet.shape[1], scale=4), width=900)
    st.caption(
        _("Each row starts with the original image, followed by {count} transformed versions.").format(
            count=augment.DRAWS
        )
        + " "
        + _amounts(kind, strength)
    )


def _amounts(kind: augment.Kind, strength: int) -> str:
    parts = augment.limits(kind, strength)
    texts = {
        "shift": ngettext(
            "Shift: at most {amount} pixel each way.",
            "Shift: at most {amount} pixels each way.",
            1 if parts.get("shift") == 1 else 2,  # half a pixel is several
        ),
        "rotate": _("Rotation: at most {amount}° each way."),
        "elastic": _("Elastic: a smooth random field bends the strokes, alpha {amount}, sigma 4."),
    }
    return " ".join(texts[name].format(amount=number_text(most, 3)) for name, most in parts.items())


@frame.callback
def _draw_again(panel: Panel) -> None:
    panel.session["seed"] = panel.session.get("seed", 0) + 1
