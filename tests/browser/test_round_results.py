"""A teacher takes a round's files: the report opens from disk without anything of what was typed, the zip comes in elsewhere."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import sqlalchemy as sa
from selenium.webdriver.common.by import By

from mnist_core.config import RunConfig
from mnist_core.escape import UserText
from mnist_core.rounds import Plan
from mnist_core.store import Store
from mnist_core.store.tables import runs
from tests.browser.conftest import Open, Put
from tests.browser.elsewhere import Elsewhere
from tests.conftest import wait_until

pytestmark = pytest.mark.browser


def test_a_rounds_files_are_taken_and_open(
    open_browser: Open, put: Put, store: Store, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    hostile = f"=<img src={elsewhere.address}/n>"[:24]
    teacher, ann = open_browser(), open_browser()
    opened, secret = store.classes.open("3b", "t" * 32)
    store.classes.join(opened.code, ann.student(), hostile)
    title = UserText(f"</script><img src={elsewhere.address}/t onerror=document.title=1>"[:80])
    given = store.rounds.give(opened.id, secret, Plan(title, config=RunConfig()))
    run_id = put(ann, epochs=1)
    with store.database.begin() as connection:  # as if it had been trained in the round
        of_round = {"class_id": opened.id, "round_id": given.id}
        connection.execute(sa.update(runs).where(runs.c.id == run_id).values(of_round))

    teacher.downloads_to(tmp_path)
    teacher.open(f"/teacher?class={opened.id}&secret={secret}")
    teacher.wait_for("3b")
    teacher.expand("Results of a round")
    report = teacher.take("HTML", tmp_path, "html")
    table = teacher.take("CSV", tmp_path, "csv")
    teacher.take("Parquet", tmp_path, "parquet")
    bundle = teacher.take("zip", tmp_path, "zip")

    with table.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["run"] == run_id
    assert row["nickname"].endswith(hostile[1:])
    assert not row["nickname"].startswith("=")

    reader = open_browser()
    reader.browser.get(report.as_uri())
    wait_until(lambda: reader.find(".scatterlayer .trace"), 30)
    assert reader.browser.title.startswith("1. </script><img")
    assert hostile in reader.browser.find_element(By.TAG_NAME, "main").text
    assert not reader.find("main img")

    other = open_browser().open("/compare")
    other.popover("Import")
    other.upload(bundle)
    wait_until(lambda: [one for one in store.runs.newest(other.student()) if one.name.raw.startswith(hostile)], 40)
    assert elsewhere.asked == []
