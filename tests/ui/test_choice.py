"""A choice among the rows of a table."""

from __future__ import annotations

from typing import Any

import pytest

from mnist_core.ui import choice


@pytest.mark.parametrize(("rows", "height"), [(12, "content"), (160, choice.MOST_ROWS * choice.ROW)])
def test_a_table_shows_whole_rows(rows: int, height: object, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, Any] = {}
    monkeypatch.setattr(choice.st, "dataframe", lambda _table, **how: drawn.update(how))
    choice.row_of([{"rate": number} for number in range(rows)], "table", lambda place: None)
    assert drawn["height"] == height
