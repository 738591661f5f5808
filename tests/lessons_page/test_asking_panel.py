"""What a lesson says of an answer."""

from __future__ import annotations

import pytest

from mnist_core.lessons import read
from mnist_core.lessons.schema import QuestionBlock
from mnist_core.lessons_page.asking_panel import verdict
from tests.lessons.test_reader import HEAD


def question(said: str) -> QuestionBlock:
    text = f"```question one\nask: x\nnumber: 4\nright: {said}\nwrong: Divide.\n```"
    (block,) = read(f"{HEAD}\n{text}", name="one", language="en").blocks
    assert isinstance(block, QuestionBlock)
    return block


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Right, 8 / 2 = 4.", "Right, 8 / 2 = 4."),
        ("Right. Half of it.", "Right. Half of it."),
        ("Yes, 8 / 2 = 4.", "Right.\n\nYes, 8 / 2 = 4."),
    ],
)
def test_it_is_said_once_that_an_answer_is_right(said: str, shown: str) -> None:
    assert verdict(question(said), "4", right=True) == shown
    assert verdict(question(said), "5", right=False) == "Not yet. Try again.\n\nDivide."
