"""The student's cookie, as a browser sends it: a random name. Light to import, for the server's start."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mnist_core.web.asgi import Scope

COOKIE = "mnist_lab_student"
NAME = "[0-9a-f]{32}"  # what a name looks like, to Python and to the browser


def name_in(headers: Iterable[str]) -> str | None:
    """The first whole name in the cookies that a browser sent; None where there is none, or what there is was damaged.

    Read here, since of two cookies of one name (of two paths) Streamlit keeps one, which may be the damaged one.
    """
    for header in headers:
        for cookie in header.split(";"):
            key, _sign, value = cookie.strip().partition("=")
            if key == COOKIE and re.fullmatch(NAME, value.strip('"')):
                return value.strip('"')
    return None


def student(scope: Scope) -> str:
    """The student who sends a request; empty where it names none."""
    return name_in(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie") or ""
