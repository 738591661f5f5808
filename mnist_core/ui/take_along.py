"""Take a run along: curves, settings, weights, a script, or all of it as one zip that another installation brings in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial

import streamlit as st

from mnist_core import diagnostics, exchange
from mnist_core.errors import CheckpointError
from mnist_core.records import Curves, Progress, Run
from mnist_core.ui import frame, names, session, watch
from mnist_core.ui.texts import _

LARGEST = 10  # MB of a zip that is brought in


def draw(run: Run) -> None:
    """The button with what there is to take; each thing is made when it is asked for."""
    with st.popover(_("Take along"), icon=":material/download:"):
        st.caption(_("Charts: the camera above each saves a PNG, the button beside it an SVG."))
        if run.state == "finished":
            _download(run, _("Everything as one zip"), "zip", partial(_zip, run.id), ":material/folder_zip:")
        _download(run, _("Curves as CSV"), "csv", lambda: exchange.curves_csv(_curves(run.id)), ":material/table:")
        _download(
            run, _("Curves as Parquet"), "parquet", lambda: exchange.curves_parquet(_curves(run.id)), ":material/table:"
        )
        _download(run, _("Settings as JSON"), "json", partial(_settings, run), ":material/data_object:")
        _download(
            run, _("Script in plain PyTorch"), "py", lambda: exchange.script(run.config).encode(), ":material/code:"
        )
        _download(run, _("TensorBoard events"), "tfevents", partial(_events, run), ":material/monitoring:")
        if run.checkpoint_step is not None:
            _download(
                run, _("Weights as safetensors"), "safetensors", partial(exchange.weights, run.id), ":material/grid_on:"
            )


def bring_in() -> None:
    """A field for a zip that was taken along elsewhere."""
    with st.popover(_("Bring in"), icon=":material/upload:"):
        file = st.file_uploader(
            _("A run's zip, saved by “Take along”"),
            type="zip",
            key=f"bring_in_{st.session_state.get('brought_in', 0)}",
            max_upload_size=LARGEST,
        )
        if file is not None:
            frame.safely(_bring_in)(file.getvalue())


def _bring_in(content: bytes) -> None:
    found = exchange.unpacked(content)
    verdict = diagnostics.at_end(found.config, found.curves, found.outcome)
    progress = Progress(found.step, found.config.total_steps, found.step / found.config.steps_per_epoch, found.seconds)
    name = found.name or names.describe(found.config)
    run_id = session.store().add_finished(
        session.student(),
        found.config,
        found.curves,
        found.outcome,
        found.result | {"verdict": verdict},
        progress,
        name=_("{name} (brought in)").format(name=name.removesuffix(_("{name} (brought in)").format(name=""))),
        note=found.note,
    )
    st.session_state["brought_in"] = st.session_state.get("brought_in", 0) + 1  # an empty field again
    st.session_state["compared"] = [run_id, *st.session_state.get("compared", [])]
    st.rerun()


def _download(run: Run, label: str, ending: str, make: Callable[[], bytes], icon: str) -> None:
    words = re.sub(r"[^A-Za-z0-9.]+", "-", names.run_title(run)).strip("-") or "run"
    file = f"events.out.tfevents.{words}-{run.id}" if ending == "tfevents" else f"{words}-{run.id}.{ending}"
    st.download_button(label, make, file, key=f"take_{ending}_{run.id}", icon=icon, on_click="ignore", type="tertiary")


def _curves(run_id: str) -> Curves:
    return watch.look(run_id).curves


def _settings(run: Run) -> bytes:
    return json.dumps(run.config.to_dict(), indent=1).encode()


def _events(run: Run) -> bytes:
    return exchange.events(_curves(run.id), run.started_at or run.created_at)


def _zip(run_id: str) -> bytes:
    view = watch.look(run_id)
    try:
        weights = exchange.weights(run_id)
    except CheckpointError:
        weights = None  # thinned out, or never kept: the rest is whole without them
    return exchange.packed(view.run, view.curves, weights)
