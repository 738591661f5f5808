"""A CNN and an MLP with as many parameters: the width found by arithmetic, both trained by one click."""

from __future__ import annotations

import secrets

import pandas as pd
import streamlit as st

from mnist_core.config import RunConfig
from mnist_core.figures.network import network_svg
from mnist_core.ideas.architecture.layers import concept as sizes
from mnist_core.networks import models
from mnist_core.panels import group_panel, started
from mnist_core.ui import data_note, frame, lesson, names, session
from mnist_core.ui.choice import number_columns
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

IMAGES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
FILTERS = (1, 2, 4, 8, 16, 32)
UNITS = (8, 16, 32, 64, 128)
GREATEST_WIDTH = 2_048


def draw(panel: Panel) -> None:
    """The CNN by slider, the MLP beside it, the button, the curves of both, the code, an experiment."""
    lesson.look_at(
        _(
            "Both networks have nearly the same number of parameters. The CNN applies each of its weights at every position of the image: it needs many more multiplications, and learns more from the same images."
        )
    )
    cnn = _cnn(panel)
    mlp = _mlp(panel, cnn)
    _compare(cnn, mlp)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        panel.button(
            "start",
            _("Train both"),
            "balance",
            started.start,
            panel,
            "pair",
            secrets.token_hex(5),
            [cnn, mlp],
            ["CNN", "MLP"],
            primary=True,
        )
        started.expected_time([cnn, mlp])
    if group := started.followed_group(panel, "pair"):
        frame.safely(group_panel.draw)(panel, group)
    else:
        st.info(_("Press the button: both curves appear here, live."))
    lesson.code(panel, sizes.parameters_of, sizes.width_for)
    lesson.experiment(
        "lenet-fast", _("A small CNN on 55,000 images with a one-cycle learning rate: 99% in two epochs.")
    )


def _cnn(panel: Panel) -> RunConfig:
    columns = st.columns(4, gap="large")
    with columns[0]:
        first = panel.select_slider("filters_0", _("Filters in convolutional layer {n}").format(n=1), FILTERS, 8)
        second = panel.select_slider("filters_1", _("Filters in convolutional layer {n}").format(n=2), FILTERS, 16)
    with columns[1]:
        kernel = panel.select_slider("kernel", _("Kernel size"), (3, 5, 7), 5)
        units = panel.select_slider("units", _("Units in the hidden layer of the CNN"), UNITS, 32)
    with columns[2]:
        panel.slider("depth", _("Hidden layers of the MLP"), 1, 4, 1)
        images = panel.select_slider("images", _("Training images"), IMAGES, 5_000, format_func=names.number)
    with columns[3]:
        epochs = panel.slider("epochs", _("Epochs"), 1, 10, 5)
        seed = panel.slider("seed", _("Seed"), 0, 20, 0)
    return RunConfig(
        dataset=data_note.dataset(),
        train_size=images,
        model="cnn",
        filters=(first, second),
        kernel_size=kernel,
        hidden_layers=(units,),
        optimizer="adam",
        learning_rate=0.001,
        batch_size=50,
        epochs=epochs,
        seed=seed,
    )


def _mlp(panel: Panel, cnn: RunConfig) -> RunConfig:
    """As the CNN in everything but the network; its width by arithmetic."""
    depth = int(panel.session["depth"])
    width = sizes.width_for(models.describe(cnn).parameters, 784, depth, 10)
    return cnn.replace(model="mlp", hidden_layers=(min(width, GREATEST_WIDTH),) * depth)


def _compare(cnn: RunConfig, mlp: RunConfig) -> None:
    drawings = st.columns(2, gap="large")
    answers = [name.plain for name in names.classes(cnn)]
    descriptions = {"CNN": models.describe(cnn), "MLP": models.describe(mlp)}
    for column, (name, description) in zip(drawings, descriptions.items(), strict=True):
        with column:
            st.markdown(f"**{name}**")
            st.image(network_svg(description, _, dark=session.dark(), answers=answers), width="stretch")
    rows = [
        {
            _("Network"): name,
            _("Parameters"): description.parameters,
            _("Multiplications per image"): description.multiplications,
        }
        for name, description in descriptions.items()
    ]
    numbers = number_columns(dict.fromkeys((_("Parameters"), _("Multiplications per image")), "localized"))
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", column_config=numbers)
    width, depth = mlp.hidden_layers[0], len(mlp.hidden_layers)
    times = descriptions["CNN"].multiplications / descriptions["MLP"].multiplications
    template = _(
        "The MLP with {layers} of **{width}** units comes closest to the CNN's {parameters} parameters. For each image, the CNN needs **{times:.1f}** times as many multiplications."
    )
    layers = ngettext("{n} hidden layer", "{n} hidden layers", depth).format(n=depth)
    parameters = f"{descriptions['CNN'].parameters:,}"
    st.markdown(template.format(parameters=parameters, layers=layers, width=f"{width:,}", times=times))
