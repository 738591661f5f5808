"""The page Loss and gradients."""

from __future__ import annotations

import numpy as np

from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.test_train import texts


def test_the_perceptron_is_a_gate(open_page: Open) -> None:
    app = open_page("loss_and_gradients")
    assert "This is the gate AND" in texts(app)
    app.slider(key="perceptron_b").set_value(-0.5).run()
    assert "This is the gate OR" in texts(app)
    app.segmented_control(key="perceptron_activation").set_value("sigmoid").run()
    assert "0.38, 0.62, 0.62, 0.82" in texts(app)
    assert not app.exception


def test_scores_to_loss_and_a_question(open_page: Open) -> None:
    app = open_page("loss_and_gradients")
    app.segmented_control(key="loss_view").set_value("classes").run()
    assert "cross-entropy −ln 0.659 = **0.417**" in texts(app)
    app.slider(key="loss_logit_0").set_value(-5.0).run()
    assert "**6.343**" in texts(app)
    app.segmented_control(key="loss_answer_0").set_value(0).run()
    assert "No: 0.417 against 1.841." in texts(app)
    app.segmented_control(key="loss_answer_0").set_value(1).run()
    assert "Right: 0.417 against 1.841." in texts(app)
    app.button(key="loss_next").click().run()
    assert "Squared error, true class 1" in texts(app)
    assert not app.exception


def test_sure_and_wrong(open_page: Open) -> None:
    app = open_page("loss_and_gradients")
    app.segmented_control(key="loss_view").set_value("binary").run()
    assert "Loss: **0.105**" in texts(app)
    app.segmented_control(key="binary_target").set_value(0).run()
    assert "Loss: **2.303**" in texts(app)
    app.toggle(key="binary_log").set_value(True).run()
    assert not app.exception


def test_two_valleys(open_page: Open) -> None:
    app = open_page("loss_and_gradients", view="valleys")
    assert "it lies in the shallow valley: weight 1.347" in texts(app)
    app.slider(key="hills_start").set_value(-2.0).run()
    assert "it lies in the deep valley" in texts(app)
    app.slider(key="hills_rate").set_value(1.0).run()
    app.slider(key="hills_start").set_value(2.5).run()
    assert "out of sight" in texts(app)
    assert not app.exception


def test_a_network_from_scratch_beside_the_engine(open_page: Open, store: Store) -> None:
    app = open_page("loss_and_gradients", view="scratch")
    assert "Press **Train both**" in texts(app)
    app.button(key="scratch_train").click().run()
    student = app.session_state["student"]
    (study,) = store.list_studies(student, "scratch")
    assert study.parameters == {"dataset": "built-in", "rate": 0.5, "iterations": 300}
    assert app.button(key="scratch_train").disabled
    losses = np.linspace(2.3, 0.5, 300)
    finish(store, study.id, losses, losses + 1e-6)
    app.run()
    assert "from scratch **0.500000**, MNIST Lab **0.500001**" in texts(app)
    assert "The curves are one" in texts(app)
    assert "took 1.00 ms from scratch, 0.50 ms in MNIST Lab" in texts(app)
    app.segmented_control(key="scratch_rate").set_value(1.5).run()
    assert "The curves are one" not in texts(app)  # each rate has a result of its own
    app.button(key="scratch_train").click().run()
    newest = store.list_studies(student, "scratch")[0]
    finish(store, newest.id, np.full(300, 2.304), np.full(300, 2.304))
    app.run()
    assert "Both collapse alike" in texts(app)
    app.select_slider(key="scratch_iterations").set_value(1_000).run()
    app.button(key="scratch_train").click().run()
    newest = store.list_studies(student, "scratch")[0]
    assert newest.parameters == {"dataset": "built-in", "rate": 1.5, "iterations": 1_000}
    finish(store, newest.id, np.linspace(2.3, 0.1, 1_000), np.linspace(2.3, 0.2, 1_000))
    app.run()
    assert "They begin as one curve" in texts(app)
    assert not app.exception


def finish(store: Store, study_id: str, scratch: np.ndarray, engine: np.ndarray) -> None:
    store.claim_study(study_id)
    store.finish_study(study_id, {"seconds": [0.3, 0.15]}, {"scratch": scratch, "engine": engine})
