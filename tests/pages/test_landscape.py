"""The landscape on the page Why it breaks: the run, the plane, the button, the result; without a worker."""

from __future__ import annotations

from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from mnist_core.config import RunConfig
from mnist_core.messages import message
from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import texts

CONFIG = RunConfig(dataset="built-in")


def run_with_weights(store: Store, owner: str) -> str:
    run_id = store.runs.create(owner, CONFIG)
    store.queue.claim(run_id, "worker", 1)
    store.record_writer.publish([Report(run_id, Progress(40, CONFIG.total_steps), Curves(), checkpoint=True)])
    return run_id


def opened(open_page: Open, store: Store, *, runs: int = 1) -> tuple[AppTest, list[str]]:
    """The view of a student who has so many runs with weights."""
    app = open_page("why")
    ids = [run_with_weights(store, app.session_state["student"]) for _number in range(runs)]
    return app.segmented_control(key="why_view").set_value("landscape").run(), ids


def finish(store: Store, analysis_id: str, **values: Any) -> None:
    store.analyses.claim(analysis_id)
    grid = np.linspace(-1, 1, 5)
    losses = np.square(grid[None]) + np.square(grid[:, None]) + 0.1
    losses[0, 0] = np.inf
    arrays = {
        "xs": grid,
        "ys": grid,
        "losses": losses,
        "path": np.array([[-0.5, 0.5], [0, 0]]),
        "steps": np.array([0, 40]),
    }
    common = {"plane": "path", "explained": [0.8, 0.15], "images": 1000, "step": 40, "reached": 40}
    store.analyses.finish(analysis_id, common | values, arrays)


def test_without_a_run_it_says_what_to_do(open_page: Open, store: Store) -> None:
    app, _ids = opened(open_page, store, runs=0)
    assert "You have no run with saved weights yet" in texts(app)
    assert not [button for button in app.button if button.key == "landscape_compute"]


def test_from_the_button_to_the_charts(open_page: Open, store: Store) -> None:
    app, (run_id,) = opened(open_page, store)
    app.button(key="landscape_compute").click().run()
    (analysis,) = store.analyses.newest(app.session_state["student"], "landscape")
    assert analysis.parameters == {"run": run_id, "plane": "path"}
    assert app.button(key="landscape_compute").disabled
    finish(store, analysis.id)
    app.run()
    assert "95% of the squared distances" in texts(app)
    assert "5 × 5 points, 1,000 training images each" in texts(app)
    assert "At 1 point the loss is not finite" in texts(app)
    assert "No trajectory was saved for this run" not in texts(app)
    assert not app.button(key="landscape_compute").disabled
    app.session_state["landscape_plane"] = "random"
    app.run()
    assert "squared distances" not in texts(app)  # each plane has a result of its own


def test_a_run_without_a_path_says_so(open_page: Open, store: Store) -> None:
    app, (run_id,) = opened(open_page, store)
    analysis_id = store.analyses.create(app.session_state["student"], "landscape", {"run": run_id, "plane": "path"})
    finish(store, analysis_id, plane="random", explained=None, step=20, reached=30)
    app.run()
    assert "No trajectory was saved for this run" in texts(app)
    assert "The run has trained further since then" in texts(app)
    assert "After step 20 the weights of this run are no longer finite" in texts(app)


def test_it_can_be_cancelled_and_a_failure_is_a_sentence(open_page: Open, store: Store) -> None:
    app, (run_id,) = opened(open_page, store)
    app.button(key="landscape_compute").click().run()
    app.button(key="landscape_cancel_landscape").click().run()
    assert "Stopped before it finished." in texts(app)
    analysis_id = store.analyses.create(app.session_state["student"], "landscape", {"run": run_id, "plane": "path"})
    store.analyses.fail(analysis_id, message("Nothing to see."))
    app.run()
    assert "Nothing to see." in texts(app)


def test_the_page_in_korean(open_page: Open, store: Store) -> None:
    app = open_page("why", lang="ko")
    run_with_weights(store, app.session_state["student"])
    app.segmented_control(key="why_view").set_value("landscape").run()
    assert app.button(key="landscape_compute").label == "손실 지형 계산하기"
