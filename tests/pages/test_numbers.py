"""Numbers are written in one way on every page: 10,000 and −1.5."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.config import RunConfig
from mnist_core.ideas.registry import IDEAS, Idea
from mnist_core.records import EVALUATION_DTYPE, Curves, Progress, Report
from mnist_core.store import Store
from mnist_core.ui import session
from tests.pages.conftest import Open
from tests.pages.content import columns_of, components
from tests.pages.inspected_runs import run_with_weights
from tests.pages.test_instances import OWNER, Stand, move, with_layers
from tests.pages.test_instances import stand as stand
from tests.pages.test_instances import stops as stops
from tests.pages.test_korean import all_texts

# A number of four digits and more without commas, or one below zero with a hyphen; no part of a word, of a color or a range.
WRONG = re.compile(r"(?<![\w.,:#&/%{-])(?:\d{4,}(?![\w,.-])|-\d)")
# What a component gets besides texts.
NO_TEXT = {"script", "bdata", "key", "uid", "id", "css", "html", "version", "player", "svg", "subject"}


def strings(value: Any, name: str = "") -> Iterator[str]:
    """The texts in what the browser gets for a component."""
    if name in NO_TEXT:
        return
    if isinstance(value, str) and len(value) < 2_000:
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, name)


def wrong(app: AppTest, *run_ids: str) -> list[str]:
    """Texts with a number that is written another way: but tables, whose columns have formats, formulas, which have signs of
    their own, and the ids of runs, of which one in a hundred has digits alone."""
    tables = {str(table.value) for table in app.dataframe}
    found = [*all_texts(app), *(text for data in components(app) for text in strings(data))]
    texts = [unescape(text) for text in found if text not in tables and "$$" not in text]
    return [text for text in texts if WRONG.search(re.sub("|".join(run_ids), "id", text))]


@pytest.mark.parametrize("idea", IDEAS.values(), ids=IDEAS)
def test_an_idea_writes_numbers_in_one_way(idea: Idea, stand: Stand, store: Store, stops: Any) -> None:
    run_id = with_layers(store, run_with_weights(store, OWNER, answer=3))
    app = stand(idea.draw, [idea.panel("a")])
    found = wrong(app, run_id)
    if move(app, "a", stops):
        app.run()
        found += wrong(app, run_id)
    assert not found


LARGE = {"train_size": 20_000, "batch_size": 10_000, "validation_size": 10_000, "epochs": 1_000, "hidden_layers": (8,)}
DATA = {"dataset": "built-in"}


def trained(store: Store, number: int, **changes: Any) -> str:
    """A run of large numbers, with curves and figures."""
    config = RunConfig(**DATA | LARGE | changes)
    (run_id,) = store.runs.create_group(
        OWNER, [config], f"{number:010x}", preset="batch-size", variants=(str(config.batch_size),)
    )
    store.queue.claim(run_id, "worker", 1)
    rows = np.zeros(3, EVALUATION_DTYPE)
    rows["step"] = [0, 1_000, 2_000]
    for split in ("train", "validation", "test"):
        rows[f"{split}_loss"], rows[f"{split}_accuracy"] = [2_345.6, 1_234.5, 1.0], [0.1, 0.5, 0.9]
    store.record_writer.publish(
        [Report(run_id, Progress(2_000, 2_000, 1_000.0, 1_234.0, 12_345.0), Curves(evaluations=rows))]
    )
    result = {f"{split}_accuracy": 0.9 for split in ("train", "validation", "test")} | {"train_loss": 1_234.5}
    store.record_writer.finish(run_id, "completed", result)
    return run_id


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("home", {}),
        ("train", {"preset": "batch-size", "variant": "10000"}),
        ("train", {"run": "RUN"}),
        ("learning_rate", {"preset": "batch-size", "variant": "10000"}),
        ("learning_rate", {"view": "test"}),
        ("compare", {"runs": "RUN,OTHER"}),
        ("compare", {"runs": "RUN,OTHER", "compare_view": "groups", "compare_by": "batch_size"}),
        ("compare", {"runs": "RUN,OTHER", "compare_view": "settings", "compare_setting": "batch_size"}),
        ("batch_size", {}),
        ("data", {}),
    ],
)
def test_a_page_writes_numbers_in_one_way(
    open_page: Open,
    built_in: None,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    query: dict[str, str],
    language: str,
) -> None:
    monkeypatch.setattr(session, "name_in", lambda _headers: OWNER)
    ids = {"RUN": trained(store, 1), "OTHER": trained(store, 2, batch_size=1_000)}
    for name, run_id in ids.items():
        query = {key: value.replace(name, run_id) for key, value in query.items()}
    assert not wrong(open_page(page, lang=language, **query), *ids.values())


def test_seconds_in_a_table_have_commas_as_counts_have(
    open_page: Open, built_in: None, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "name_in", lambda _headers: OWNER)
    trained(store, 1)
    forms = {
        title: column.get("type_config", {}).get("format") for title, column in columns_of(open_page("compare")).items()
    }
    assert forms["Seconds"] == "%,.1f"
