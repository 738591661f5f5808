"""A student takes a run's report along and hands it in; his teacher gets the zip, and both files open from disk."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver.common.by import By

from mnist_core.store import Store
from tests.browser.conftest import Open, Put
from tests.browser.elsewhere import Elsewhere
from tests.browser.page import arrived
from tests.conftest import wait_until

pytestmark = pytest.mark.browser


def test_a_report_is_taken_along_and_handed_in(
    open_browser: Open, put: Put, store: Store, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    hostile = f"<img src={elsewhere.address}/n>"[:24]
    teacher, ann = open_browser(), open_browser()
    opened, secret = store.classes.open("3b", "t" * 32)
    store.classes.join(opened.code, ann.student(), hostile)
    run_id = put(ann, epochs=1)
    for page in (teacher, ann):
        page.downloads_to(tmp_path)

    ann.browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Pacific/Kiritimati"})
    ann.open(f"/train?run={run_id}")
    ann.popover("Export")
    own = ann.take("HTML", tmp_path, "html")
    ann.press(f"hand_in_{run_id}")
    wait_until(lambda: "Handed in last" in ann.browser.find_element(By.TAG_NAME, "body").text)

    (kept,) = store.reports.own(ann.student())
    moment = datetime.fromtimestamp(kept.handed_in_at, ZoneInfo("Pacific/Kiritimati"))  # of this tab alone
    assert f"{moment:%Y-%m-%d %H:%M}" in ann.browser.find_element(By.TAG_NAME, "body").text

    teacher.open(f"/teacher?class={opened.id}&secret={secret}")
    teacher.wait_for("3b")
    teacher.expand("Reports handed in")
    teacher.press_link("All reports as one zip")
    bundle = wait_until(lambda: arrived(tmp_path, "zip"))
    with zipfile.ZipFile(bundle) as archive:
        (name,) = archive.namelist()
        handed_in = Path(archive.extract(name, tmp_path / "unpacked"))

    reader = open_browser()
    for file in (own, handed_in):
        reader.browser.get(file.as_uri())
        wait_until(lambda: reader.find(".scatterlayer .trace"), 30)
        assert not reader.find("main img")
    assert hostile in reader.browser.find_element(By.TAG_NAME, "header").text
    assert elsewhere.asked == []
