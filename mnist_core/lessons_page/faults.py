"""Why a lesson cannot be shown: its faults, line by line, in the language of the session."""

from __future__ import annotations

from mnist_core import escape
from mnist_core.errors import LessonError, LineProblem
from mnist_core.messages import TypedText
from mnist_core.ui import names
from mnist_core.ui.texts import _, ngettext


def words(error: LessonError) -> str:
    """All faults as Markdown."""
    n = len(error.problems)
    text = ngettext("{n} fault keeps the lesson from being shown:", "{n} faults keep the lesson from being shown:", n)
    return "\n".join([text.format(n=n), "", *map(_fault, error.problems)])


def _term(written: str) -> str:
    """Settings and their words are called as a lesson has them."""
    return names.term(written) if isinstance(written, TypedText) else written


def _fault(problem: LineProblem) -> str:
    text = escape.markdown(problem.message.text(_, term=_term))
    if not problem.line:
        return f"- {text}"
    return "- " + _("Line {n}: {fault}").format(n=problem.line, fault=text)
