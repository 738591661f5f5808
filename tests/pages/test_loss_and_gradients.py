"""The page Loss and gradients."""

from __future__ import annotations

import re

import numpy as np
from streamlit.testing.v1 import AppTest

from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import texts


def test_the_perceptron_is_a_gate(open_page: Open) -> None:
    app = open_page("loss_and_gradients")
    assert "This is the AND" in texts(app)
    app.slider(key="perceptron_b").set_value(-0.5).run()
    assert "This is the OR" in texts(app)
    app.selectbox(key="perceptron_activation").set_value("sigmoid").run()
    assert "0.38, 0.62, 0.62, 0.82" in texts(app)
    app.slider(key="perceptron_w1").set_value(-2.0).run()
    app.slider(key="perceptron_w2").set_value(3.0).run()
    app.selectbox(key="perceptron_activation").set_value("leaky-relu").run()
    assert "-0.01, 2.50, -0.03, 0.50" in texts(app)  # sums of −0.5, 2.5, −2.5, 0.5
    for activation in ("tanh", "relu", "softplus", "gelu"):
        app.selectbox(key="perceptron_activation").set_value(activation).run()
    app.segmented_control(key="perceptron_picture").set_value("surface").run()
    assert not app.exception


def test_scores_to_loss_and_a_question(open_page: Open) -> None:
    app = open_page("loss_and_gradients")
    app.segmented_control(key="loss_and_gradients_view").set_value("classes").run()
    assert "cross-entropy −ln 0.659 = **0.417**" in texts(app)
    app.slider(key="cross_entropy_logit_0").set_value(-5.0).run()
    assert "**6.343**" in texts(app)
    app.segmented_control(key="cross_entropy_answer_0").set_value(0).run()
    assert "No: 0.417 against 1.841." in texts(app)
    app.segmented_control(key="cross_entropy_answer_0").set_value(1).run()
    assert "Right: 0.417 against 1.841." in texts(app)
    app.button(key="cross_entropy_next").click().run()
    assert "Squared error, true class 1" in texts(app)
    assert not app.exception


def test_sure_and_wrong(open_page: Open) -> None:
    app = open_page("loss_and_gradients")
    app.segmented_control(key="loss_and_gradients_view").set_value("binary").run()
    assert "Loss: **0.105**" in texts(app)
    app.segmented_control(key="binary_cross_entropy_target").set_value(0).run()
    assert "Loss: **2.303**" in texts(app)
    app.toggle(key="binary_cross_entropy_log").set_value(True).run()
    assert not app.exception


def test_two_valleys(open_page: Open) -> None:
    app = open_page("loss_and_gradients", view="valleys")
    assert "After 30 steps it is in the local minimum: weight 1.347" in texts(app)
    app.slider(key="local_minima_steps").set_value(1).run()
    assert "After 1 step it has not converged yet" in texts(app)
    app.slider(key="local_minima_steps").set_value(30).run()
    app.slider(key="local_minima_start").set_value(-2.0).run()
    assert "steps it is in the global minimum: weight" in texts(app)
    app.slider(key="local_minima_rate").set_value(1.0).run()
    app.slider(key="local_minima_start").set_value(2.5).run()
    assert "it has diverged." in texts(app)
    assert not app.exception


def test_a_network_from_scratch_beside_the_engine(open_page: Open, store: Store) -> None:
    app = open_page("loss_and_gradients", view="scratch")
    assert "Press **Train both**" in texts(app)
    app.button(key="from_scratch_train").click().run()
    student = app.session_state["student"]
    (analysis,) = store.analyses.newest(student, "scratch-comparison")
    assert analysis.parameters == {"dataset": "built-in", "learning_rate": 0.5, "iterations": 300}
    assert app.button(key="from_scratch_train").disabled
    losses = np.linspace(2.3, 0.5, 300)
    finish(store, analysis.id, losses, losses + 1e-6)
    app.run()
    assert "from scratch **0.500000**, MNIST Lab **0.500001**" in texts(app)
    assert "The curves coincide. They differ only in the last digits of float32" in texts(app)
    assert "took 1.00 ms from scratch and 0.50 ms in MNIST Lab" in texts(app)
    app.segmented_control(key="from_scratch_rate").set_value(1.5).run()
    assert "The curves coincide. They differ only in the last digits of float32" not in texts(
        app
    )  # each rate has a result of its own
    app.button(key="from_scratch_train").click().run()
    newest = store.analyses.newest(student, "scratch-comparison")[0]
    finish(store, newest.id, np.full(300, 2.304), np.full(300, 2.304))
    app.run()
    assert "Both collapse in the same way" in texts(app)
    app.select_slider(key="from_scratch_iterations").set_value(1_000).run()
    app.button(key="from_scratch_train").click().run()
    newest = store.analyses.newest(student, "scratch-comparison")[0]
    assert newest.parameters == {"dataset": "built-in", "learning_rate": 1.5, "iterations": 1_000}
    finish(store, newest.id, np.linspace(2.3, 0.1, 1_000), np.linspace(2.3, 0.2, 1_000))
    app.run()
    assert "The curves coincide at first" in texts(app)
    assert not app.exception


def finish(store: Store, analysis_id: str, scratch: np.ndarray, engine: np.ndarray) -> None:
    store.analyses.claim(analysis_id)
    store.analyses.finish(analysis_id, {"seconds": [0.3, 0.15]}, {"scratch": scratch, "engine": engine})


def test_a_round_of_training_step_by_step(open_page: Open) -> None:
    app = open_page("loss_and_gradients", view="backprop")
    assert r"= \mathbf{0.400}" in formulas(app)
    assert app.button(key="backpropagation_back").disabled
    app.slider(key="backpropagation_x1").set_value(2.0).run()
    assert r"0.500 \cdot 2.000 + (-0.400) \cdot 0.500 + 0.100 = \mathbf{0.900}" in formulas(app)
    app.slider(key="backpropagation_x1").set_value(1.0).run()
    app.slider(key="backpropagation_x2").set_value(-1.0).run()
    app.slider(key="backpropagation_x2").set_value(0.5).run()
    for _press in range(4):
        app.button(key="backpropagation_next").click().run()
    assert r"L &= -\ln p_1 = -\ln 0.424 = \mathbf{0.859}" in formulas(app)
    app.segmented_control(key="backpropagation_target").set_value(1).run()
    assert r"-\ln 0.576 = \mathbf{0.551}" in formulas(app)
    app.segmented_control(key="backpropagation_target").set_value(0).run()
    app.button(key="backpropagation_back").click().run()
    assert r"\frac{e^{s_1}}{e^{s_1} + e^{s_2}}" in formulas(app)
    app.slider(key="backpropagation_stage").set_value(12).run()
    assert "The loss fell from **0.8590** to **0.3785**" in texts(app)
    app.button(key="backpropagation_round").click().run()
    assert "Loss of the iterations so far: 0.859" in texts(app)
    assert r"w_{12}\,x_2" in formulas(app)
    app.slider(key="backpropagation_stage").set_value(5).run()
    assert r"\mathbf{0.378}" in formulas(app)  # the round begins where the last one came to
    app.button(key="backpropagation_reset").click().run()
    assert "Loss of the iterations so far:" not in texts(app)
    assert not app.exception


def test_rounds_at_a_high_rate_end_in_a_sentence_and_a_shorter_loss_has_fewer_steps(open_page: Open) -> None:
    app = open_page("loss_and_gradients", view="backprop")
    app.slider(key="backpropagation_stage").set_value(12).run()
    app.segmented_control(key="backpropagation_loss").set_value("squared-error").run()
    assert app.slider(key="backpropagation_stage").max == 11
    assert app.slider(key="backpropagation_stage").value == 11
    app.segmented_control(key="backpropagation_activation").set_value("relu").run()
    app.select_slider(key="backpropagation_rate").set_value(10.0).run()
    for _round in range(4):
        if app.button(key="backpropagation_round").disabled:
            break
        app.button(key="backpropagation_round").click().run()
        app.slider(key="backpropagation_stage").set_value(11).run()
    assert app.button(key="backpropagation_round").disabled
    assert ": they have diverged" in texts(app)
    assert not app.exception
    app.button(key="backpropagation_reset").click().run()
    assert r"= \mathbf{0.400}" in formulas(app)


def formulas(app: AppTest) -> str:
    return " ".join(formula.value for formula in app.latex)


def test_numerical_gradient_beside_backpropagation(open_page: Open) -> None:
    app = open_page("loss_and_gradients", view="check")
    assert "12 of the 7,960 weights and biases were changed" in texts(app)
    assert "**. With the 79,510 parameters of 784-100-10: **" in texts(app)
    app.select_slider(key="gradient_check_hidden").set_value(100).run()
    assert "12 of the 79,510 weights" in texts(app)
    app.select_slider(key="gradient_check_hidden").set_value(1).run()
    assert "12 of the 805 weights" in texts(app)
    assert re.search(r"differ by at most \*\*\d·10⁻(¹.|⁸|⁹)\*\*", texts(app))
    app.select_slider(key="gradient_check_step").set_value(1e-10).run()
    assert re.search(r"differ by at most \*\*\d·10⁻(⁵|⁶|⁷)\*\*", texts(app))
    assert not app.exception
