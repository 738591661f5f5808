"""Drawing in a real browser: strokes to pixels to answers, undo, clear, a photo of nothing."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from mnist_core.bench import strokes as strokes_bench
from mnist_core.bench.strokes import PAD
from mnist_core.data.drawing import like_mnist, paint
from mnist_core.ui.pad import strokes
from tests.browser.conftest import Open, Put
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
SEVEN = [(80, 60), (200, 60), (170, 140), (140, 220)]
SCROLLED = "return document.querySelector('[data-testid=stMain]').scrollTop"
# One stroke each, as a hand draws them; corners only.
DIGITS = {
    0: [(140, 40), (90, 70), (70, 140), (90, 210), (140, 240), (190, 210), (210, 140), (190, 70), (140, 40)],
    1: [(110, 80), (150, 40), (150, 240)],
    2: [(80, 90), (100, 50), (150, 40), (190, 70), (180, 120), (80, 235), (210, 235)],
    3: [(80, 60), (140, 40), (190, 80), (130, 130), (195, 185), (140, 240), (80, 220)],
    4: [(110, 40), (70, 150), (210, 150), (170, 150), (180, 60), (165, 240)],
    5: [(200, 45), (100, 45), (90, 130), (150, 120), (200, 170), (160, 235), (80, 225)],
    6: [(180, 40), (110, 100), (80, 180), (120, 240), (180, 220), (180, 160), (100, 165)],
    7: [(80, 60), (200, 60), (170, 140), (140, 220)],
    8: [(190, 70), (140, 40), (90, 80), (190, 185), (140, 240), (85, 195), (190, 70)],
    9: [(190, 90), (140, 50), (90, 95), (130, 140), (190, 90), (185, 160), (150, 240)],
}


def tell(page: Page, script: str) -> Any:
    return page.browser.execute_script(PAD + script)


def draw(page: Page, points: list[tuple[int, int]], kind: str = "mouse") -> None:
    """Draw one stroke on the pad."""
    wait_until(lambda: tell(page, "return Boolean(pad)"))
    strokes_bench.draw(page.browser, points, kind)


def draw_exactly(page: Page, points: list[tuple[int, int]]) -> None:
    """Draw one stroke with these very points, in the page's own events."""
    wait_until(lambda: tell(page, "return Boolean(pad)"))
    script = """
        const canvas = pad.querySelector("canvas");
        canvas.setPointerCapture = () => {};
        const box = canvas.getBoundingClientRect();
        const send = (kind, [x, y]) => canvas.dispatchEvent(new PointerEvent(kind, {
          pointerId: 1, clientX: box.left + x, clientY: box.top + y, button: 0, bubbles: true, cancelable: true }));
        send("pointerdown", points[0]);
        for (const point of points.slice(1)) send("pointermove", point);
        send("pointerup", points[points.length - 1]);
    """
    page.browser.execute_script(f"const points = arguments[0]; {PAD} {script}", points)


def input_shown(page: Page) -> NDArray[np.uint8] | None:
    """The picture of the network's input that the page shows, back to 28×28."""
    source = page.browser.execute_script(
        "return document.querySelector('.st-key-network_input [data-testid=stImage] img')?.src"
    )
    if not source:
        return None
    try:
        with urllib.request.urlopen(source) as answer:
            picture = np.asarray(Image.open(io.BytesIO(answer.read())).convert("L"))
    except urllib.error.HTTPError:
        return None  # another picture has just taken its place
    return np.asarray(255 - picture[: 28 * 8 : 8, : 28 * 8 : 8], np.uint8)


@pytest.mark.parametrize("kind", ["mouse", "touch"])
def test_draw_undo_clear(open_browser: Open, put: Put, kind: str) -> None:
    page = open_browser()
    put(page, epochs=3)
    page.open("/inspect")
    page.wait_for("Draw a digit, large or small")
    draw(page, SEVEN, kind)
    page.wait_for("The network's answer: ")
    wait_until(lambda: page.chart("answer", "drawn-at"))
    if kind == "touch":
        tell(page, "pad.querySelector('canvas').scrollIntoView({block: 'center'})")
        before = page.browser.execute_script(SCROLLED)
        draw(page, [(40, 250), (40, 30)], kind)
        assert page.browser.execute_script(SCROLLED) == before  # the finger draws, it does not drag the page
        tell(page, "pad.querySelector('.undo').click()")
    wait_until(lambda: tell(page, "return !pad.querySelector('.undo').disabled"))
    tell(page, "pad.querySelector('.clear').click()")
    page.wait_for("Draw a digit, large or small")
    assert tell(page, "return pad.querySelector('.undo').disabled")


def test_what_the_browser_tells_is_what_was_drawn(open_browser: Open, put: Put) -> None:
    page = open_browser()
    put(page, epochs=3)
    page.open("/inspect")
    draw(page, SEVEN)
    page.wait_for("The network's answer: ")
    expected = strokes([{"w": 24, "p": [coordinate for point in SEVEN for coordinate in point]}])
    told_strokes = strokes(tell(page, "return pad.strokes()"))
    # The browser has more points on the same lines, and places them to half a unit.
    told_image, expected_image = (like_mnist(paint(drawing)).astype(int) for drawing in (told_strokes, expected))
    assert len(told_strokes) == 1
    assert abs(told_image - expected_image).mean() < 2
    assert abs(told_image - expected_image).max() < 60


def test_each_digit_is_the_same_through_the_browser_and_through_python(open_browser: Open, put: Put) -> None:
    page = open_browser()
    put(page, epochs=3)
    page.open("/inspect")
    for points in DIGITS.values():
        expected = like_mnist(paint(strokes([{"w": 24, "p": [value for point in points for value in point]}])))
        draw_exactly(page, points)

        def same(expected: NDArray[np.uint8] = expected) -> bool:
            image = input_shown(page)
            return image is not None and np.array_equal(image, expected)

        wait_until(same, 20)  # the page shows the digit that Python paints
        tell(page, "pad.querySelector('.clear').click()")
        page.wait_for("Draw a digit, large or small")


def test_a_photo_is_read_and_what_is_no_picture_gets_a_sentence(open_browser: Open, put: Put, tmp_path: Path) -> None:
    page = open_browser()
    put(page, epochs=3)
    page.open("/inspect")
    page.choose("image_source", "Photo")
    text = tmp_path / "text.png"
    text.write_text("No picture.")
    page.upload(text)
    page.wait_for("This file cannot be read as an image")
    assert input_shown(page) is None
    # A one with a foot, dark on paper that a shadow crosses, far from the middle of twelve megapixels.
    shadow = np.linspace(230, 150, 3_000, dtype=np.float32)[None].repeat(4_000, 0).astype(np.uint8)
    photo = Image.fromarray(shadow)
    pen = ImageDraw.Draw(photo)
    pen.line([(700, 500), (700, 1_700)], fill=30, width=160)
    pen.line([(300, 1_700), (1_100, 1_700)], fill=30, width=160)
    photo.save(tmp_path / "photo.jfif")
    page.upload(tmp_path / "photo.jfif")
    page.wait_for("The network's answer: ")
    assert not page.says("This file cannot be read as an image")
    image = input_shown(page)
    assert image is not None
    rows, columns = np.nonzero(image > 128)
    # The digit, not the paper: its box of 20 pixels, the stem one line in the middle, the foot at the bottom.
    assert rows.max() - rows.min() + 1 in (19, 20)
    assert (image[rows.min() + 3] > 128).sum() <= 4
    assert (image[rows.max() - 1] > 128).sum() >= 11
    assert image[0].max() == image[-1].max() == 0
    assert abs(columns.mean() - 13.5) < 1.5


def test_a_click_on_a_cell_shows_its_images(open_browser: Open, put: Put) -> None:
    page = open_browser()
    put(page, epochs=3)
    page.open("/inspect?view=mistakes")
    page.wait_for("images are classified correctly.", 60)
    wait_until(lambda: page.chart("confusion", "drawn-at"))
    page.click_cell("confusion", 2, 2)
    page.wait_for("True class 2, answered 2: ")
    wait_until(lambda: page.chart("mistake_one", "drawn-at"))


def test_the_confusion_matrix_is_read_by_keyboard(open_browser: Open, put: Put) -> None:
    page = open_browser()
    put(page, epochs=3)
    page.open("/inspect?view=mistakes")
    page.wait_for("images are classified correctly.", 60)
    wait_until(lambda: page.chart("confusion", "drawn-at"))
    right, wrong = page.of_chart(
        "confusion", "return chart._fullData.slice(0, 2).map((one) => one.z.map((row) => [...row]))"
    )
    assert page.announces("confusion", Keys.ARROW_RIGHT) == f"0 → 0: {right[0][0]:,}"
    assert page.announces("confusion", Keys.ARROW_DOWN) == f"1 → 0: {wrong[1][0]:,}"
    assert page.announces("confusion", Keys.ARROW_RIGHT) == f"1 → 1: {right[1][1]:,}"
    assert page.announces("confusion", Keys.END) == f"9 → 9: {right[9][9]:,}"
    assert page.announces("confusion", Keys.ARROW_LEFT) == f"9 → 8: {wrong[9][8]:,}"
    page.find("[data-key=chart_confusion]")[0].send_keys(Keys.ENTER)
    page.wait_for(f"True class 9, answered 8: {wrong[9][8]:,}")


def test_what_counted_for_a_drawn_digit(open_browser: Open, put: Put) -> None:
    page = open_browser()
    put(page, epochs=3)
    page.open("/inspect?view=inside")
    page.wait_for("first-layer units after step")
    page.choose("network_view", "Activations and feature maps")
    page.wait_for("Draw a digit, large or small")
    draw_exactly(page, DIGITS[7])
    wait_until(lambda: page.chart("units", "drawn-at"))
    page.choose("network_view", "Saliency: which pixels mattered")
    page.press("attention_ask")
    page.wait_for("evidence for this answer", 60)  # the drawing stays; a worker has computed


def player(page: Page, script: str) -> Any:
    """What `script` returns of the control over time: its `slider`, `button` and `text`."""
    root = (
        "const root = document.querySelector('.st-key-course_control .mnist-lab-frame-player'); if (!root) return null;"
    )
    parts = "const [slider, button, text] = ['input', 'button', 'p'].map((name) => root.querySelector(name));"
    return page.browser.execute_script(root + parts + script)


def frames(page: Page) -> set[str | None]:
    """The frames that the control and the parts of the player show: one, when all have followed."""
    parts = ".st-key-course_weights .mnist-lab-frame-player, .st-key-course_control .mnist-lab-frame-player"
    charts = "[data-key=chart_course], [data-key=chart_course_answer]"
    script = "return [...document.querySelectorAll(arguments[0])].map((part) => part.dataset.frame ?? null)"
    return set(page.browser.execute_script(script, f"{parts}, {charts}"))


def test_scrub_and_play_over_the_snapshots(open_browser: Open, put: Put) -> None:
    page = open_browser()
    put(page, epochs=3)
    page.open("/inspect")
    draw_exactly(page, DIGITS[7])
    page.wait_for("The network's answer: ")
    page.choose("inspect_view", "Through training")
    page.wait_for("images are classified correctly.", 60)
    wait_until(lambda: page.chart("course", "drawn-at") and page.chart("course_answer", "drawn-at"))
    wait_until(lambda: player(page, "return Number(slider.max)"))
    last = player(page, "return Number(slider.max)")
    assert player(page, "return Number(slider.value)") == last
    trained_says, trained_weights = player(page, "return text.textContent"), weights_shown(page)
    player(page, "slider.focus()")  # as the tabulator key does
    ActionChains(page.browser).send_keys(Keys.HOME).perform()
    wait_until(lambda: frames(page) == {"0"})
    page.wait_for("After step 0")
    wait_until(lambda: player(page, "return slider.getAttribute('aria-valuetext')") == "After step 0")
    wait_until(lambda: player(page, "return text.textContent") not in (None, trained_says))
    wait_until(lambda: weights_shown(page) not in ("", trained_weights))
    ActionChains(page.browser).send_keys(Keys.RIGHT).perform()
    wait_until(lambda: frames(page) == {"1"})
    player(page, "button.click()")
    wait_until(lambda: player(page, "return button.textContent") == "Pause")
    wait_until(lambda: frames(page) == {str(last)}, 40)
    wait_until(lambda: player(page, "return button.textContent") == "Play")
    wait_until(lambda: player(page, "return text.textContent") == trained_says)


def weights_shown(page: Page) -> str:
    """The picture of the first weights, as it is addressed; empty where there is none just now."""
    return str(page.browser.execute_script("return document.querySelector('.st-key-course_weights img')?.src ?? ''"))


def test_a_click_on_a_cell_shows_the_images_of_that_snapshot(open_browser: Open, put: Put) -> None:
    page = open_browser()
    put(page, epochs=3)
    page.open("/inspect?view=course")
    page.wait_for("images are classified correctly.", 60)
    wait_until(lambda: page.chart("course", "drawn-at") and player(page, "return Number(slider.max)"))
    player(page, "slider.focus()")
    ActionChains(page.browser).send_keys(Keys.HOME, Keys.RIGHT).perform()
    wait_until(lambda: frames(page) == {"1"})
    first = player(page, "return root.querySelector('.label').textContent")
    page.click_cell("course", 1, 1)
    page.wait_for("True class 1, answered 1: ")
    wait_until(lambda: cell_is_of(page, first))
    player(page, "slider.focus()")
    ActionChains(page.browser).send_keys(Keys.END).perform()
    end = player(page, "return root.querySelector('.label').textContent")
    wait_until(lambda: cell_is_of(page, end))  # the images of the cell are of the snapshot on which the student rests
    assert end != first


def cell_is_of(page: Page, snapshot: str) -> bool:
    """Whether the images shown of a cell are named after this snapshot."""
    script = """
        return [...document.querySelectorAll("[data-testid=stMarkdown]")].some((one) =>
          one.innerText.includes("True class 1") && one.innerText.trim().endsWith(arguments[0]));
    """
    return bool(page.browser.execute_script(script, snapshot))
