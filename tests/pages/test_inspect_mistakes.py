"""The Inspect page without a browser: mistakes, of one run and beside another."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import data
from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Store
from mnist_core.ui import seal
from tests.pages.conftest import Open
from tests.pages.content import texts
from tests.pages.inspected_runs import CONFIG, run_with_weights, with_answers


@pytest.fixture
def mistaken(built_in: None, open_page: Open, store: Store) -> AppTest:
    """The Mistakes view of a run that takes every validation image for a 3, surely."""
    app = open_page("inspect")
    owner = app.session_state["student"]
    run_id = run_with_weights(store, owner, answer=3)
    with_answers(store, owner, run_id, np.tile(np.eye(10)[3], (CONFIG.validation_size, 1)))
    app.query_params["view"] = "mistakes"
    return app.run()


def test_mistakes_of_a_run(mistaken: AppTest) -> None:
    labels = data.load_dataset("built-in").train_labels[-CONFIG.validation_size :]
    right = int((labels == 3).sum())
    assert f"{right:,} of {CONFIG.validation_size:,} images are classified correctly" in texts(mistaken)
    assert "Most confident mistakes" in texts(mistaken)
    mistaken.session_state["mistakes_cell"] = (7, 3)
    mistaken.run()
    assert f"True class 7, answered 3: {int((labels == 7).sum()):,}" in texts(mistaken)
    assert "The network's answer: 3 (100%)" in texts(mistaken)
    mistaken.session_state["mistakes_view"] = "sure"
    mistaken.run()
    assert f"Mean confidence 100.00%, accuracy {right / len(labels):.2%}" in texts(mistaken)


def test_the_address_names_the_cell(mistaken: AppTest) -> None:
    assert "cell" not in mistaken.query_params
    mistaken.query_params["cell"] = "7-3"
    mistaken.run()
    assert "True class 7, answered 3" in texts(mistaken)
    assert mistaken.query_params["cell"] == "7-3"
    mistaken.button(key="mistakes_all").click().run()
    assert "True class" not in texts(mistaken)
    assert "cell" not in mistaken.query_params
    mistaken.query_params["cell"] = "12-3"
    mistaken.run()
    assert "True class" not in texts(mistaken)
    assert "cell" not in mistaken.query_params


def test_mistakes_beside_another_run(mistaken: AppTest, store: Store) -> None:
    mistaken.session_state["mistakes_view"] = "beside"
    mistaken.run()
    assert "Train another network on the same data" in texts(mistaken)
    owner = mistaken.session_state["student"]
    other = run_with_weights(store, owner, answer=5)
    with_answers(store, owner, other, np.tile(np.eye(10)[5], (CONFIG.validation_size, 1)))
    mistaken.run()
    labels = data.load_dataset("built-in").train_labels[-CONFIG.validation_size :]
    of_threes, of_fives = (int((labels == digit).sum()) for digit in (3, 5))
    assert f"only this run gets {of_threes:,} right, only the other gets {of_fives:,} right" in texts(mistaken)
    # Beneath what this run gets right stands what the other one says, and the other way round.
    assert "The other run's answer: 5 (100%)" in texts(mistaken)
    assert "This run's answer: 3 (100%)" in texts(mistaken)
    assert "Below each image: the other run's answer" in texts(mistaken)
    assert "The network's answer" not in texts(mistaken)


def test_sealed_test_images_are_not_offered(mistaken: AppTest) -> None:
    parts = [group for group in mistaken.get("button_group") if group.proto.id.endswith("mistakes_part")]
    assert "Test" in str(parts[0].proto)
    seal._keep(mistaken.session_state["student"], {"sealed": True, "opened": 0})  # in another tab
    mistaken.run()
    parts = [group for group in mistaken.get("button_group") if group.proto.id.endswith("mistakes_part")]
    assert "Validation" in str(parts[0].proto)
    assert "Test" not in str(parts[0].proto)


def test_what_a_run_was_is_computed_again_by_itself_at_rest_and_by_a_button_while_it_trains(
    mistaken: AppTest, store: Store
) -> None:
    owner = mistaken.session_state["student"]
    (run,) = store.runs.newest(owner)

    def states() -> list[str]:
        return [analysis.state for analysis in store.analyses.newest(owner, "answers")]

    assert not [button for button in mistaken.button if button.key == "again_answers"]
    store.record_writer.publish([Report(run.id, Progress(60, CONFIG.total_steps), Curves(), checkpoint=True)])
    mistaken.run()
    assert "The run has trained further since then" in texts(mistaken)
    assert "images are classified correctly." in texts(mistaken)
    assert states() == ["finished"]  # not by itself
    mistaken.button(key="again_answers").click().run()
    assert states() == ["queued", "finished"]
    with_answers(store, owner, run.id, np.tile(np.eye(10)[3], (CONFIG.validation_size, 1)))
    assert states()[0] == "finished"  # the newest, of step 40 as the first
    store.record_writer.finish(run.id, "completed", {})
    mistaken.run()
    assert states()[0] == "queued"
