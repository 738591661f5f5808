"""Export a run: a report, curves, settings, weights, a script, a notebook, or all of it as one zip that another installation imports."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from mnist_core import diagnostics, exchange
from mnist_core.errors import StoreError
from mnist_core.exchange import onnx_file
from mnist_core.messages import N_
from mnist_core.networks import weights
from mnist_core.networks.weights import Which
from mnist_core.panels import report_panel
from mnist_core.records import Curves, Progress, Run
from mnist_core.ui import download, frame, names, session, visits, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

MOST_CHOSEN = 6  # runs of a zip that Compare shows at once
LARGEST = 10  # MB of a zip that is imported; the server takes no more (.streamlit/config.toml)
_LABELS: Mapping[Which, str] = {
    "last": N_("Last weights as safetensors (step {step})"),
    "best": N_("Best weights as safetensors (step {step})"),
}

_ONNX_LABELS: Mapping[Which, str] = {
    "last": N_("Last weights as ONNX (step {step})"),
    "best": N_("Best weights as ONNX (step {step})"),
}


def draw(panel: Panel, run: Run) -> None:
    """The button with what there is to take; each thing is made when it is asked for."""
    with st.popover(_("Export"), icon=":material/download:"):
        st.caption(_("To save a chart, use the camera above it for a PNG or the button beside the camera for an SVG."))
        report_panel.of_run(panel, run)
        steps = weights.saved_steps(run.id) if run.checkpoint_step is not None else {}
        if run.state == "finished":
            with_weights = bool(steps) and _with_weights(panel, run, len(steps))
            _download(
                panel,
                run,
                _("Everything as one zip"),
                "zip",
                partial(_zip, run.id, with_weights),
                ":material/folder_zip:",
            )
        _download(
            panel, run, _("Curves as CSV"), "csv", lambda: exchange.curves_csv(_curves(run.id)), ":material/table:"
        )
        _download(
            panel,
            run,
            _("Curves as Parquet"),
            "parquet",
            lambda: exchange.curves_parquet(_curves(run.id)),
            ":material/table:",
        )
        _download(panel, run, _("Settings as JSON"), "json", partial(_settings, run), ":material/data_object:")
        _download(
            panel, run, _("Script in plain PyTorch"), "py", lambda: exchange.script_of(run).encode(), ":material/code:"
        )
        for label, ending, plain in (
            (_("Notebook with MNIST Lab"), "ipynb", False),
            (_("Notebook in plain PyTorch"), "pytorch.ipynb", True),
        ):
            _download(panel, run, label, ending, partial(_notebook, run, plain), ":material/book_2:")
        _download(panel, run, _("TensorBoard events"), "tfevents", partial(_events, run), ":material/monitoring:")
        for which, step in steps.items():
            label = _(_LABELS[which]).format(step=f"{step:,}")
            _download(panel, run, label, f"{which}.safetensors", partial(_weights, run.id, which), ":material/grid_on:")
            if onnx_file.available():
                label = _(_ONNX_LABELS[which]).format(step=f"{step:,}")
                _download(panel, run, label, f"{which}.onnx", partial(_onnx, run, which), ":material/schema:")
        if "best" in steps:
            st.caption(
                _("Best weights: those with the highest validation accuracy. Among equals, the lower loss counts.")
            )


def _with_weights(panel: Panel, run: Run, files: int) -> bool:
    """Whether the zip is to hold the weights: they make it larger, maybe too large to be imported."""
    megabytes = files * exchange.size(run.config) / 1e6
    include = panel.toggle(
        f"take_weights_{run.id}",
        _("Include the weights in the zip ({size} MB)").format(size=f"{megabytes:.1f}"),
        megabytes < LARGEST - 1,
        help=_("With the weights, the imported run can be opened on the Inspect page."),
    )
    if include and megabytes > LARGEST - 1:
        text = _("A zip larger than {most} MB cannot be imported. Leave the weights out, and download them separately.")
        st.caption(f":material/warning: {text.format(most=LARGEST)}")
    return include


def import_field() -> None:
    """A field for a zip that was exported elsewhere."""
    with st.popover(_("Import"), icon=":material/upload:"):
        file = st.file_uploader(
            _("Zip of a run, or of a round’s runs, saved in MNIST Lab"),
            type="zip",
            key=f"bring_in_{st.session_state.get('brought_in', 0)}",
            max_upload_size=LARGEST,
        )
        text = _(
            "Up to {most} MB. This is enough for any run without weights, or for a run with the last and best weights of a network of up to about {parameters} parameters."
        )
        st.caption(text.format(most=LARGEST, parameters=f"{(LARGEST - 1) * 1_000_000 // 8:,}"))
        if file is not None:
            frame.safely(_import)(file)


def _import(file: UploadedFile) -> None:
    content = file.getvalue()
    for _run in exchange.unpacked_all(content):
        pass  # where one of them is damaged, none is kept
    run_ids = [_keep(imported) for imported in exchange.unpacked_all(content)]
    visits.forget(file)
    st.session_state["brought_in"] = st.session_state.get("brought_in", 0) + 1  # an empty field again
    st.session_state["compared"] = [*run_ids[:MOST_CHOSEN], *st.session_state.get("compared", [])]
    st.rerun()


def _keep(imported: exchange.Imported) -> str:
    """Make a run of the student's of what came in; returns its id."""
    verdict = diagnostics.at_end(imported.config, imported.curves, imported.outcome, imported.result)
    config, step = imported.config, imported.step
    progress = Progress(step, config.total_steps, step / config.steps_per_epoch, imported.seconds)
    run_id, last = secrets.token_hex(5), imported.weights.get("last")
    if last is not None:
        weights.keep(run_id, last, imported.weights.get("best"))
    try:
        session.store().runs.add_finished(
            session.student(),
            config,
            imported.curves,
            imported.outcome,
            imported.result | {"verdict": verdict, names.IMPORTED: True},
            progress,
            name=names.not_imported(imported.name),
            note=imported.note,
            run_id=run_id,
            checkpoint_step=None if last is None else last.step,
        )
    except StoreError:
        weights.forget(run_id)
        raise
    return run_id


def _download(panel: Panel, run: Run, label: str, ending: str, make: Callable[[], bytes], icon: str) -> None:
    words = download.words(names.run_title(run), "run")
    file = f"events.out.tfevents.{words}-{run.id}" if ending == "tfevents" else f"{words}-{run.id}.{ending}"
    key = panel.key(f"take_{ending.replace('.', '_')}_{run.id}")
    download.button(label, make, file, key=key, icon=icon, kind="tertiary")


def _curves(run_id: str) -> Curves:
    return watch.look(run_id).curves


def _settings(run: Run) -> bytes:
    return exchange.settings_json(run).encode()


def _notebook(run: Run, plain: bool) -> bytes:
    return exchange.notebook_of(run, plain=plain).encode()


def _events(run: Run) -> bytes:
    return exchange.events(_curves(run.id), run.started_at or run.created_at)


def _zip(run_id: str, with_weights: bool) -> bytes:
    view = watch.look(run_id)
    snapshots = (
        {which: exchange.snapshot(run_id, which) for which in weights.saved_steps(run_id)} if with_weights else {}
    )
    return exchange.packed(view.run, view.curves, snapshots)


def _weights(run_id: str, which: Which) -> bytes:
    return exchange.safetensors(exchange.snapshot(run_id, which))


def _onnx(run: Run, which: Which) -> bytes:
    return onnx_file.onnx_file(run.config, exchange.snapshot(run.id, which))
