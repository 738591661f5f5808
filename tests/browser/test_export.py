"""A run leaves one browser as a zip and comes into another; what is no run is a sentence."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.browser.conftest import Open, Put
from tests.conftest import wait_until

pytestmark = pytest.mark.browser


def test_a_run_is_exported_and_imported(open_browser: Open, put: Put, tmp_path: Path) -> None:
    page = open_browser()
    page.downloads_to(tmp_path)
    page.open(f"/train?run={put(page, epochs=1)}")
    page.popover("Export")
    zip_file = page.take("zip", tmp_path, "zip")
    for label, ending in (("CSV", "csv"), ("PyTorch", "py"), ("safetensors", "safetensors")):
        page.take(label, tmp_path, ending)
    with zipfile.ZipFile(zip_file) as archive:
        assert {"run.json", "train.py", "curves.csv", "weights.safetensors"} <= set(archive.namelist())

    other = open_browser().open("/compare")
    other.wait_for("Train some networks first")
    other.popover("Import")
    other.upload(zip_file)
    other.wait_for("784-50-10 · SGD 0.5 · batch 100 (imported)")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(zip_file.read_bytes()[:1_000])
    other.upload(broken)
    wait_until(lambda: any("not a readable zip" in alert.text for alert in other.find("[data-testid=stAlert]")), 40)


def test_a_press_that_meets_a_redrawing_is_made_again(open_browser: Open, put: Put, tmp_path: Path) -> None:
    """The first press is kept from Streamlit, and answered as Streamlit answers one whose button is no longer known."""
    page = open_browser()
    page.downloads_to(tmp_path)
    page.open(f"/train?run={put(page, epochs=1)}")
    page.popover("Export")
    page.browser.execute_script("""
        document.addEventListener("click", (event) => {
            const place = event.isTrusted && event.target.closest("[data-testid=stDownloadButton]");
            if (!place) return;
            event.stopPropagation();
            const error = document.createElement("div");
            error.dataset.testid = "stDownloadButtonError";
            setTimeout(() => place.append(error));
        }, true);
    """)
    assert page.take("CSV", tmp_path, "csv").read_text().startswith("row,step")
