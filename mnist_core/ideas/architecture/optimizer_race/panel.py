"""The optimizers raced in a network, on the same batches: one click, live curves."""

from __future__ import annotations

import secrets

import streamlit as st

from mnist_core.config import RunConfig
from mnist_core.ideas.architecture.optimizer_paths import concept as optimizers
from mnist_core.panels import group_panel, started
from mnist_core.presets import PRESETS
from mnist_core.ui import data_note, frame, lesson, names
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

PRESET = PRESETS["optimizer-race"]
IMAGES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
FACTORS = (0.01, 0.1, 0.3, 0.5, 1.0, 2.0, 3.0, 10.0, 30.0, 100.0)


def draw(panel: Panel) -> None:
    """The plan, the button, the curves of all, the code, an experiment."""
    lesson.look_at(
        _(
            "All start from the same weights and see the same batches, each at its usual learning rate. Watch which optimizer leads in the first hundred steps and which at the end. Then multiply all rates and see which optimizers still learn."
        )
    )
    configs = _configs(panel)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        panel.button(
            "start",
            _("Train all optimizers"),
            "flag",
            started.start,
            panel,
            "race",
            secrets.token_hex(5),
            list(configs.values()),
            list(configs),
            PRESET.name,
            primary=True,
        )
        started.expected_time(list(configs.values()))
    st.caption(
        _("Rates: {rates}").format(
            rates=", ".join(f"{name} {names.number(config.learning_rate)}" for name, config in configs.items())
        )
    )
    if group := started.followed_group(panel, "race"):
        frame.safely(group_panel.draw)(panel, group)
    else:
        st.info(_("Press the button: all curves appear here, live."))
    lesson.code(panel, *optimizers.RULES.values())
    lesson.experiment(PRESET.name, _("One of them alone, with its gradients and activations: Adam."), variant="Adam")


def _configs(panel: Panel) -> dict[str, RunConfig]:
    """Name of the variant → configuration."""
    first, second, third = st.columns(3, gap="large")
    with first:
        images = panel.select_slider("images", _("Training images"), IMAGES, 50_000, format_func=names.number)
    with second:
        epochs = panel.slider("epochs", _("Epochs"), 1, 10, PRESET.config.epochs)
    with third:
        factor = panel.select_slider(
            "factor", _("Multiply all learning rates by"), FACTORS, 1.0, format_func=names.number
        )
    shared = {"dataset": data_note.dataset(), "train_size": images, "epochs": epochs}
    configs = {}
    for label in PRESET.variants:
        config = PRESET.variant(label)
        # Rounded, so that a factor of 0.3 makes 0.0003, not 0.00029999999999999997.
        configs[label] = config.replace(**shared, learning_rate=float(f"{config.learning_rate * factor:.6g}"))
    return configs
