"""How the Compare page grows with the runs in the store: the time of its script, and the bytes of a run.

The page's script runs in this process by Streamlit's AppTest, without a browser and without a cluster; what a browser
adds does not grow with the runs, since the table draws only the rows that are seen.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from mnist_core import settings
from mnist_core.bench.report import Figure, Report, median
from mnist_core.config import RunConfig
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves, Progress
from mnist_core.store import Store, open_store

COUNTS = (10, 100, 1_000, 5_000)
POINTS, EVALUATIONS = 1_000, 60  # records of a run
ROUNDS = 3
TARGETED = 1_000  # runs
PAGE, AGAIN, RUN = 1.5, 0.3, 150.0  # seconds, seconds, kB; at most, of so many runs
TIMED = {
    "the page": PAGE,
    "the page again": AGAIN,
    "a search": AGAIN,
    "a filter by a range": AGAIN,
    "filters by three columns": AGAIN,
}
STUDENT = "bench"
_APP = settings.APP / "app.py"


def measure(counts: Sequence[int] = COUNTS) -> Report:
    """Fill a store with so many runs each, and time the page."""
    logging.disable(logging.WARNING)  # Streamlit warns of a page that no server runs
    try:
        return _measured(counts)
    finally:
        logging.disable(logging.NOTSET)


def _measured(counts: Sequence[int]) -> Report:
    samples: dict[str, list[float]] = {}
    figures: list[Figure] = []
    for count in counts:
        print(f"{count:,} runs …", file=sys.stderr)
        with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, {"MNIST_LAB_HOME": home}):
            os.environ.pop("MNIST_LAB_STORE", None)
            _fill(count)
            size = sum(file.stat().st_size for file in Path(home).rglob("*") if file.is_file()) / count / 1_000
            timings = [_timed() for _round in range(ROUNDS)]
        is_targeted = count == TARGETED
        for place, (name, most) in enumerate(TIMED.items()):
            label = f"{count:,} runs: {name}"
            samples[label] = [timing[place] for timing in timings]
            figures.append(median(label, samples[label], "s", most=most if is_targeted else None, at=count))
        figures.append(
            Figure(f"{count:,} runs: one of them in the store", size, "kB", most=RUN if is_targeted else None)
        )
    return Report(figures, samples)


def _fill(count: int) -> None:
    random = np.random.default_rng(1)
    steps, evaluations = np.zeros(POINTS, STEP_DTYPE), np.zeros(EVALUATIONS, EVALUATION_DTYPE)
    steps["step"] = 1 + np.arange(POINTS)
    evaluations["step"] = np.linspace(0, POINTS, EVALUATIONS)
    for rows in (steps, evaluations):
        for name in rows.dtype.names or ():
            if name not in ("step", "steps"):
                rows[name] = random.random(len(rows))
    store: Store = open_store()
    for number in range(count):
        config = RunConfig(
            learning_rate=float(10 ** random.uniform(-3, 1)),
            batch_size=int(random.choice([10, 100, 1_000])),
            optimizer="sgd" if number % 2 else "adam",
            seed=number,
        )
        result = {f"{part}_accuracy": float(random.random()) for part in ("train", "validation", "test")}
        progress = Progress(POINTS, config.total_steps, 1.0, 2.0)
        store.runs.add_finished(STUDENT, config, Curves(steps, evaluations), "completed", result, progress)
    store.close()


@contextmanager
def _stores_of_its_own() -> Iterator[None]:
    """The pages open the store anew, and it is closed at the end."""
    stores: dict[str, Store] = {}
    with patch("mnist_core.ui.session._stores", stores):
        try:
            yield
        finally:
            for store in stores.values():
                store.close()


def _timed() -> tuple[float, ...]:
    """Seconds of the page's script for each of `TIMED`: at first, again, and after something was typed or chosen."""
    from streamlit.testing.v1 import AppTest  # noqa: TID251 - the page is run, nothing is drawn with it

    with patch("mnist_core.jobs.keeper.keep_cluster", lambda: None), _stores_of_its_own():
        app = AppTest.from_file(str(_APP), default_timeout=60)
        app.session_state["student"], app.session_state["student_known"] = STUDENT, True
        app.run()
        page = _seconds(app.switch_page("pages/compare.py").run)
        repeated = _seconds(app.run)
        search = _seconds(app.text_input(key="compare_search").set_value("sgd 100").run)
        app.text_input(key="compare_search").set_value("")
        app.multiselect(key="filter_columns").set_value(["learning_rate", "batch_size", "validation_accuracy"]).run()
        ranged = _seconds(app.number_input(key="filter_to_learning_rate").set_value(1.0).run)
        app.multiselect(key="filter_batch_size").set_value([10, 100])
        several = _seconds(app.number_input(key="filter_from_validation_accuracy").set_value(20.0).run)
        assert not app.exception
        assert len(app.dataframe[0].value)
    return page, repeated, search, ranged, several


def _seconds(act: Callable[[], Any]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
