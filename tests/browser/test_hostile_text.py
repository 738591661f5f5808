"""A name that is a picture, a link or tags: another student's browser shows the letters and fetches nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnist_core import exchange
from mnist_core.config import RunConfig
from mnist_core.data import own_images
from mnist_core.escape import JOINER, UserText
from mnist_core.networks.forward import shapes
from mnist_core.networks.weights import Snapshot
from mnist_core.records import EVALUATION_DTYPE, Curves, Progress, Run
from mnist_core.store import Store
from tests.browser.conftest import Open
from tests.browser.elsewhere import Elsewhere
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser


def saved(folder: Path, number: int, name: str) -> Path:
    """A run of this name as a zip, with weights."""
    config = RunConfig(hidden_layers=(), epochs=1, learning_rate=0.1 * number)
    rows = np.zeros(2, EVALUATION_DTYPE)
    rows["step"] = [0, config.total_steps]
    for part in ("train", "validation", "test"):
        rows[f"{part}_loss"], rows[f"{part}_accuracy"] = [2.3, 0.5], [0.1, 0.9]
    result = {"validation_accuracy": 0.9, "test_accuracy": 0.9}
    progress = Progress(config.total_steps, config.total_steps, 1, 2)
    run = Run(
        "r",
        "ann",
        config,
        "finished",
        1,
        0.0,
        outcome="completed",
        progress=progress,
        result=result,
        name=UserText(name),
    )
    weights = Snapshot(config.total_steps, {part: np.zeros(shape, "f4") for part, shape in shapes(config).items()})
    file = folder / f"{number}.zip"
    file.write_bytes(exchange.packed(run, Curves(evaluations=rows), {"last": weights}))
    return file


def legend(page: Page) -> list[str]:
    return [entry.text.replace(JOINER, "") for entry in page.find("[data-key=chart_compare_loss] .legend .traces")]


def reads(page: Page, text: str) -> bool:
    """Whether the page, or a list to choose from on it, shows the text, and whoever copies it has this and no other."""
    script = (
        "return document.body.innerText + [...document.querySelectorAll('input')].map((one) => one.value).join(' ')"
    )
    return text in str(page.browser.execute_script(script))


def test_a_name_fetches_nothing_and_reads_as_it_was_typed(
    open_browser: Open, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    names = (
        f"![x]({elsewhere.address}/p.png) :red[z] $a$ :tada:",
        f"<br><i>y</i><a href='{elsewhere.address}/l'>l</a>",
        f"<img src={elsewhere.address}/i.png> {elsewhere.address}/t",
    )
    ann = open_browser().open("/compare")
    for number, name in enumerate(names, 1):
        ann.popover("Import")
        ann.upload(saved(tmp_path, number, name))
        wait_until(lambda number=number: len(ann.address.split("runs=")[-1].split("%2C")) == number, 40)  # type: ignore[misc]
        wait_until(lambda name=name: any(name in entry for entry in legend(ann)), 40)  # type: ignore[misc]
        ann.browser.refresh()
        wait_until(lambda: ann.find("h1") and ann.at_rest(), 40)
    runs = ann.address.split("runs=")[1].split("&")[0].split("%2C")

    bob = open_browser()
    for run_id, name in zip(reversed(runs), names, strict=True):
        bob.open(f"/train?run={run_id}")
        wait_until(lambda name=name: reads(bob, name), 40)  # type: ignore[misc]
        links(bob, elsewhere)
    bob.open(f"/compare?runs={','.join(runs)}")
    wait_until(lambda: len(legend(bob)) == len(names), 40)
    entries = [f"{name} (imported)" for name in reversed(names)]
    assert legend(bob) == entries
    links(bob, elsewhere)
    for run_id, name in zip(reversed(runs), names, strict=True):
        bob.open(f"/inspect?run={run_id}")
        wait_until(lambda name=name: reads(bob, name), 40)  # type: ignore[misc]
        links(bob, elsewhere)
    assert elsewhere.asked == []


def test_titles_of_own_images_are_letters_on_buttons_and_in_charts(
    open_browser: Open, elsewhere: Elsewhere, store: Store
) -> None:
    """And of two that are called alike each can be chosen."""
    titles = (f"a ![x]({elsewhere.address}/p.png) :red[z]", f"<b>y</b><a href='{elsewhere.address}/l'>l</a>")
    page = open_browser().open("/data")
    student = page.student()
    random = np.random.default_rng(0)
    ids = []
    for number, title in enumerate((titles[0], *titles)):
        made = {
            name: list(random.integers(0, 256, (5, 28, 28), np.uint8)) for name in (f"first{number}", f"second{number}")
        }
        images = store.own_images.create(student, title, list(made), own_images.pack(made))
        config = RunConfig(
            dataset=images.name, classes=2, train_size=6, validation_size=2, batch_size=6, epochs=1, hidden_layers=()
        )
        result = {"validation_accuracy": number / 2}
        progress = Progress(1, 1, 1.0, 1.0)
        ids.append(store.runs.add_finished(student, config, Curves(), "completed", result, progress))
    shown = (titles[0], f"{titles[0]} (2)", titles[1])
    page.open("/data")

    def buttons() -> list[str]:
        return [button.text for button in page.find(".st-key-data_set button")]

    wait_until(lambda: set(shown) <= set(buttons()), 40)
    links(page, elsewhere)
    for number, title in enumerate(shown):
        place = buttons().index(title)
        page.find(".st-key-data_set button")[place].click()
        page.wait_for(f"From top to bottom: first{number}, second{number}.")
    page.open(f"/compare?runs={','.join(ids)}&compare_view=settings&compare_setting=dataset")
    page.pick("compare_result", "Validation accuracy")

    def ticks() -> set[str]:
        """Those, too, that there is no room for."""
        texts = page.find("[data-key=chart_compare_scatter] .xtick text")
        return {text.get_attribute("textContent").replace(JOINER, "") for text in texts}

    wait_until(lambda: ticks() == set(shown), 40)
    links(page, elsewhere)
    assert elsewhere.asked == []


def links(page: Page, elsewhere: Elsewhere) -> None:
    """Nothing on the page leads there."""
    script = "return document.body.innerHTML"
    html = page.browser.execute_script(script)
    for attribute in ("src", "href"):
        assert f'{attribute}="{elsewhere.address}' not in html
