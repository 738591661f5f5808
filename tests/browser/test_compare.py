"""Runs beside each other in a real browser: what differs, a curve hidden everywhere, the link in another browser, undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import Open, Put
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser


def hidden(page: Page, metric: str) -> set[str]:
    """What is hidden by its entry in the legend."""
    script = "return chart._fullData.filter(t => t.visible === 'legendonly').map(t => t.legendgroup)"
    return set(page.of_chart(f"compare_{metric}", script) or ())


def visible(page: Page, metric: str) -> int:
    """How many curves, or signs of a legend, are not hidden."""
    return page.of_chart(f"compare_{metric}", "return chart._fullData.filter(t => t.visible === true).length") or 0


def in_groups(page: Page) -> bool | None:
    """Whether the curves are drawn by groups; None where no chart is drawn just now."""
    names = page.of_chart("compare_loss", "return chart.data.map((one) => one.legendgroup || '')")
    return any("group" in name for name in names) if names else None


def named_runs(page: Page) -> list[str]:
    """The runs that the address names."""
    return parse_qs(urlsplit(page.address).query).get("runs", [""])[0].split(",")


def downloaded_report(page: Page, folder: Path) -> str:
    """The report of the comparison as its button gives it."""
    page.popover("Export")
    return page.take("Report as one HTML file", folder, "html").read_text(encoding="utf-8")


def test_two_runs_beside_each_other(open_browser: Open, put: Put, tmp_path: Path) -> None:
    page = open_browser()
    page.downloads_to(tmp_path)
    for rate in (0.5, 1.5):
        put(page, epochs=1, learning_rate=rate)
    page.open("/compare")
    page.wait_for("Only one setting differs. learning rate: 1.5 → 0.5.")
    wait_until(lambda: page.chart("compare_accuracy", "drawn-at") and page.chart("compare_loss", "drawn-at"))
    wait_until(lambda: len(named_runs(page)) == 2)
    newest = named_runs(page)[0]
    page.toggle("compare_loss", "784-50-10 · SGD 1.5 · batch 100")
    wait_until(lambda: hidden(page, "loss") == hidden(page, "accuracy") == {newest})
    report = downloaded_report(page, tmp_path)
    assert "Hidden: 1. 784-50-10 · SGD 1.5" in report
    # Of several parts at once, too; the parts' own legend stays.
    page.choose("compare_split", "Training")
    wait_until(lambda: page.says("Accuracy – Training, Validation"))
    wait_until(lambda: visible(page, "accuracy") == 2 + 2)  # both parts of the other run, and their names
    wait_until(lambda: hidden(page, "loss") == hidden(page, "accuracy") == {newest})
    page.choose("view_x", "Epoch")
    wait_until(lambda: page.axis("compare_loss", "xaxis")["title"] == "Epoch")
    page.switch("View", "view_log_y")
    wait_until(lambda: page.axis("compare_loss", "yaxis")["type"] == "log")
    page.choose("view_x", "Step")
    wait_until(lambda: page.axis("compare_accuracy", "xaxis")["title"] != "Epoch")
    wait_until(lambda: hidden(page, "loss") == hidden(page, "accuracy") == {newest})

    other = open_browser().open(page.address)
    other.wait_for("Only one setting differs. learning rate: 1.5 → 0.5.")
    other.wait_for("Some of these runs are someone else's")
    assert not other.can_press("soft_delete")

    page.press("soft_delete")
    page.wait_for("2 runs deleted.")
    page.press("undo")
    page.wait_for("Only one setting differs.")


def test_names_are_whole_on_a_phone(open_browser: Open, put: Put) -> None:
    page = open_browser(size=(420, 1400))
    for rate in (0.01, 0.02):
        put(page, epochs=1, train_size=1_000, hidden_layers=(16,) * 5, optimizer="momentum", learning_rate=rate)
    page.open("/compare")
    script = """
        const edge = chart.querySelector(".main-svg").getBoundingClientRect().right;
        const plot = chart.querySelector(".nsewdrag").getBoundingClientRect().top;
        const bottom = (element) => element.getBoundingClientRect().bottom;
        let isWhole = true; // no box around it cuts it
        for (let box = chart; box.dataset.testid !== "stVerticalBlock"; box = box.parentElement) {
            isWhole &&= !box.getClientRects().length || bottom(chart) <= bottom(box) + 1;
        }
        return [...chart.querySelectorAll(".legend .traces text")].map((text) => {
            const box = text.getBoundingClientRect();
            const lines = [...text.querySelectorAll("tspan")].map((line) => line.textContent);
            return [lines.join(" "), lines.length, box.right < edge, box.bottom < plot, isWhole];
        });
    """
    names = [f"784-16-16-16-16-16-10 · SGD with momentum {rate} · batch 100" for rate in (0.02, 0.01)]
    wait_until(lambda: page.of_chart("compare_loss", script) == [[name, 2, True, True, True] for name in names])


def test_filters_by_columns(open_browser: Open, put: Put) -> None:
    page = open_browser()
    for rate in (0.5, 1.5, 0.25):
        put(page, epochs=1, train_size=1_000, learning_rate=rate)
    page.open("/compare")
    page.popover("Filter")
    page.pick("filter_columns", "Learning rate")
    page.wait_for("3 of 3 runs")
    page.pick("filter_learning_rate", "0.25")
    page.wait_for("1 of 3 runs")
    page.pick("filter_learning_rate", "1.5")
    page.wait_for("2 of 3 runs")
    page.press("filter_clear")
    page.wait_for("3 of 3 runs")


def test_a_click_on_a_head_sorts_numbers_and_rows_stay_the_runs_they_are(open_browser: Open, put: Put) -> None:
    page = open_browser(size=(2000, 1300))
    small: dict[str, Any] = {"epochs": 1, "train_size": 1_000}
    put(page, **small, learning_rate=0.5)
    put(page, **small, learning_rate=10, optimizer="momentum", momentum=0.5)
    put(page, **small, learning_rate=2)
    page.open("/compare")
    page.wait_for("3 of 3 runs")
    wait_until(lambda: page.column("Learning rate") == ["2", "10", "0.5"])
    wait_until(lambda: len(named_runs(page)) == 3)
    newest, middle, oldest = named_runs(page)
    page.sort("Learning rate", "↑")
    wait_until(lambda: page.column("Learning rate") == ["0.5", "2", "10"])  # as words 10 would come before 2
    page.tick(0)
    wait_until(lambda: named_runs(page) == [newest, middle])
    assert page.column("Learning rate") == ["0.5", "2", "10"]
    page.sort("Learning rate", "↓")
    page.tick(0)  # the rate of 10
    wait_until(lambda: named_runs(page) == [newest])
    page.tick(2)
    wait_until(lambda: named_runs(page) == [newest, oldest])
    page.sort("Validation accuracy", "↓")

    def falling() -> bool:
        accuracies = [float(text) for text in page.column("Validation accuracy")]
        return len(accuracies) == 3 and accuracies == sorted(accuracies, reverse=True)

    wait_until(falling)
    page.sort("Momentum", "↓")
    wait_until(lambda: page.column("Momentum") == ["0.5", "", ""])
    # The names of groups have blanks and dots.
    for view, groups in (("Groups", True), ("Curves", False)):
        page.choose("compare_view", view)
        wait_until(lambda groups=groups: in_groups(page) is groups)  # type: ignore[misc]
    assert not page.chart("compare_loss", "error")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en-US", "This chart needs WebGL, which your browser does not offer."),
        ("ko-KR", "이 그래프에는 WebGL이 필요한데, 이 브라우저에서는 쓸 수 없습니다."),
    ],
)
def test_without_webgl_a_chart_that_needs_it_says_so(open_browser: Open, language: str, sentence: str) -> None:
    page = open_browser(language=language)
    without = "HTMLCanvasElement.prototype.getContext = (get => function (kind, ...more) {return kind.includes('webgl') ? null : get.call(this, kind, ...more)})(HTMLCanvasElement.prototype.getContext)"
    page.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": without})
    page.open("/loss_and_gradients?view=perceptron&perceptron_picture=surface")
    page.wait_for(sentence)


def test_all_settings_are_drawn_side_by_side_and_a_line_says_whose_it_is(open_browser: Open, put: Put) -> None:
    """Plotly's own chart of this kind makes code, which the policy refuses: it drew nothing, and said that WebGL was missing."""
    page = open_browser()
    for rate in (0.1, 0.2, 0.5):
        put(page, epochs=1, train_size=1_000, learning_rate=rate)
    page.open("/compare?compare_view=settings")
    drawn = "return chart.querySelectorAll('.scatterlayer .trace path.js-line').length"
    wait_until(lambda: page.of_chart("compare_parallel", drawn) == 3)
    hover = "Plotly.Fx.hover(chart, [{curveNumber: 0, pointNumber: 0}]); return chart.querySelector('.hoverlayer')?.textContent"
    wait_until(lambda: "SGD 0.5" in str(page.of_chart("compare_parallel", hover)))
    assert not page.chart("compare_parallel", "error")


def test_a_title_that_is_shrunk_ends_before_the_buttons(open_browser: Open, put: Put) -> None:
    page = open_browser(size=(700, 1300))
    put(page, epochs=1)
    page.open("/compare")
    for part in ("Training", "Test"):
        page.choose("compare_split", part)
    script = """
        const [title, buttons] = [".gtitle", ".modebar"].map((name) => chart.querySelector(name));
        const fits = title.getBoundingClientRect().right <= buttons.getBoundingClientRect().left;
        return title.textContent.includes("Test") && parseFloat(getComputedStyle(title).fontSize) < 19 && fits"""
    wait_until(lambda: page.of_chart("compare_accuracy", script))
    assert page.of_chart("compare_accuracy", script)
