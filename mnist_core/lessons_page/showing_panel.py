"""The blocks that show: an idea, a look into a run, runs side by side, and what is to be done before the lesson goes on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from mnist_core.diagnostics import maximum_chance
from mnist_core.errors import InitialValueError
from mnist_core.figures import overlay
from mnist_core.figures.axes import ChartView
from mnist_core.ideas.registry import IDEAS
from mnist_core.lessons.schema import CheckBlock, CompareBlock, IdeaBlock, InspectBlock
from mnist_core.lessons_page import reached
from mnist_core.lessons_page.here import Here, way_to_run
from mnist_core.panels import run_panel
from mnist_core.records import Split
from mnist_core.ui import address, frame, live_parts, names, seal, texts, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _
from mnist_core.ui.views import Views


def idea(instance: str, block: IdeaBlock) -> None:
    """An idea with its controls set."""
    known = IDEAS.get(block.idea)
    if known is None:
        st.info(_("There is no idea {name} in this version.").format(name=names.choice(block.idea)))
        return
    with st.container(border=True, key=f"{instance}-idea_box"):
        st.markdown(f":material/lightbulb: **{_(known.title)}**")
        try:
            known.draw(known.panel(instance, block.initial))
        except InitialValueError as error:
            frame.show_error(error)


def inspect(here: Here, panel: Panel, block: InspectBlock, views: Views) -> None:
    """A view of the last run of a block."""
    all_runs = watch.range_tests_last([run for some in here.runs.values() for run in some])
    runs = [run for run in all_runs if run.checkpoint_step is not None]
    own = [run for run in here.runs.get(block.run, []) if run.checkpoint_step is not None]
    title, draw = views[block.view]
    with st.container(border=True, key=panel.key("inspect_box")):
        st.markdown(f":material/search_insights: **{_(title)}**")
        if not own:
            st.caption(_("Train the run above first; then you can look into it here."))
            way_to_run(here, panel, block.name, block.run)
            return
        frame.safely(draw)(panel, own[0], [own[0], *(run for run in runs if run.id != own[0].id)])


def compare(here: Here, panel: Panel, block: CompareBlock) -> None:
    """The last runs and sweeps of some blocks in one chart."""
    newest = [run for name in block.runs for run in here.last(name)]
    with st.container(border=True, key=panel.key("compare_box")):
        title = _("Side by side")
        st.markdown(f":material/compare_arrows: **{title}**")
        if not all(here.last(name) for name in block.runs):
            st.caption(_("Train all that is compared here, above; then the curves stand here together."))
        if not newest:
            return
        views = watch.look_at([run.id for run in newest])
        with st.container(horizontal=True, key=panel.key("compare_controls")):
            view = run_panel.view_controls(panel, block.across, log_loss_axis=block.log_loss_axis)
        ids = tuple(one.run.id for one in views)
        live_parts.link(views, partial(live_parts.states, ids), key=panel.key("compare_link"))
        metrics: tuple[overlay.Metric, ...] = ("loss", "accuracy")
        for column, metric in zip(st.columns(2, gap="medium"), metrics, strict=True):
            with column:
                make = partial(_picture, ids, metric, view)
                name = ("lesson", metric, view)
                live_parts.chart_of(views, name, make, key=panel.key(f"compare_{metric}"), height=420)


def _picture(ids: tuple[str, ...], metric: overlay.Metric, view: ChartView) -> live_parts.Picture:
    views = [watch.look(run_id) for run_id in ids]
    part = _part_of_all(views)

    def make() -> dict[str, Any]:
        titles = names.run_titles([one.run for one in views])
        overlaid = overlay.overlaid([(title.plain, one.curves) for title, one in zip(titles, views, strict=True)])
        chance = maximum_chance(one.run.config for one in views)
        return overlay.runs_chart(overlaid, metric, (part,), view, _, chance)

    key = ("lesson", ids, part, tuple(one.run.version for one in views), metric, view, texts.language())
    return live_parts.Picture(watch.figure(key, make), _("Curves of all runs, overlaid."))


def _part_of_all(views: Sequence[watch.View]) -> Split:
    """The part of the data on which each of these runs has a curve; a run without validation images is not left out."""
    if all(one.run.config.validation_size for one in views):
        return "validation"
    return "test" if "test" in seal.splits() else "train"


def check(here: Here, panel: Panel, block: CheckBlock) -> None:
    """What is to be done, and whether it is."""
    done = reached.is_done(block, here.runs)
    asked = here.runs.get(block.run, []) if block.run else [run for some in here.runs.values() for run in some]
    moving = watch.look_at([run.id for run in asked if run.active])
    live_parts.link(moving, partial(live_parts.states, [one.run.id for one in moving]), key=panel.key("check_link"))
    if done and address.in_fragment() and not panel.session.get("was_done"):
        st.rerun()  # the way on is open, too
    panel.session["was_done"] = done
    if done:
        head = _("Done.")
        st.success(f"{head} {block.says}", icon=":material/task_alt:")
    else:
        head = _("To do before the lesson goes on:")
        st.info(f"**{head}** {block.says}", icon=":material/radio_button_unchecked:")
        if seal.sealed() and any(map(reached.is_of_test, block.claim.ranges)):
            st.caption(_(":material/lock: The test set is sealed: whether this is done is seen once it is open."))
        way_to_run(here, panel, block.name, block.run)


def seal_of_the_test_set(panel: Panel) -> None:
    """Whether test figures are shown, why one looks at them once, and the button."""
    with st.container(border=True, key=panel.key("seal_box")):
        seal.explained(panel.key("seal"))
