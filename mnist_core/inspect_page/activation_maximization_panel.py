"""Activation maximization: images found by gradient ascent beside the real ones with the highest activation."""

from __future__ import annotations

import streamlit as st

from mnist_core.analysis.activation_maximization.schema import Parameters, Result
from mnist_core.figures.digits import image_sheet, labeled_sheet
from mnist_core.messages import measured_text
from mnist_core.networks import models
from mnist_core.panels import analysis_panel, image_split
from mnist_core.records import Run
from mnist_core.ui import frame, names
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext


def draw(panel: Panel, run: Run) -> None:
    """The choice of a layer; the images for its units are computed in the background."""
    st.markdown(
        _(
            "Gradient ascent starts from the mean image (for a filter, from an empty one) and repeatedly changes every pixel a little to raise the unit's activation. The result shows what the unit responds to, and it seldom looks like an image of the data: a network need not know what its classes look like to tell them apart."
        )
    )
    titles = names.layers(run.config, trained=True, shapes=True)
    if panel.session.get("exciting_layer") not in titles:
        panel.session.pop("exciting_layer", None)
    layer = panel.one_of("exciting_layer", _("Layer"), titles, max(titles), wrap=True)
    parameters = Parameters(run=run.id, layer=layer)
    analysis = analysis_panel.of_run(panel, parameters, run)
    analysis_panel.draw(
        panel, analysis.id, lambda computed: frame.fragment(_units)(panel, run, parameters.layer, computed.result)
    )


def _units(panel: Panel, run: Run, layer: int, result: Result) -> None:
    units = len(result.smooth)
    part = image_split.images(run, result.split)  # first: what was found began with their mean
    st.image(labeled_sheet(result.smooth, columns=10, scale=4, labels=range(units), letters=6), width=1000)
    filters = models.describe(run.config).layers[layer].kind == "convolution"
    caption = (
        ngettext(
            "The image found for the only filter.",
            "The image found for each of the {units} filters, by filter number.",
            units,
        )
        if filters
        else ngettext(
            "The image found for the only unit.",
            "The image found for each of the {units} units, by unit number.",
            units,
        )
    )
    st.caption(caption.format(units=units))
    unit = int(
        panel.number_input("exciting_unit", _("Filter number") if filters else _("Unit number"), 0, units - 1, 0)
    )
    real = part.images[result.real[unit]]
    real_values = result.real_values[unit]
    first, second, third = st.columns([1, 1, 2.4], gap="large")
    with first:
        _image(result.smooth[unit], _("Found image, smoothed"), float(result.smooth_values[unit]))
        st.caption(_("Neighboring pixels are kept similar, as in handwriting."))
    with second:
        _image(result.plain[unit], _("Found image, not smoothed"), float(result.plain_values[unit]))
        st.caption(_("Higher activation, from dots that nobody would write."))
    with third:
        st.markdown("**" + _("Real images with the highest activation") + "**")
        marks = [measured_text(value, 2) for value in real_values]
        st.image(labeled_sheet(real, columns=4, scale=5, labels=marks, letters=6), width=480)
        if float(real_values.max()) == float(real_values.min()):
            st.info(_("The activation is the same for all images: nothing you draw changes it."))
        counted = image_split.counted(result.split, result.images)
        st.caption(_("From {images}; the number below each is its activation.").format(images=counted))
    st.caption(
        _(
            "Activation here is the unit's value before its activation function (pre-activation); for a filter, the maximum of its feature map."
        )
    )


def _image(image: object, title: str, value: float) -> None:
    st.markdown(f"**{title}**")
    st.image(image_sheet(image[None], columns=1, scale=7), width="stretch")  # type: ignore[index]
    st.markdown(_("Activation {value}").format(value=measured_text(value, 2)))
