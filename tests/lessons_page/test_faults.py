"""A lesson that cannot be shown says why, in the student's language."""

from __future__ import annotations

import re

import pytest

from mnist_core import lessons
from mnist_core.errors import LessonError
from mnist_core.lessons_page import faults
from mnist_core.ui import texts

TEXT = "---\nschema: 1\ntitel: One *line*\nminutes: 900\n---\n\n```run\npreset: lenett\n```\n"


@pytest.mark.parametrize(("code", "sign"), [("en", r"[a-z]{4}"), ("ko", r"[가-힣]")])
def test_each_fault_is_a_line(code: str, sign: str) -> None:
    with pytest.raises(LessonError) as raised:
        lessons.read(TEXT, name="one", language="en", images={})
    with texts.speaking(code):
        head, _blank, *lines = faults.words(raised.value).splitlines()
    assert len(lines) == len(raised.value.problems) > 1
    assert all(re.search(sign, line) for line in (head, *lines))
    assert all(line.startswith("- ") for line in lines)
