"""One lesson in two languages: where they differ in more than their words."""

from __future__ import annotations

import dataclasses
from typing import Any

from mnist_core.errors import LineProblem
from mnist_core.lessons.schema import Answer, Block, Lesson
from mnist_core.messages import N_, message

WORDS = ("line", "watch", "ask", "says", "right", "wrong", "unit")


def differences(one: Lesson, other: Lesson) -> list[LineProblem]:
    """What must be the same in both, and is not; lines are those of `other`.

    Answers and runs are kept by the name of their block, so that who changes the language finds them again.
    """
    names = [block.name for block in one.blocks]
    found = [
        LineProblem(
            0, message(N_("The block {name} is in {language}.md, but not here."), name=name, language=one.language)
        )
        for name in names
        if other.block(name) is None
    ]
    for block in other.blocks:
        same = one.block(block.name)
        if same is None:
            template = N_("The block {name} is not in {language}.md.")
            found.append(LineProblem(block.line, message(template, name=block.name, language=one.language)))
        elif _without_words(same) != _without_words(block):
            template = N_("The block {name} says something else in {language}.md (line {line}): only words may differ.")
            values = {"name": block.name, "language": one.language, "line": same.line}
            found.append(LineProblem(block.line, message(template, **values)))
    if not found and names != [block.name for block in other.blocks]:
        template = N_("The blocks stand in another order than in {language}.md.")
        found.append(LineProblem(0, message(template, language=one.language)))
    return found


def _without_words(block: Block) -> Any:
    values = {field.name: getattr(block, field.name) for field in dataclasses.fields(block)}
    rights = [answer.right for answer in values.get("answers", ()) if isinstance(answer, Answer)]
    return type(block), {name: value for name, value in values.items() if name not in (*WORDS, "answers")}, rights
