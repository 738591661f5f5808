"""Which run is shown where nobody has chosen one: never a range test, whose network ends broken on purpose, and for its weights one that is over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.inspected_runs import CONFIG, run_with_weights, with_answers


def end(store: Store, owner: str, run_ids: Sequence[str]) -> None:
    """These runs are over, and what they answer is known."""
    for run_id in run_ids:
        store.record_writer.finish(run_id, "completed", {})
        with_answers(store, owner, run_id, np.tile(np.eye(10)[3], (CONFIG.validation_size, 1)))


def go_to(app: AppTest, page: str, query: dict[str, str]) -> None:
    app.switch_page(f"pages/{page}.py")
    app.session_state["address_ready"] = True
    app.query_params.update(query)
    app.run()
    assert not app.exception


@pytest.mark.parametrize(
    ("page", "query", "key"),
    [
        ("inspect", {}, "inspected"),
        ("inspect", {"view": "mistakes", "mistakes_view": "beside"}, "mistakes_other"),
        ("why", {"view": "landscape"}, "landscape_run"),
        ("why", {"view": "inside"}, "inside_layers_run"),
        ("data", {"view": "samples", "samples_order": "run"}, "samples_rank_run"),
    ],
)
def test_a_range_test_is_offered_last(
    built_in: None, open_page: Open, store: Store, page: str, query: dict[str, str], key: str
) -> None:
    app = open_page()
    owner = app.session_state["student"]
    runs = [run_with_weights(store, owner, answer=3, **more) for more in ({}, {}, {"schedule": "rising"})]
    end(store, owner, runs)
    go_to(app, page, query)
    box = app.selectbox(key=key)
    assert box.value in runs[:2]
    assert "Range test" in box.options[-1]


@pytest.mark.parametrize(
    ("page", "query", "key"),
    [
        ("inspect", {}, "inspected"),
        ("inspect", {"view": "mistakes", "mistakes_view": "beside"}, "mistakes_other"),
        ("why", {"view": "landscape"}, "landscape_run"),
    ],
)
def test_weights_that_still_change_are_not_looked_into_by_themselves(
    built_in: None, open_page: Open, store: Store, page: str, query: dict[str, str], key: str
) -> None:
    app = open_page()
    owner = app.session_state["student"]
    over = [run_with_weights(store, owner, answer=3) for _number in range(2)]
    end(store, owner, over)
    run_with_weights(store, owner, answer=3)  # newer, and it trains
    go_to(app, page, query)
    box = app.selectbox(key=key)
    assert box.value in over
    assert len(box.options) == 3 - (key == "mistakes_other")  # what trains may be chosen


def test_robustness_compares_with_no_range_test_by_itself(built_in: None, open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    owner = app.session_state["student"]
    other, run_id = (run_with_weights(store, owner, answer=3) for _number in range(2))
    run_with_weights(store, owner, answer=3, schedule="rising")
    app.query_params.update({"view": "disturb", "run": run_id})
    app.run()
    chosen = app.multiselect(key="disturbed_others")
    assert chosen.value == [other]
    assert len(chosen.options) == 2  # it may be chosen
