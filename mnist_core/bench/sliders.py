"""From a slider's move to the redrawn picture, on the pages where arithmetic alone answers.

Each slider is moved by the arrow keys, one place at a time, in a real Chromium on a real server. The move (the key's
event) and the picture (the moment that the chart counts another update, after Plotly has drawn it) are both timed by
the browser's own clock.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist_core.bench import browser as browsers
from mnist_core.bench.report import Figure, Report
from mnist_core.bench.server import serving, wait_until

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

MOST = 0.150  # seconds, at the 95th percentile


@dataclass(frozen=True)
class Slider:
    """A slider and the chart that answers it: address of the page, Streamlit's key of the one, key of the other."""

    address: str
    slider: str
    chart: str


SLIDERS = (
    Slider("/why?view=bowl", "bowl_rate", "bowl_chart_walk"),
    Slider("/loss_and_gradients?view=perceptron", "perceptron_b", "perceptron_chart_map"),
    Slider("/loss_and_gradients?view=classes", "cross_entropy_logit_0", "cross_entropy_chart_softmax"),
    Slider("/loss_and_gradients?view=binary", "binary_cross_entropy_probability", "binary_cross_entropy_chart_binary"),
    Slider("/loss_and_gradients?view=valleys", "local_minima_rate", "local_minima_chart_hills"),
    Slider("/architecture?view=layers", "layers_units_0", "layers_chart_sizes"),
    Slider("/architecture?view=convolution", "convolution_at_1", "convolution_chart_slide"),
    Slider("/architecture?view=valley", "optimizer_paths_steps", "optimizer_paths_chart_paths"),
    Slider("/loss_and_gradients?view=backprop", "backpropagation_x1", "backpropagation_chart_graph"),
    Slider("/loss_and_gradients?view=check", "gradient_check_hidden", "gradient_check_chart_difference"),
    Slider("/data?view=numbers", "pixel_values_image", "pixel_values_chart_numbers"),
    Slider("/data?view=scales", "pixel_scaling_steps", "pixel_scaling_chart_surface"),
    Slider("/data?view=heaps", "data_split_leak_share", "data_split_chart_leak"),
    Slider("/data?view=projection", "projection_first", "projection_chart_map"),
    Slider("/batch_size?view=updates", "updates_per_epoch_batch_size", "updates_per_epoch_chart_epoch"),
    Slider("/batch_size?view=noise", "gradient_noise_batch", "gradient_noise_chart_arrows"),
    Slider("/batch_size?view=paths", "batch_paths_rate", "batch_paths_chart_paths"),
)

_FIND = """
const find = (key) => document.querySelector(`.st-key-${key} input[type=range]`);
const chart = (key) => document.querySelector(`[data-testid="live-chart"][data-key="${key}"]`);
"""
_READY = _FIND + "const c = chart(arguments[1]); return Boolean(find(arguments[0]) && c && Number(c.dataset.updates));"
# Where the thumb is, from 0 to 1.
_PLACE = (
    _FIND
    + """
const s = find(arguments[0]);
s.focus();
return (Number(s.value) - Number(s.min)) / (Number(s.max) - Number(s.min));
"""
)
_WATCH = (
    _FIND
    + """
const bench = { moved: 0, drawn: 0 };
window.benchSlider = bench;
find(arguments[0]).addEventListener("keydown", () => { bench.moved = performance.now(); bench.drawn = 0; }, true);
new MutationObserver(() => { if (!bench.drawn) bench.drawn = performance.now(); })
  .observe(chart(arguments[1]), { attributes: true, attributeFilter: ["data-updates"] });
"""
)
_WAITED = "const b = window.benchSlider; return b.moved && b.drawn ? (b.drawn - b.moved) / 1000 : null;"
_AT_REST = "return document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning';"


def measure(*, moves: int = 20, data: Path | None = None, sliders: Sequence[Slider] = SLIDERS) -> Report:
    """Move each slider so often. Raises MnistLabError where something needed is missing or does not happen."""
    with serving(data) as server, browsers.chromium() as browser:
        return measure_on(server.address, browser, moves=moves, sliders=sliders)


def measure_on(server: str, browser: WebDriver, *, moves: int, sliders: Sequence[Slider]) -> Report:
    """The same on the server of this address."""
    samples: dict[str, list[float]] = {}
    for slider in sliders:
        name = f"{slider.address}: {slider.slider}"
        print(f"{name} …", file=sys.stderr)
        samples[name] = _moved(browser, server, slider, moves)
    everything = [value for values in samples.values() for value in values]
    figures = [_figure(f"All {len(everything)} moves of {len(samples)} sliders, p95", everything, most=MOST)]
    figures += [_figure(f"{name}, p95 of {len(values)}", values) for name, values in samples.items()]
    return Report(figures, samples)


def _figure(name: str, values: list[float], **more: Any) -> Figure:
    return Figure(name, float(np.percentile(values, 95)), "s", spread=(min(values), max(values)), **more)


def _moved(browser: WebDriver, server: str, slider: Slider, moves: int) -> list[float]:
    """Seconds of each move, after two that are not counted."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    joint = "&" if "?" in slider.address else "?"
    browser.get(f"{server}{slider.address}{joint}lang=en")
    keys = (slider.slider, slider.chart)
    wait_until(lambda: browser.execute_script(_READY, *keys), f"the slider {slider.slider} and its chart")
    wait_until(lambda: browser.execute_script(_AT_REST), "the page at rest")
    browser.execute_script(_WATCH, *keys)
    seconds: list[float] = []
    forward = True
    for _move in range(moves + 2):
        place = float(browser.execute_script(_PLACE, *keys))
        forward = place < 0.9 if forward else place <= 0.1
        ActionChains(browser).send_keys(Keys.ARROW_RIGHT if forward else Keys.ARROW_LEFT).perform()
        wait_until(lambda: browser.execute_script(_WAITED) is not None, f"a picture after a move of {slider.slider}")
        seconds.append(float(browser.execute_script(_WAITED)))
        wait_until(lambda: browser.execute_script(_AT_REST), "the page at rest")
        browser.execute_script("window.benchSlider.moved = 0;")
    return seconds[2:]
