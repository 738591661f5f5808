"""Files that are made when a button is pressed: in a thread that knows no session, for the student who pressed it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from mnist_core.escape import UserText
from mnist_core.ui import download, seal, session, texts, times


def in_a_thread(make: Callable[[], bytes]) -> bytes:
    made: list[bytes] = []
    thread = threading.Thread(target=lambda: made.append(make()))
    thread.start()
    thread.join(10)
    return made[0]


def test_language_and_seal_are_those_of_who_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = {"ann": False}
    monkeypatch.setattr(session, "student", lambda: "ann")
    monkeypatch.setattr(seal, "sealed_by", sealed.__getitem__)
    with texts.speaking("ko"):
        make = download.for_this_student(lambda: f"{texts.language()} {seal.sealed()}".encode())
    assert in_a_thread(make) == b"ko False"
    sealed["ann"] = True  # after the button was drawn
    assert in_a_thread(make) == b"ko True"


def test_it_is_made_for_who_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who else would know what his images are called, and what his clock says?"""
    monkeypatch.setattr(seal, "sealed_by", lambda _student: False)
    with texts.speaking("en"), session.seen_by("ann"), times.read_in("Asia/Seoul"):
        make = download.for_this_student(lambda: f"{session.student()} {times.zone()}".encode())
    assert in_a_thread(make) == b"ann Asia/Seoul"


@pytest.mark.parametrize(
    ("text", "words"),
    [("My run (0.5)", "My-run-0.5"), ("학습률", "run"), ("../../etc", "etc"), ("x" * 300, "x" * 80), ("", "run")],
)
def test_a_file_is_called_in_letters_that_every_system_knows(text: str, words: str) -> None:
    assert download.words(UserText(text), "run") == words
