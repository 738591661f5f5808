"""Weights and activations: a network's first weights, what its layers give for an image, and the pixels that its answer hangs on."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.analysis import registry
from mnist_core.analysis.attribution.schema import Parameters, Result
from mnist_core.config import Activation
from mnist_core.data import affine, preprocess
from mnist_core.figures import activations as charts
from mnist_core.figures.class_names import Classes
from mnist_core.figures.digits import image_sheet, signed_sheet
from mnist_core.inspect_page import activation_maximization_panel, draw_panel
from mnist_core.messages import N_, measured_text
from mnist_core.networks import forward, models
from mnist_core.networks.weights import Snapshot
from mnist_core.panels import analysis_panel, last_weights, products
from mnist_core.panels.analysis_panel import Computed
from mnist_core.records import Run
from mnist_core.ui import frame, names, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

VIEWS = {
    "weights": N_("First-layer weights"),
    "layers": N_("Activations and feature maps"),
    "attention": N_("Saliency: which pixels mattered"),
    "exciting": N_("Activation maximization"),
}
MOST_UNITS = 100  # whose weights are shown
Image = NDArray[np.uint8]


def draw(panel: Panel, run: Run, _runs: list[Run]) -> None:
    """One of the views of the run's last weights with which it answers with numbers."""
    view = panel.one_of("network_view", _("What to show"), VIEWS, "weights", titled=False, wrap=True)
    snapshot = last_weights.find(run)
    if snapshot is None:
        return
    if view in ("layers", "attention"):
        frame.fragment(_with_image)(panel, run, snapshot, view)
    elif view == "exciting":
        activation_maximization_panel.draw(panel, run)
    else:
        _first_weights(run, snapshot)


def _first_weights(run: Run, snapshot: Snapshot) -> None:
    convolutional = run.config.model == "cnn"
    if convolutional:
        text = _("Orange: ink here raises the filter's value; blue: ink here lowers it. Look for strokes and edges.")
    else:
        text = _("Orange: ink here raises the unit's value; blue: ink here lowers it. Look for strokes and edges.")
        # A pixel that is 0 in every image has no gradient. A shift of the pixels gives it one, weight decay moves it all the same.
        if affine(run.config.preprocessing)[1] == 0.0 == run.config.weight_decay:
            text += " " + _(
                "Pixels that are 0 in every training image keep their initial weights. In MNIST these are at the border."
            )
    st.markdown(text)
    first = snapshot.weights["0.weight"]
    values = first[:, 0] if convolutional else first.reshape(-1, 28, 28)
    first_values = values[:MOST_UNITS]
    side = values.shape[-1]
    columns = 8 if side < 28 else 10
    sheet = signed_sheet(first_values, columns, scale=max(2, 112 // side), dark=session.dark())
    st.image(sheet, width=min(1000, 120 * min(columns, len(first_values))))
    caption = (
        ngettext(
            "Weights of the only filter after step {step}, scaled to its maximum.",
            "Weights of {shown} of {count} filters after step {step}, each scaled to its own maximum.",
            len(values),
        )
        if convolutional
        else ngettext(
            "Weights of the only first-layer unit after step {step}, scaled to its maximum.",
            "Weights of {shown} of {count} first-layer units after step {step}, each scaled to its own maximum.",
            len(values),
        )
    )
    st.caption(caption.format(shown=len(first_values), count=len(values), step=f"{snapshot.step:,}"))


def _with_image(panel: Panel, run: Run, snapshot: Snapshot, view: str) -> None:
    """The image on the left, what it does on the right."""
    source = draw_panel.choose_source(panel, run)
    left, right = st.columns([1, 2.6], gap="large")
    with left:
        image = draw_panel.choose_image(panel, run, source)
        if image is not None and image.any():
            with st.container(border=True, width="content"):
                st.image(image_sheet(image[None], columns=1, scale=6), width=180)
    with right:
        if image is None or not image.any():
            st.info(draw_panel.hint(panel, run, source))
        elif view == "layers":
            _layers(panel, run, snapshot, image)
        else:
            _saliency(panel, run, image)


# ---- what the layers give --------------------------------------------------------------------------------------


def _layers(panel: Panel, run: Run, snapshot: Snapshot, image: Image) -> None:
    layers = models.describe(run.config).layers
    outputs = forward.layers(run.config, snapshot.weights, preprocess(image[None], run.config.preprocessing))
    titles = names.layers(run.config, shapes=True)
    if panel.session.get("layer_shown") not in titles:
        panel.session.pop("layer_shown", None)
    number = panel.one_of("layer_shown", _("Layer"), titles, next(iter(titles)), wrap=True)
    output = outputs[number][0]
    if not output.any():
        st.info(_("Every output of this layer is 0 for this image."))
        return
    if output.ndim == 1:
        classes = names.classes(run.config) if layers[number].kind == "output" else None
        sentence = _outputs_sentence(output, classes) if classes else _units_sentence(output, run.config.activation)
        st.markdown(sentence)
        figure = charts.units(output, session.dark(), _, classes)
        live_chart(figure, key=panel.key("chart_units"), height=380, description=sentence, subject=f"{run.id} {number}")
        return
    st.image(signed_sheet(output, 8, scale=max(2, 112 // output.shape[-1]), dark=session.dark()), width="stretch")
    colors = (
        _("Orange: above 0, the stronger the greater; blue: below 0; in between: 0.")
        if (output < 0).any()
        else _("Orange: above 0, the stronger the greater; no color: 0.")
    )
    about = _(
        "One feature map per filter: it shows where the filter's pattern was found. Each map is scaled to its own maximum."
    )
    st.caption(f"{about} {colors}")
    if layers[number].kind == "convolution":
        _pixel(panel, run, snapshot, number, outputs)


def _outputs_sentence(outputs: NDArray[np.float32], classes: Classes) -> str:
    return _("The output of class {name} is the maximum, {maximum}; the minimum is {minimum}.").format(
        name=classes[int(outputs.argmax())].markdown,
        maximum=measured_text(outputs.max()),
        minimum=measured_text(outputs.min()),
    )


def _units_sentence(output: NDArray[np.float32], activation: Activation) -> str:
    """What units of a hidden layer give; off is what ReLU leaves at 0."""
    count, maximum = len(output), measured_text(output.max())
    if activation != "relu":
        text = ngettext(
            "The activation of the only unit is {maximum}.",
            "The activations of the {count} units range from {minimum} to {maximum}.",
            count,
        )
        return text.format(count=count, minimum=measured_text(output.min()), maximum=maximum)
    text = ngettext(
        "{alive} of {count} unit is active (above 0); the maximum is {maximum}.",
        "{alive} of {count} units are active (above 0); the maximum is {maximum}.",
        count,
    )
    return text.format(alive=int((output > 0).sum()), count=count, maximum=maximum)


def _pixel(panel: Panel, run: Run, snapshot: Snapshot, number: int, outputs: list[NDArray[np.float32]]) -> None:
    """The arithmetic of one output pixel of a convolution."""
    place = forward.module_indices(run.config)[number]
    kernels, biases = snapshot.weights[f"{place}.weight"], snapshot.weights[f"{place}.bias"]
    output, inputs = outputs[number][0], outputs[number - 1][0]
    filters, channels, size = kernels.shape[0], kernels.shape[1], kernels.shape[2]
    side = output.shape[-1]
    st.markdown("**" + _("How one output pixel is computed") + "**")
    first, second, third, fourth = st.columns(4)
    chosen = _choice(panel, first, f"pixel_filter_{number}", _("Filter"), filters, 0)
    row = _choice(panel, second, f"pixel_row_{number}", _("Row"), side, side // 2)
    column = _choice(panel, third, f"pixel_column_{number}", _("Column"), side, side // 2)
    channel = _choice(panel, fourth, f"pixel_channel_{number}", _("Input channel"), channels, 0)
    padded = np.pad(inputs, ((0, 0), (size // 2, size // 2), (size // 2, size // 2)))
    patch = padded[:, row : row + size, column : column + size]
    total = float((patch * kernels[chosen]).sum())
    bias = float(biases[chosen])
    template = ngettext(
        "The {count} product is {total}; with the bias {bias} this gives {z}, and the activation function turns it into {value}.",
        "The {count} products over all input channels add up to {total}; with the bias {bias} this gives {z}, and the activation function turns it into {value}.",
        patch.size,
    )
    if run.config.batch_norm:
        template = ngettext(
            "The {count} product is {total}; with the bias {bias} this gives {z}, and batch normalization and the activation function turn it into {value}.",
            "The {count} products over all input channels add up to {total}; with the bias {bias} this gives {z}, and batch normalization and the activation function turn it into {value}.",
            patch.size,
        )
    text = template.format(
        count=patch.size,
        total=measured_text(total),
        bias=measured_text(bias),
        z=measured_text(total + bias),
        value=measured_text(output[chosen, row, column]),
    )
    st.markdown(text)
    products.draw(panel, patch[channel], kernels[chosen, channel], text)


def _choice(panel: Panel, column: object, name: str, label: str, count: int, start: int) -> int:
    """A place from 0 to `count` - 1 by slider; no slider where there is no choice."""
    with column:  # type: ignore[attr-defined]
        return panel.slider(name, label, 0, count - 1, start) if count > 1 else 0


# ---- saliency --------------------------------------------------------------------------------------------------


def _saliency(panel: Panel, run: Run, image: Image) -> None:
    parameters = Parameters(run=run.id, image=tuple(image.reshape(-1).tolist()))
    analysis = analysis_panel.find(parameters)
    if analysis is None or (
        not registry.is_current(analysis, run.checkpoint_step) and not analysis.active and not run.active
    ):
        # Not at every stroke: a worker would be busy with drawings that are no longer there.
        st.button(
            _("Show which pixels mattered"),
            key=panel.key("attention_ask"),
            type="primary",
            icon=":material/search_insights:",
            on_click=_ask,
            args=(parameters,),
        )
        return
    analysis_panel.draw(panel, analysis.id, partial(_maps, run))


@frame.callback
def _ask(parameters: Parameters) -> None:
    analysis_panel.start_alone(parameters)


def _maps(run: Run, computed: Computed[Parameters, Result]) -> None:
    result = computed.result
    if not any(pixels.any() for pixels in (result.gradient, result.integrated_gradients, result.occlusion)):
        st.info(_("No pixel matters: the hidden units are dead, so the answer is the same whatever you draw."))
        return
    st.markdown(
        _("The network's answer: {label}. Orange: evidence for this answer; blue: evidence against it.").format(
            label=f"**{names.classes(run.config)[result.digit].markdown}**"
        )
    )
    maps = (
        (
            result.gradient,
            _("Gradient"),
            _("A little more ink here would raise (orange) or lower (blue) the logit of the answer."),
        ),
        (
            result.integrated_gradients,
            _("Integrated gradients"),
            _("Each pixel's contribution to the logit; together they add up to its rise from an empty image."),
        ),
        (result.occlusion, _("Occlusion"), _("How much the logit falls when 5×5 pixels around this place are erased.")),
    )
    for column, (pixels, title, text) in zip(st.columns(3, gap="medium"), maps, strict=True):
        with column:
            st.markdown(f"**{title}**")
            st.image(signed_sheet(pixels[None], 1, scale=9, dark=session.dark()), width="stretch")
            st.caption(text)
