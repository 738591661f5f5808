"""Robustness: images made harder by slider, and how many of them several runs still answer right."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from mnist_core import data, escape
from mnist_core.analysis.robustness.schema import Parameters, Perturbation, Result
from mnist_core.figures.digits import labeled_sheet
from mnist_core.inspect_page import robustness_figure as charts
from mnist_core.messages import N_, accuracy_text, number_text
from mnist_core.panels import analysis_panel, image_split, last_weights
from mnist_core.panels.analysis_panel import Computed
from mnist_core.records import Run
from mnist_core.ui import names, session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

KINDS: dict[Perturbation, tuple[str, str]] = {
    "noise": (N_("Noise"), N_("Standard deviation of the noise")),
    "shift": (N_("Shift"), N_("Shift in pixels")),
    "rotation": (N_("Rotation"), N_("Degrees")),
    "occlusion": (N_("Hidden square"), N_("Side length in pixels")),
    "fgsm": (N_("Adversarial attack"), N_("Maximum change of a pixel")),
}
MOST = 6  # runs in one chart


def draw(panel: Panel, run: Run, runs: list[Run]) -> None:
    """The kind and the runs; what they answer is computed in the background."""
    st.markdown(
        _(
            "A little noise or a shift of three pixels: you still recognize the image, but a network may take it for another class. The adversarial attack (FGSM) changes each pixel in the direction that raises the network's own loss."
        )
    )
    if last_weights.find(run) is None:
        return
    kinds = {name: title for name, (title, _unit) in KINDS.items()}
    kind = panel.one_of("disturbance", _("Perturbation"), kinds, "noise", titled=False, wrap=True)
    others = {other.id: other for other in runs if other.id != run.id and other.config.dataset == run.config.dataset}
    chosen_ids = panel.multiselect(
        "disturbed_others",
        _("Compare with"),
        list(others),
        [other.id for other in others.values() if not other.is_range_test][:2],
        MOST - 1,
        format_func=lambda run_id: names.option(others[run_id]),
    )
    chosen = [run, *(others[run_id] for run_id in chosen_ids)]
    parameters = Parameters(runs=tuple(other.id for other in chosen), perturbation=kind)
    analysis = analysis_panel.of_runs(panel, parameters, chosen)
    analysis_panel.draw(panel, analysis.id, partial(_show, panel, kind, chosen))


def _show(panel: Panel, kind: Perturbation, runs: list[Run], computed: Computed[Parameters, Result]) -> None:
    image_split.images(runs[0], data.analysis_split(runs[0].config))  # whoever may not have them is told so
    result = computed.result
    strengths = list(result.strengths)
    unit = _(KINDS[kind][1])
    accuracy, answers = result.accuracy, result.answers
    left, right = st.columns([1.3, 1], gap="large")
    with right:
        strength = panel.select_slider(
            f"strength_{kind}", unit, strengths, strengths[2], format_func=lambda x: number_text(x)
        )
        place = strengths.index(strength)
        classes = [name.plain for name in names.classes(runs[0].config)]
        marks = [
            "✓" if answer == label else f"{classes[label]} ? {classes[answer]}"
            for answer, label in zip(answers[place], result.labels, strict=True)
        ]
        st.image(labeled_sheet(result.examples[place], columns=4, scale=5, labels=marks, letters=6), width=520)
        st.caption(_legend(runs[0]))
    with left:
        titles = [title.plain for title in names.run_titles(runs)]
        description = _sentence(titles, result, accuracy[:, place].tolist())
        figure = charts.chart(titles, result.splits, strengths, accuracy, strength, unit, session.dark(), _)
        live_chart(figure, key=panel.key("chart_disturbed"), height=440, description=description, subject=computed.id)
        st.markdown(escape.markdown(description))


def _legend(run: Run) -> str:
    """What stands under the images, with two classes of the run's for an example."""
    classes = names.classes(run.config)
    digits = run.config.image_set.has_digits
    one, other = (classes[4], classes[9]) if digits else (classes[0], classes[1])
    text = (
        _("✓: still classified correctly. {one} ? {other}: a {one} that the run takes for a {other}.")
        if digits
        else _("✓: still classified correctly. {one} ? {other}: an image of “{one}” that the run takes for “{other}”.")
    )
    return text.format(one=one.markdown, other=other.markdown)


def _sentence(titles: Sequence[str], result: Result, shares: Sequence[float]) -> str:
    """How many each run still answers right, of which images, and with which of its weights."""
    images, parts = result.images, result.splits
    texts = []
    for title, part, n, fraction, notes in zip(titles, parts, images, shares, _notes(result), strict=True):
        if not n or not part:
            texts.append(_("{run}: no usable weights").format(run=title))
            continue
        images_text = "" if _alike(parts, images) else _("on {images}").format(images=image_split.counted(part, n))
        notes_text = ", ".join(word for word in (images_text, notes) if word)
        texts.append(f"{title}: {accuracy_text(fraction)}" + (f" ({notes_text})" if notes_text else ""))
    if _alike(parts, images) and parts[0]:
        text = _("Accuracy at this strength on {images}: {shares}.")
        return text.format(images=image_split.counted(parts[0], images[0]), shares="; ".join(texts))
    return _("Accuracy at this strength: {shares}.").format(shares="; ".join(texts))


def _alike(parts: Sequence[str], images: Sequence[int]) -> bool:
    """Whether all runs that answer were asked about the same images."""
    return len({pair for pair in zip(parts, images, strict=True) if pair[1]}) == 1


def _notes(result: Result) -> list[str]:
    """Of each run, whether these are not its last weights."""
    pairs = zip(result.steps, result.reached, strict=True)
    text = _("after step {step}, the last output that was not NaN")
    return ["" if step is None or step == reached else text.format(step=f"{step:,}") for step, reached in pairs]
