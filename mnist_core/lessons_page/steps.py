"""A lesson in steps: each begins at a heading of the second order, or after something that is to be done first."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mnist_core.lessons.schema import CheckBlock, Code, Lesson, Part, Picture, Prose

_HEADING = re.compile(r"^##[ \t]+(.+?)[ \t#]*$", re.MULTILINE)


@dataclass
class Step:
    """What is shown at a time. `title`: Markdown of its heading; empty where it has none. `parts`: with their numbers in the lesson."""

    title: str = ""
    parts: list[tuple[int, Part]] = field(default_factory=list)

    @property
    def blocks(self) -> list[str]:
        """Names of its live parts."""
        return [part.name for _number, part in self.parts if not isinstance(part, Prose | Code | Picture)]

    @property
    def checks(self) -> list[CheckBlock]:
        """What is to be done in it before the next one."""
        return [part for _number, part in self.parts if isinstance(part, CheckBlock)]


def split(lesson: Lesson) -> list[Step]:
    """The steps of a lesson, at least one."""
    steps, after_check = [Step()], False
    for number, part in enumerate(lesson.parts):
        pieces = _pieces(part) if isinstance(part, Prose) else [("", part)]
        for title, piece in pieces:
            if (title or after_check) and (steps[-1].parts or steps[-1].title):
                steps.append(Step(title or steps[-1].title))
            elif title:
                steps[-1].title = title
            after_check = isinstance(piece, CheckBlock)
            if not isinstance(piece, Prose) or piece.text.strip():
                steps[-1].parts.append((number, piece))
    return steps


def _pieces(prose: Prose) -> list[tuple[str, Part]]:
    """Prose cut before each heading of the second order, each piece with its heading, which is no part of its text any more."""
    places = list(_HEADING.finditer(prose.text))
    ends = [place.start() for place in places[1:]] + [len(prose.text)]
    found: list[tuple[str, Part]] = []
    if not places or prose.text[: places[0].start()].strip():
        before = prose.text[: places[0].start()] if places else prose.text
        found.append(("", Prose(before.rstrip("\n"), prose.line)))
    for place, end in zip(places, ends, strict=False):
        line = prose.line + prose.text.count("\n", 0, place.start())
        found.append((place[1], Prose(prose.text[place.end() : end].strip("\n"), line)))
    return found
