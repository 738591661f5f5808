"""From a stroke on the drawing pad to the redrawn bars of every run, as a student draws.

Three networks have trained before, with the real workers: an MLP, a CNN, and an MLP whose rate made it diverge. Strokes
are drawn by the pointer of a real Chromium on a real server. The pen's events and the redrawn charts (the answer of one
run, and of all runs side by side) are timed by the browser's own clock.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from mnist_core.bench import browser as browsers
from mnist_core.bench.report import Figure, Report
from mnist_core.bench.server import serving, wait_until
from mnist_core.bench.ui import RUN, press

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

MOST = 0.200  # seconds, at the 95th percentile
ENDED, DRAWING = "End of a stroke to the bars", "First move to the bars, the pen still down"
# An MLP, a CNN, and a rate at which nothing but NaN is left; and the word that the page has for their end.
RUNS = {
    "/train?preset=two-layer-net&epochs=3": "completed",
    "/train?preset=lenet-fast&epochs=1&train_size=5000": "completed",
    "/train?preset=two-layer-net&epochs=3&activation=leaky-relu&learning_rate=100": "diverged",
}
SEVEN = [(80, 60), (200, 60), (170, 140), (140, 220)]
BAR = [(100, 150), (130, 147), (160, 144), (190, 141)]  # across the seven

# The components of Streamlit live in shadow roots.
PAD = """
const find = (root) => {
  for (const element of root.querySelectorAll("*")) {
    if (element.classList.contains("mnist-lab-pad")) return element;
    const inner = element.shadowRoot && find(element.shadowRoot);
    if (inner) return inner;
  }
  return null;
};
const pad = find(document);
"""
_PLACE = (
    PAD
    + """
const canvas = pad.querySelector("canvas");
canvas.scrollIntoView({ block: "center" });
const box = canvas.getBoundingClientRect();
return [box.left, box.top];
"""
)
_CHARTS = """
const charts = ["answer", "side_by_side"].map((k) => document.querySelector(`[data-key="chart_${k}"]`));
if (!charts.every((c) => c && Number(c.dataset.updates))) return false;
"""
# Per chart: when it was drawn for the first and for the last time since the pen's last mark.
_WATCH = (
    _CHARTS
    + """
const bench = (window.benchStroke = { moved: 0, ended: 0, drawn: [], start: () => {
  Object.assign(bench, { moved: 0, ended: 0, drawn: charts.map(() => []) });
} });
bench.start();
const pen = (event) => event.composedPath().some((element) => element.tagName === "CANVAS");
document.addEventListener("pointermove", (event) => {
  if (event.buttons && !bench.moved && pen(event)) bench.moved = performance.now();
}, true);
document.addEventListener("pointerup", (event) => { if (pen(event)) bench.ended = performance.now(); }, true);
charts.forEach((chart, number) => new MutationObserver(() => bench.drawn[number].push(performance.now()))
  .observe(chart, { attributes: true, attributeFilter: ["data-updates"] }));
return true;
"""
)
# The bars of the last stroke are drawn when nothing has been drawn or run for a while: an answer to a part of it may come first.
_ENDED = """
const { ended, drawn } = window.benchStroke;
const last = drawn.map((times) => times.at(-1) || 0);
const rest = document.querySelector("[data-testid=stApp]").dataset.testScriptState === "notRunning";
const quiet = performance.now() - Math.max(ended, ...last) > 500;
return ended && rest && quiet && last.every((time) => time > ended) ? (Math.max(...last) - ended) / 1000 : null;
"""
_DRAWING = """
const { moved, drawn } = window.benchStroke;
const first = drawn.map((times) => times.find((time) => time > moved));
return moved && first.every(Boolean) ? (Math.max(...first) - moved) / 1000 : null;
"""
_AT_REST = """
const { drawn } = window.benchStroke;
return performance.now() - Math.max(0, ...drawn.flat()) > 500
  && document.querySelector("[data-testid=stApp]").dataset.testScriptState === "notRunning";
"""


def measure(*, strokes: int = 20, data: Path | None = None, runs: Mapping[str, str] = RUNS) -> Report:
    """Draw so many strokes each way. Raises MnistLabError where something needed is missing or does not happen."""
    with serving(data) as server, browsers.chromium(size=(1400, 1300)) as browser:
        return measure_on(server.address, browser, strokes=strokes, runs=runs)


def measure_on(server: str, browser: WebDriver, *, strokes: int, runs: Mapping[str, str]) -> Report:
    """The same on the server of this address."""
    trained = []
    for address, outcome in runs.items():
        print(f"{address} …", file=sys.stderr)
        trained.append(_train(browser, server + address, outcome))
    print("strokes …", file=sys.stderr)
    samples = _drawn(browser, f"{server}/inspect?view=draw&lang=en&run={trained[0]}", strokes)
    return Report(
        [_figure(name, values, fraction) for name, values in samples.items() for fraction in (50, 95)], samples
    )


def _figure(name: str, values: list[float], fraction: int) -> Figure:
    label = f"{name}, p{fraction} of {len(values)}"
    most = MOST if fraction == 95 else None
    return Figure(label, float(np.percentile(values, fraction)), "s", most=most, spread=(min(values), max(values)))


def _train(browser: WebDriver, address: str, outcome: str) -> str:
    """Train the network of this address until the page tells its outcome; the run's name."""
    text = "return document.querySelector('[data-testid=stMain]')?.innerText || '';"
    browser.get(f"{address}&lang=en")
    press(browser, RUN)
    wait_until(lambda: "run=" in browser.current_url, "the start of a run")
    wait_until(lambda: outcome in browser.execute_script(text), f"a run that has {outcome}", 180)
    return dict(parse_qsl(urlsplit(browser.current_url).query))["run"]


def _drawn(browser: WebDriver, address: str, strokes: int) -> dict[str, list[float]]:
    """Seconds of each stroke across a seven, which is then undone; two of each kind are not counted."""
    samples: dict[str, list[float]] = {ENDED: [], DRAWING: []}
    browser.get(address)
    wait_until(lambda: browser.execute_script(PAD + "return Boolean(pad);"), "the pad")
    draw(browser, SEVEN)
    wait_until(lambda: browser.execute_script(_WATCH), "the first answers")
    for _stroke in range(strokes + 2):
        samples[ENDED].append(_timed(browser, _ENDED, lambda: draw(browser, BAR)))
        _undo(browser)
        samples[DRAWING].append(_timed(browser, _DRAWING, lambda: draw(browser, BAR, lift=False)))
        draw(browser, BAR[-1:], press=False)
        _undo(browser)
    return {name: values[2:] for name, values in samples.items()}


def _timed(browser: WebDriver, script: str, act: Any) -> float:
    wait_until(lambda: browser.execute_script(_AT_REST), "the page at rest")
    browser.execute_script("window.benchStroke.start();")
    act()
    wait_until(lambda: browser.execute_script(script) is not None, "bars after a stroke")
    return float(browser.execute_script(script))


def _undo(browser: WebDriver) -> None:
    wait_until(lambda: browser.execute_script(_AT_REST), "the page at rest")
    browser.execute_script(PAD + "window.benchStroke.start(); pad.querySelector('.undo').click();")
    drawn = "return window.benchStroke.drawn.every((times) => times.length);"
    wait_until(lambda: browser.execute_script(drawn), "bars after Undo")


def draw(
    browser: WebDriver, points: Sequence[tuple[int, int]], kind: str = "mouse", *, press: bool = True, lift: bool = True
) -> None:
    """Draw a stroke on the pad with `kind` (mouse or touch), 20 ms from point to point, in the pad's units.

    Without `press` the pen was down before, without `lift` it stays so.
    """
    from selenium.webdriver.common.actions.action_builder import ActionBuilder
    from selenium.webdriver.common.actions.pointer_input import PointerInput

    left, top = browser.execute_script(_PLACE)
    make_pointer: Any = PointerInput  # without types in selenium
    actions = ActionBuilder(browser, mouse=make_pointer(kind, kind), duration=20)
    pointer: Any = actions.pointer_action
    first, *following = [(round(left + x), round(top + y)) for x, y in points]
    pointer.move_to_location(*first)
    if press:
        pointer.pointer_down()
    for place in following:
        pointer.move_to_location(*place)
    if lift:
        pointer.pointer_up()
    actions.perform()
