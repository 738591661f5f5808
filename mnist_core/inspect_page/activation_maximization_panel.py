"""What excites a unit: images found by gradient ascent beside the real ones that excite it most."""

from __future__ import annotations

import streamlit as st

from mnist_core.analysis.activation_maximization.schema import Parameters, Result
from mnist_core.figures.digits import image_sheet
from mnist_core.messages import N_
from mnist_core.networks import models
from mnist_core.panels import analysis_panel, image_split
from mnist_core.records import Run
from mnist_core.ui import frame
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

LAYERS = {
    "convolution": N_("Convolution"),
    "pooling": N_("Pooling"),
    "dense": N_("Hidden layer"),
    "output": N_("Outputs"),
}


def draw(panel: Panel, run: Run) -> None:
    """The choice of a layer; what excites its units is found in the background."""
    st.markdown(
        _(
            "Beginning with the mean digit, for a filter with empty paper, the computer changes each pixel a little in the way that raises the unit, again "
            "and again. What comes out is what the unit looks for, and seldom a digit: a network need not know how digits "
            "look in order to tell them apart."
        )
    )
    titles = {
        number: f"{number}. {_(LAYERS[layer.kind])} · {layer.output_shape[0]}"
        for number, layer in enumerate(models.describe(run.config).layers)
        if layer.parameters
    }
    if panel.session.get("exciting_layer") not in titles:
        panel.session["exciting_layer"] = max(titles)
    layer = st.segmented_control(
        _("Layer"),
        list(titles),
        required=True,
        key=panel.key("exciting_layer"),
        format_func=titles.__getitem__,
        wrap=True,
    )
    parameters = Parameters(run=run.id, layer=layer if layer is not None else max(titles))
    analysis = analysis_panel.of_run(panel, parameters, run)
    analysis_panel.draw(panel, analysis.id, lambda done: frame.fragment(_units)(panel, run, done.result))


def _units(panel: Panel, run: Run, result: Result) -> None:
    units = len(result.smooth)
    st.image(image_sheet(result.smooth, columns=10, scale=4, labels=range(units), letters=6), width=1000)
    st.caption(_("The image found for each of {units} units, by number.").format(units=units))
    unit = int(panel.number_input("exciting_unit", _("Look at unit"), 0, units - 1, 0))
    real = image_split.images(run, result.split).images[result.real[unit]]
    real_values = result.real_values[unit]
    first, second, third = st.columns([1, 1, 2.4], gap="large")
    with first:
        _found(result.smooth[unit], _("Found, smoothed"), float(result.smooth_values[unit]))
        st.caption(_("Neighboring pixels are kept alike, as in writing."))
    with second:
        _found(result.plain[unit], _("Found, not smoothed"), float(result.plain_values[unit]))
        st.caption(_("More excitation, from dots that no hand writes."))
    with third:
        st.markdown("**" + _("Real images that excite it most") + "**")
        marks = [f"{value:.2f}" for value in real_values]
        st.image(image_sheet(real, columns=4, scale=5, labels=marks, letters=6), width=480)
        if float(real_values.max()) == float(real_values.min()):
            st.info(_("All images excite this unit alike: nothing that is drawn reaches it."))
        counted = image_split.counted(result.split, result.images)
        st.caption(_("Of {images}; beneath each its excitation.").format(images=counted))
    st.caption(
        _(
            "Excitation is what the unit gives before its activation function; of a filter, the greatest value of its map."
        )
    )


def _found(image: object, title: str, value: float) -> None:
    st.markdown(f"**{title}**")
    st.image(image_sheet(image[None], columns=1, scale=7), width="stretch")  # type: ignore[index]
    st.markdown(_("Excitation {value}").format(value=f"{value:.2f}"))
