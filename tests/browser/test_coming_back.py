"""Who was away for longer than the server keeps a session comes back to the same page with what was set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import Lab, Open, Put, lab_in
from tests.browser.cut import Cable
from tests.browser.page import Page
from tests.browser.trained_runs import TrainedRuns
from tests.conftest import mnist_folder, wait_until

pytestmark = pytest.mark.browser
LONG = "/train?preset=two-layer-net&epochs=1000"
Leave = Callable[[Page], None]
NOTE = """
const app = document.querySelector("[data-testid=stApp]");
new MutationObserver(() => { window.drawnAgain ||= app.dataset.testScriptState === "running" })
  .observe(app, { attributeFilter: ["data-test-script-state"] });
"""


@pytest.fixture(scope="module")
def forgetful(chromium: None, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server that forgets a session as soon as its browser is gone."""
    with lab_in(tmp_path_factory.mktemp("home"), drawn, STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL="0") as server:
        yield server


@pytest.fixture(scope="module")
def give(forgetful: Lab, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Put]:
    """What `put` is to the server of the other tests."""
    runs = TrainedRuns(tmp_path_factory.mktemp("trained"), drawn, mnist_folder(), forgetful.home)
    yield lambda page, **changes: runs.put(page.student(), **changes)
    runs.close()


@pytest.fixture
def cable(forgetful: Lab) -> Iterator[Cable]:
    laid = Cable(int(forgetful.address.rpartition(":")[2]))
    yield laid
    laid.close()


@pytest.fixture(params=["connection lost", "tab put away"])
def leave(request: pytest.FixtureRequest, cable: Cable) -> Leave:
    """Away until the session is gone: the connection alone, or the whole tab, as a phone does to one that sleeps."""
    return {"connection lost": lambda page: lose(page, cable), "tab put away": reload}[request.param]


def lose(page: Page, cable: Cable) -> None:
    wait_until(lambda: page.browser.execute_script("return Boolean(history.mnistLab)"))  # now it watches the connection
    cable.cut()
    wait_until(lambda: not connected(page), 60)
    page.browser.execute_script(NOTE)
    cable.mend()
    wait_until(lambda: page.browser.execute_script("return window.drawnAgain") and page.at_rest(), 60)


def reload(page: Page) -> None:
    page.open(page.address)


def connected(page: Page) -> bool:
    return bool(page.find('[data-testid=stApp][data-test-connection-state="CONNECTED"]'))


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.address).query).items()}


def shown(page: Page, key: str) -> str | None:
    """What the slider with Streamlit's `key` shows; None where it is not there."""
    knobs = page.find(f".st-key-{key} input[type=range]")
    return (knobs[0].get_attribute("aria-valuetext") or knobs[0].get_attribute("value")) if knobs else None


def chosen(page: Page, key: str) -> list[str]:
    return [button.text for button in page.find(f'.st-key-{key} button[aria-checked="true"]')]


def test_the_train_page(open_browser: Open, cable: Cable, leave: Leave) -> None:
    page = open_browser()
    page.server = cable.address
    page.open(LONG)
    page.move("c_learning_rate", Keys.ARROW_LEFT * 3)
    wait_until(lambda: query(page).get("learning_rate") == "0.25", 30)
    page.switch("", "predict_toggle")
    wait_until(lambda: query(page).get("predict") == "1", 30)
    page.choose("predicted_outcome", "learns")
    page.press("run")
    wait_until(lambda: page.points() > 0 and page.at_rest(), 60)
    page.switch("View", "view_log_y")
    wait_until(lambda: query(page).get("view_log_y") == "1" and page.axis("loss", "yaxis")["type"] == "log", 30)
    page.choose("view_x", "Epoch")
    wait_until(lambda: query(page).get("view_x") == "epoch", 30)
    run, points = query(page)["run"], page.points()
    leave(page)

    def as_before() -> bool:
        axes = page.axis("loss", "yaxis")["type"], page.axis("loss", "xaxis")["title"]
        return (page.chart("loss", "subject"), shown(page, "c_learning_rate"), axes) == (run, "0.25", ("log", "Epoch"))

    wait_until(lambda: as_before() and page.points() > points, 60)
    page.move("c_learning_rate", Keys.ARROW_LEFT)  # the new session goes on from there
    wait_until(lambda: query(page).get("learning_rate") == "0.2" and as_before_but_the_rate(page, run), 30)
    page.press("stop")
    page.wait_for("The run was stopped after step", 60)


def as_before_but_the_rate(page: Page, run: str) -> bool:
    axes = page.axis("loss", "yaxis")["type"], page.axis("loss", "xaxis")["title"]
    return (page.chart("loss", "subject"), query(page).get("predict"), axes) == (run, "1", ("log", "Epoch"))


@pytest.mark.parametrize(
    ("address", "slider", "steps"),
    [
        ("/why?view=bowl", "bowl_rate", "bowl_steps"),
        ("/learning_rate?preset=two-layer-net", "rates_count", "rates_seeds"),
    ],
)
def test_a_page_with_sliders(
    open_browser: Open, cable: Cable, leave: Leave, address: str, slider: str, steps: str
) -> None:
    page = open_browser()
    page.server = cable.address
    page.open(address)
    values: dict[str, Any] = {}
    for key in (slider, steps):
        before, place = shown(page, key), query(page)
        page.move(key, Keys.ARROW_RIGHT * 2)
        wait_until(lambda key=key, before=before: shown(page, key) != before, 30)
        wait_until(lambda place=place: query(page) != place and page.at_rest(), 30)
        values[key] = shown(page, key)
    before = query(page)
    leave(page)
    wait_until(lambda: {key: shown(page, key) for key in values} == values and query(page) == before, 60)
    page.move(slider, Keys.ARROW_RIGHT)
    wait_until(lambda: shown(page, slider) != values[slider] and query(page) != before, 30)
    assert shown(page, steps) == values[steps]


def test_the_compare_page(open_browser: Open, cable: Cable, leave: Leave, give: Put) -> None:
    page = open_browser()
    page.server = cable.address
    for rate in (0.5, 1.5, 0.25):
        give(page, epochs=1, train_size=1_000, learning_rate=rate)
    page.open("/compare")
    wait_until(lambda: page.column("Learning rate") == ["0.25", "1.5", "0.5"] and page.at_rest(), 30)
    page.tick(0)  # the newest is chosen no more
    wait_until(lambda: query(page).get("runs", "").count(",") == 1, 30)
    page.popover("Filter")
    page.pick("filter_columns", "Learning rate")
    wait_until(lambda: query(page).get("filter_columns") == "learning_rate", 30)
    page.pick("filter_learning_rate", "1.5")
    page.wait_for("1 of 3 runs")
    page.choose("compare_split", "Training")
    page.switch("View", "view_log_y")
    page.choose("view_x", "Epoch")

    def as_set() -> bool:
        axes = page.axis("compare_loss", "yaxis")["type"], page.axis("compare_loss", "xaxis")["title"]
        table = page.says("1 of 3 runs") and page.column("Learning rate") == ["1.5"]
        parts = page.says("Accuracy – Training, Validation") and page.says("learning rate: 1.5 → 0.5")
        return axes == ("log", "Epoch") and table and parts

    wait_until(lambda: as_set() and query(page).get("view_x") == "epoch" and page.at_rest(), 30)
    before = query(page)
    leave(page)
    wait_until(lambda: as_set() and query(page) == before, 60)
    page.choose("compare_view", "Groups")
    wait_until(lambda: query(page) == before | {"compare_view": "groups"}, 30)
    page.press("filter_clear")
    page.wait_for("3 of 3 runs")


def test_the_inspect_page(open_browser: Open, cable: Cable, leave: Leave, give: Put) -> None:
    page = open_browser()
    page.server = cable.address
    older = give(page, epochs=1, train_size=1_000)
    give(page, epochs=1, train_size=1_000, learning_rate=1.5)
    page.open(f"/inspect?run={older}&view=inside")
    page.choose("network_view", "Activations and feature maps")
    page.choose("image_source", "Validation image")
    wait_until(lambda: query(page).get("image_source") == "sample", 30)
    wait_until(lambda: page.says("Its label") and page.chart("units", "subject") == f"{older} 1", 30)
    page.find(".st-key-sample_number input")[0].send_keys(Keys.ARROW_UP)
    wait_until(lambda: query(page).get("sample_number") == "1", 30)
    page.choose("layer_shown", "Output layer · 10")
    wait_until(lambda: page.chart("units", "subject") == f"{older} 2", 30)
    wait_until(lambda: query(page).get("layer_shown") == "2" and page.at_rest(), 30)
    before = query(page)
    leave(page)
    wait_until(lambda: page.chart("units", "subject") == f"{older} 2" and query(page) == before, 60)
    assert chosen(page, "image_source") == ["Validation image"]


def test_the_runs_and_the_strength_of_a_perturbation(open_browser: Open, cable: Cable, leave: Leave, give: Put) -> None:
    page = open_browser()
    page.server = cable.address
    for rate in (0.1, 0.25, 0.5, 1.0):
        give(page, epochs=1, train_size=1_000, learning_rate=rate)
    page.open("/inspect?view=disturb")
    page.choose("disturbance", "Rotation")
    page.pick("disturbed_others", "SGD 0.1")
    wait_until(lambda: query(page).get("disturbed_others", "").count(",") == 2, 30)
    wait_until(lambda: shown(page, "strength_rotation") is not None and page.chart("disturbed", "drawn-at"), 60)
    page.move("strength_rotation", Keys.ARROW_RIGHT)
    wait_until(lambda: "strength_rotation" in query(page) and page.at_rest(), 30)
    before, analysis = query(page), page.chart("disturbed", "subject")
    strength = shown(page, "strength_rotation")
    leave(page)

    def as_before() -> bool:
        is_same = page.chart("disturbed", "subject") == analysis and shown(page, "strength_rotation") == strength
        return is_same and query(page) == before

    wait_until(as_before, 60)


def test_the_cell_of_the_confusion_matrix(open_browser: Open, cable: Cable, leave: Leave, give: Put) -> None:
    page = open_browser()
    page.server = cable.address
    give(page, epochs=1, train_size=1_000)
    page.open("/inspect?view=mistakes")
    wait_until(lambda: page.chart("confusion", "drawn-at"), 60)
    page.click_cell("confusion", 4, 9)
    wait_until(lambda: query(page).get("cell") == "4-9" and page.at_rest(), 30)
    before = query(page)
    leave(page)
    wait_until(lambda: page.says("True class 4, answered 9") and query(page) == before, 60)
    page.press("mistakes_all")
    wait_until(lambda: "cell" not in query(page) and not page.says("True class 4"), 30)


def test_the_first_press_after_coming_back_counts(open_browser: Open, cable: Cable) -> None:
    page = open_browser()
    page.server = cable.address
    page.open("/train?preset=two-layer-net&epochs=1")
    lose(page, cable)
    page.press("run")
    wait_until(lambda: "run" in query(page), 30)


DIALOG = """
const dialog = document.querySelector('[data-testid=stDialog] [role=dialog]');
return dialog && [getComputedStyle(dialog, "::after").content, dialog.innerText.trim()];
"""


@pytest.mark.parametrize(
    ("language", "words"), [("ko", "서버와 연결되어 있지 않습니다."), ("en", "There is no connection")]
)
def test_without_a_connection_the_page_says_so_in_its_language(
    open_browser: Open, cable: Cable, language: str, words: str
) -> None:
    """Streamlit's dialog told students how a developer starts his script."""
    page = open_browser()
    page.server = cable.address
    page.open(f"/why?view=bowl&lang={language}")
    cable.cut()
    said = wait_until(lambda: page.browser.execute_script(DIALOG), 60)
    assert words in said[0]
    assert said[1] == ""
    cable.mend()
    wait_until(lambda: connected(page) and page.browser.execute_script(DIALOG) is None, 60)
