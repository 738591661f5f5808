"""The plane in a real browser: its script reckons as NumPy does; a network learns, breaks, and says which."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from mnist_core.ideas.two_inputs.plane import concept
from mnist_core.ideas.two_inputs.plane.concept import Activation, Loss, Rule, Weights
from mnist_core.ideas.two_inputs.plane.panel import SCRIPTS
from tests.browser.browsers import Browsers
from tests.browser.conftest import Open
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
STEPS = 1_000
# Trains as the page does, and tells each batch.
TRAIN = """
const [sources, settings, steps, done] = arguments;
const load = (source) => import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
Promise.all(sources.map(load)).then((modules) => {
  const kit = Object.assign({}, ...modules);
  const points = kit.pointsOf(kit, settings, "");
  const training = new kit.Training(kit, settings, points);
  const { network, batches } = training;
  const first = [...network.parameters];
  const used = [];
  const next = batches.next.bind(batches);
  batches.next = (size) => {
    const count = next(size);
    used.push([...batches.rows.slice(0, count)]);
    return count;
  };
  for (let step = 0; step < steps; step += 1) training.advance();
  const last = [...network.parameters];
  const loss = network.measure(training.train);
  const sharpness = network.sharpness(training.train, 500);
  const untouched = last.every((value, n) => value === network.parameters[n]);
  done({ places: [...points.train.places], targets: [...points.train.targets], first, used, last, loss, sharpness, untouched });
}).catch((error) => done({ error: String(error) }));
"""


@pytest.fixture
def blank(browsers: Browsers) -> Any:
    """A browser without a page."""
    browser = browsers.take("en-US", (800, 600))
    browser.get("about:blank")
    yield browser
    browsers.give_back()


def trained(browser: WebDriver, settings: dict[str, Any]) -> dict[str, Any]:
    """What the page's own script makes of these settings."""
    files = ("network.js", "points.js", "training.js")
    sources = [(SCRIPTS / file).read_text(encoding="utf-8") for file in files]
    answer: dict[str, Any] = browser.execute_async_script(TRAIN, sources, settings, STEPS)
    assert "error" not in answer, answer
    return answer


def shaped(vector: list[float], sizes: list[int]) -> Weights:
    like = [(np.zeros((after, before)), np.zeros(after)) for before, after in itertools.pairwise(sizes)]
    return concept.unflat(np.array(vector), like)


@pytest.mark.parametrize(
    ("activation", "loss", "penalty"),
    [("tanh", "cross-entropy", "none"), ("relu", "cross-entropy", "l2"), ("sigmoid", "squared-error", "l1")],
)
def test_a_thousand_steps_are_those_of_numpy(
    blank: WebDriver, activation: Activation, loss: Loss, penalty: str
) -> None:
    features, units = ["x", "y", "x2", "sin-y"], [5, 3]
    network = {"features": features, "units": units, "activation": activation, "loss": loss}
    points = {"data": "spiral", "noise": 0.2, "seed": 3}
    answer = trained(
        blank, {**network, **points, "rate": 0.1, "batch": 7, "regularization": penalty, "strength": 0.003}
    )
    rule = Rule(activation, loss, **({} if penalty == "none" else {penalty: 0.003}))
    x = concept.inputs(np.array(answer["places"]).reshape(-1, 2), features)
    target = np.array(answer["targets"], float)
    weights = shaped(answer["first"], [len(features), *units, 1])
    assert len(answer["used"]) == STEPS
    for rows in answer["used"]:
        weights = concept.step(weights, x[rows], target[rows], rule, 0.1)
    expected = concept.flat(weights)
    assert np.abs(expected - answer["first"]).max() > 0.3
    np.testing.assert_allclose(answer["last"], expected, rtol=0, atol=1e-9)
    assert answer["loss"] == pytest.approx(concept.loss(weights, x, target, rule), abs=1e-9)
    assert answer["sharpness"] == pytest.approx(concept.sharpness(weights, x, target, rule), rel=0.01)
    assert answer["untouched"]


def part(page: Page, name: str) -> str:
    found = page.find(".mnist-lab-plane")
    return str(found[0].get_attribute(f"data-{name}")) if found else ""


def press(page: Page, button: str) -> None:
    page.find(f".mnist-lab-plane .{button}")[0].click()


def test_a_network_learns_and_breaks_and_says_which(open_browser: Open) -> None:
    page = open_browser().open("/two_inputs?plane_data=clusters&plane_speed=3000")  # names that earlier versions wrote
    wait_until(lambda: part(page, "verdict") == "ready")
    press(page, "one")
    assert part(page, "step") == "1"
    press(page, "play")
    wait_until(lambda: part(page, "verdict") == "learning" and page.says("100% of the test points are right"))
    page.move("plane_rate", Keys.END)  # of what trains, without a new start
    wait_until(lambda: "?data=clusters&" in page.address and "&rate=30" in page.address)
    rate = "return document.querySelector('.mnist-lab-plane').view.training.rate"
    wait_until(lambda: page.browser.execute_script(rate) == 30)
    assert int(part(page, "step")) > 1
    page.open("/two_inputs?data=spiral&rate=3&loss=squared-error&speed=3000")
    wait_until(lambda: part(page, "verdict") == "ready")
    press(page, "play")
    page.wait_for("Diverged. At step")
    assert part(page, "playing") == "false"
    assert "The learning rate 3 is too high" in page.find(".mnist-lab-plane .said")[0].get_attribute("textContent")
    left = "const { leftAt, brokenAt, peak, top } = document.querySelector('.mnist-lab-plane').view.training; return [leftAt, brokenAt, peak, top]"
    left_at, broken_at, peak, top = page.browser.execute_script(left)
    assert left_at < broken_at  # how it went is seen, though all of it was between two pictures
    assert top < peak
    page.choose("plane_shown", "Eight learning rates")
    wait_until(lambda: part(page, "verdict") == "eight")
    press(page, "play")
    page.wait_for("Diverged or collapsed: 3, 10.")
    assert len(page.find(".mnist-lab-plane .small-planes canvas[role=img]")) == 8
    wait_until(lambda: len(page.find('.mnist-lab-plane .eight [data-verdict="diverged"]')) == 2)
    step = int(part(page, "step"))
    page.find(".mnist-lab-plane .small-planes button")[4].click()
    wait_until(lambda: "&rate=0.3" in page.address or "shown=" not in page.address)
    rates = "return document.querySelector('.mnist-lab-plane').view.trainings.map((one) => one.rate)"
    wait_until(lambda: page.browser.execute_script(rates) == [0.3])
    assert int(part(page, "step")) >= step  # the network that had trained there, not a new one


def test_points_painted_by_keyboard_are_in_the_address(open_browser: Open) -> None:
    page = open_browser().open("/two_inputs?data=painted")
    page.wait_for("No points yet.")
    page.find(".mnist-lab-plane .ground canvas[tabindex]")[0].send_keys(" ", Keys.ARROW_RIGHT * 5, "0 ")
    wait_until(lambda: "&painted=WW1" in page.address)
    address = page.address
    press(page, "clear")
    page.wait_for("No points yet.")
    again = open_browser().open(address)
    again.wait_for("Ready. The weights are random")
    count = "return document.querySelector('.mnist-lab-plane').view.training.train.count"
    assert again.browser.execute_script(count) == 2


def test_who_points_at_a_unit_and_away_reads_again_how_to_paint(open_browser: Open) -> None:
    page = open_browser().open("/two_inputs?data=painted")
    page.wait_for("No points yet.")
    of_view = "const { caption, data, graph } = document.querySelector('.mnist-lab-plane').view;"
    caption = of_view + "return caption.textContent"
    how = page.browser.execute_script(of_view + "return data.texts.paint")
    assert page.browser.execute_script(caption) == how
    page.browser.execute_script(of_view + "graph.canvas.focus()")
    page.browser.switch_to.active_element.send_keys(Keys.ARROW_UP)
    wait_until(lambda: page.browser.execute_script(caption) != how)
    page.browser.execute_script(of_view + "graph.canvas.blur()")
    wait_until(lambda: page.browser.execute_script(caption) == how)
