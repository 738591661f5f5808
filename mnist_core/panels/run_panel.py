"""The panel of one run: buttons, progress, what happened, and the curves, live.

While it trains, the browser is told what is new of charts and words; where the panel must look otherwise, it is drawn anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

import streamlit as st

from mnist_core import diagnostics
from mnist_core.config import RunConfig
from mnist_core.figures import curves as charts
from mnist_core.messages import N_, accuracy_text, number_text
from mnist_core.panels import draft, export_panel, image_split, layer_charts, predictions, typed_setting, waiting
from mnist_core.records import SPLITS, Run
from mnist_core.rounds import Free, free_to_json
from mnist_core.store import Command
from mnist_core.ui import frame, live_parts, names, seal, session, texts, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

SILENT_SECONDS = 20.0  # a run that trains and tells nothing for so long is spoken of


def draw(panel: Panel, run_id: str, *, says_prediction: bool = True, free: Free | None = None) -> None:
    """The panel of the run, moving while the run does. `says_prediction`: False where it stands beside it already.

    `free`: the settings that may be changed where it stands; None: as the round allows that it is of.
    """
    frame.fragment(_panel)(panel, run_id, watch.look(run_id).run.active, says_prediction, free)


def _panel(panel: Panel, run_id: str, moving: bool, says_prediction: bool, free: Free | None) -> None:
    view = watch.look(run_id)
    run = view.run
    if run.active != moving:
        st.rerun()  # other parts of the page speak of it, too
    live_parts.link([view], partial(_signature, run_id), key=panel.key("run_link"))
    own = run.owner == session.student()
    with st.container(horizontal=True, vertical_alignment="center", key=panel.key("run_head")):
        # The title takes what is left, so that a change of its badge does not move the buttons under a pointer.
        st.markdown(f"**{names.run_title(run).markdown}** {names.badge(run)}", width="stretch")
        if own and run.state != "finished":
            _buttons(panel, run)
        else:
            if own and run.outcome == "failed":
                _continue(panel, run)
            _use_settings(panel, run)
            export_panel.draw(panel, run)
    if not own:
        st.caption(_(":material/visibility: This is someone else's run. You can watch it and use its settings."))
    if run.stopped_by_teacher and run.outcome in (None, "stopped"):
        st.info(_("Your teacher stopped this run."), icon=":material/school:")
    _progress(panel, view)
    say_changes(run)
    if run.rate_request is not None and run.state in ("paused", "queued"):
        rate = names.number(run.rate_request)
        st.caption(_(":material/schedule: The learning rate is {rate} from the next step on.").format(rate=rate))
    _explain(panel, view, draft.free_after(run, "run") if free is None else free)
    if says_prediction:
        predictions.draw(panel, run)
    _results(run)
    _charts(panel, view)


@frame.callback
def ask(run: Run, command: Command) -> None:
    """Ask something of the run, as its owner."""
    session.store().commands.send(run.id, session.student(), command)


@frame.callback
def _ask_rate(run: Run, rate: float) -> None:
    session.store().commands.set_learning_rate(run.id, session.student(), rate)


@frame.callback
def stop_all(runs: Iterable[Run]) -> None:
    """Stop those of one's runs that are not over."""
    for run in runs:
        if run.state != "finished":
            ask(run, "stop")


def _buttons(panel: Panel, run: Run) -> None:
    if run.state == "paused":
        panel.button("resume", _("Resume"), "play_arrow", ask, run, "resume")
    else:
        panel.button(
            "pause",
            _("Pause"),
            "pause",
            ask,
            run,
            "pause",
            help=_("Lets other runs train first. Resume puts the run at the end of the queue."),
        )
    panel.button(
        "step",
        _("One step"),
        "skip_next",
        ask,
        run,
        "step",
        disabled=run.state != "paused",
        help=_("A single update, while the run is paused."),
    )
    panel.button("stop", _("Stop"), "stop", ask, run, "stop", help=_("Ends the run and keeps its results."))
    panel.button(
        "reset",
        _("Reset"),
        "restart_alt",
        ask,
        run,
        "reset",
        help=_("Sets the run back to step 0 with the same initial weights, and pauses it."),
    )
    # A range test reads its rates off the plan; a round may have given the rate.
    if not run.is_range_test and not (run.round is not None and draft.is_locked("learning_rate")):
        _change_rate(panel, run)


def _continue(panel: Panel, run: Run) -> None:
    panel.button(
        "continue",
        _("Continue"),
        "play_arrow",
        ask,
        run,
        "resume",
        primary=True,
        help=_("Queues the run again. It continues from its last checkpoint, or from the start if it has none."),
    )


def _use_settings(panel: Panel, run: Run) -> None:
    def use() -> None:
        draft.load(run.config)
        frame.draw_anew()  # the controls are no part of this fragment

    panel.button(
        "take",
        _("Use these settings"),
        "content_copy",
        use,
        help=_("Fills in the settings that this run started with."),
    )


def say_changes(run: Run) -> None:
    """How the run's rate was changed by hand, and what of it is exported; nothing where it was not."""
    if story := names.rate_story(run):
        more = _(
            "“Use these settings” uses the learning rate that the run started with. The zip, script and JSON also contain the changes."
        )
        st.caption(f":material/speed: {story} {more}")


def _change_rate(panel: Panel, run: Run) -> None:
    current = run.base_rate

    def take(value: float) -> None:
        _ask_rate(run, RunConfig(learning_rate=value).learning_rate)

    with st.popover(_("Learning rate {rate}").format(rate=names.number(current)), icon=":material/speed:"):
        help_text = _("Takes effect from the next step and is marked on the charts.")
        key = panel.key(f"new_rate_{run.id}")
        if problem := typed_setting.field(key, _("New learning rate"), "learning_rate", current, take, help_text):
            st.error(frame.sentence(problem))


def _signature(run_id: str) -> Any:
    """What of a run that moves is not told by its charts and words: another one, and the panel is drawn anew."""
    view = watch.look(run_id)
    run = view.run
    changes = len(run.rate_changes), run.base_rate, run.rate_request
    return [
        run.state,
        run.outcome,
        run.attempts,
        run.command,
        *changes,
        names.run_title(run).plain,
        bool(len(view.curves.layers)),
    ]


def _progress(panel: Panel, view: watch.View) -> None:
    run = view.run
    live_parts.progress([view], "run", partial(_progress_of, run.id), key=panel.key("run_progress"))
    if not run.active:
        _say_what_is_saved(run)


def _progress_of(run_id: str) -> tuple[float, str]:
    return _progress_words(watch.look(run_id).run)


def _progress_words(run: Run) -> tuple[float, str]:
    """How far the run is, from 0 to 1, and in words."""
    progress = run.progress
    waits = [waiting.words([run.id])] if run.state == "queued" else []
    if waits and not progress.step:
        return 0.0, waits[0]
    fraction = progress.step / progress.total_steps if progress.total_steps else 0.0
    parts = [
        *waits,
        _("Epoch {epoch} of {epochs}").format(
            epoch=number_text(round(progress.epoch, 1)), epochs=f"{run.config.epochs:,}"
        ),
        _("step {step} of {steps}").format(step=f"{progress.step:,}", steps=f"{progress.total_steps:,}"),
    ]
    if run.state == "running" and progress.images_per_second:
        seconds_left = (progress.total_steps - progress.step) * run.config.batch_size / progress.images_per_second
        parts.append(_("{n} images/s").format(n=f"{progress.images_per_second:,.0f}"))
        parts.append(_("{time} left").format(time=names.duration(seconds_left)))
    elif progress.seconds:
        parts.append(_("{time} of training").format(time=names.duration(progress.seconds)))
    if run.state == "running" and (silent := watch.silent_seconds(run)) > SILENT_SECONDS:
        text = _(
            "no progress for {time}: the step takes long, or the store or disk is busy; the run continues automatically"
        )
        parts.append(text.format(time=names.duration(silent)))
    return min(1.0, fraction), " · ".join(parts)


def _say_what_is_saved(run: Run) -> None:
    """Of a run at rest whose last state is not on disk: that was full, or its worker was lost."""
    saved = run.checkpoint_step or 0
    if saved >= run.progress.step or run.outcome == "failed":
        return
    if run.state == "paused":
        text = _("The last checkpoint is from step {step}. Resume repeats the steps after it, with the same curve.")
    elif run.state == "finished" and saved:
        text = _("The last weights could not be saved. The weights of step {step} are kept.")
    else:
        return
    st.caption(":material/warning: " + text.format(step=f"{saved:,}"))


TONES = {
    "diverged": "error",
    "collapsed": "warning",
    "unstable": "warning",
    "plateau": "warning",
    "overfitting": "warning",
    "underfitting": "warning",
    "learning-well": "success",
}


def _explain(panel: Panel, view: watch.View, free: Free | None) -> None:
    """What happened, in a sentence, with the evidence and one thing to try."""
    # While it moves the place is kept, whatever the words are, so that the charts below stay where they are.
    with st.container(key=panel.key("explanation_live" if view.run.active else "explanation")):
        name = "run" if free is None else f"run {free_to_json(free)}"
        live_parts.said([view], name, partial(_explanation, view.run.id, free), key=panel.key("run_explanation"))


def _explanation(run_id: str, free: Free | None) -> live_parts.Sentence | None:
    view = watch.look(run_id)
    explanation = diagnostics.explain(view.run, view.curves, free)
    if explanation is None:
        return None
    text = " ".join(sentence.text(_) for sentence in (explanation.summary, *explanation.evidence))
    advice = "" if explanation.advice is None else explanation.advice.text(_)
    tone = "error" if view.run.error is not None else TONES.get(explanation.kind or "", "info")
    return live_parts.sentence(text, tone, title=explanation.title.text(_), advice=advice)


def _results(run: Run) -> None:
    accuracies = [(name, run.result.get(f"{name}_accuracy")) for name in SPLITS]
    if run.state != "finished" or all(value is None for _name, value in accuracies):
        return
    labels = {"train": _("Training accuracy"), "validation": _("Validation accuracy"), "test": _("Test accuracy")}
    with st.container(horizontal=True, gap="large"):
        for name, value in accuracies:
            if value is not None:
                st.metric(labels[name], accuracy_text(value), width="content")
    if seal.sealed():
        st.caption(_(":material/lock: The test set is sealed, so that no test accuracy is shown."))
    step = run.result.get("evaluated_step")
    if step is not None and step < run.progress.step:  # it was stopped in between
        st.caption(_("Measured at step {step}, the last point of the curves.").format(step=f"{step:,}"))
    if on_how_many := image_split.measured_on(run):
        st.caption(on_how_many)
    _say_how_it_trained(run)


def _say_how_it_trained(run: Run) -> None:
    """What the last digits of its curve depend on."""
    device, threads, together = (run.result.get(name) for name in ("device", "threads", "trained_together"))
    if device is None or threads is None or together is None:  # of an earlier version
        return
    text = (
        _("Trained alone ({device}, threads: {threads}).")
        if together == 1
        else ngettext(
            "Trained as one network with up to {others} other run ({device}, threads: {threads}).",
            "Trained as one network with up to {others} other runs ({device}, threads: {threads}).",
            together - 1,
        )
    )
    st.caption(text.format(device=device.upper(), threads=threads, others=together - 1))


def _charts(panel: Panel, view: watch.View) -> None:
    settings = chart_view(panel)
    for column, (kind, make) in zip(
        st.columns(2, gap="medium"),
        (("loss", charts.loss_chart), ("accuracy", charts.accuracy_chart)),
        strict=True,
    ):
        with column:
            _chart(panel, kind, make, view, settings)
    with st.expander(
        _("Gradient and learning rate"), icon=":material/monitoring:", on_change="rerun", key=panel.key("more")
    ) as more:
        if more.open:
            for column, (kind, make) in zip(
                st.columns(2, gap="medium"),
                (("gradient", charts.gradient_chart), ("rate", charts.rate_chart)),
                strict=True,
            ):
                with column:
                    _chart(panel, kind, make, view, settings)

    with st.expander(
        _("Inside the layers"), icon=":material/layers:", on_change="rerun", key=panel.key("inside")
    ) as inside:
        if inside.open:
            layer_charts.draw(panel, view)


CHARTS: Mapping[str, tuple[str, charts.Make]] = {
    "loss": (N_("Loss"), charts.loss_chart),
    "accuracy": (N_("Accuracy"), charts.accuracy_chart),
    "gradient": (N_("Gradient norm"), charts.gradient_chart),
    "rate": (N_("Learning rate"), charts.rate_chart),
}


def draw_chart(panel: Panel, run_id: str) -> None:
    """One chart of the run with its controls, moving while the run does."""
    frame.fragment(_one_chart)(panel, run_id)


def _one_chart(panel: Panel, run_id: str) -> None:
    view = watch.look(run_id)
    live_parts.link([view], partial(_signature, run_id), key=panel.key("run_link"))
    st.markdown(f"**{names.run_title(view.run).markdown}** {names.badge(view.run)}")
    titles = {name: title for name, (title, _make) in CHARTS.items()}
    with st.container(horizontal=True, vertical_alignment="center", key=panel.key("chart_controls")):
        kind = panel.one_of("chart", _("Chart"), titles, "loss", titled=False)
        settings = view_controls(panel)
    _chart(panel, kind, CHARTS[kind][1], view, settings)


def _chart(panel: Panel, kind: str, make: charts.Make, view: watch.View, settings: charts.ChartView) -> None:
    picture = partial(_picture, view.run.id, kind, make, settings)
    name = (kind, settings)
    live_parts.chart_of([view], name, picture, key=panel.key(f"chart_{kind}"), height=430, subject=view.run.id)


def _picture(run_id: str, kind: str, make: charts.Make, settings: charts.ChartView) -> live_parts.Picture:
    view = watch.look(run_id)
    key = (run_id, view.run.version, kind, settings, texts.language())
    figure = watch.figure(key, lambda: make(view.run, view.curves, settings, _))
    return live_parts.Picture(figure, charts.describe_chart(view.run, view.curves, kind).text(_))


def chart_view(panel: Panel) -> charts.ChartView:
    """How the charts are drawn, from the controls above them."""
    with st.container(horizontal=True, vertical_alignment="center", key=panel.key("chart_controls")):
        return view_controls(panel)


def view_controls(panel: Panel, across: str = "step", *, log_loss_axis: bool = False) -> charts.ChartView:
    """The controls of `chart_view`, to stand in a row with others; `across`, `log_loss_axis`: the axes that they begin with."""
    titles = {"step": N_("Step"), "epoch": N_("Epoch"), "seconds": N_("Seconds")}
    axis = panel.one_of("view_x", _("Horizontal axis"), titles, across, titled=False)
    with st.popover(_("View"), icon=":material/tune:"):
        log_x = panel.toggle("view_log_x", _("Log horizontal axis"))
        log_y = panel.toggle("view_log_y", _("Log loss axis"), log_loss_axis)
        smoothing = panel.slider("view_smoothing", _("Smoothing"), 0.0, 0.95, 0.0, 0.05)
    base = charts.ChartView(x=cast(Any, axis), dark=session.dark())
    return replace(base, log_x=log_x, log_y=log_y, smoothing=smoothing)
