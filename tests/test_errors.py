"""Errors of the operating system, in sentences of ours."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from safetensors import SafetensorError

from mnist_core.data import idx
from mnist_core.errors import DataFileError, system_reason
from mnist_core.jobs import transient_faults
from mnist_core.messages import Message
from mnist_core.ui import texts


def test_what_the_system_says_is_read_in_the_pages_language(tmp_path: Path) -> None:
    with pytest.raises(DataFileError) as caught:
        idx.read(tmp_path / "no file", (1, 28, 28))
    assert "cannot be read (No such file or directory)." in str(caught.value)
    korean = caught.value.message.text(texts.catalog("ko").gettext)
    assert "파일이나 폴더가 없음" in korean
    assert "No such" not in korean
    assert (
        Message.from_dict(caught.value.message.to_dict()).text(texts.catalog("ko").gettext) == korean
    )  # as the store keeps it


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EXFULL, os.strerror(errno.EXFULL)), os.strerror(errno.EXFULL)),
        (OSError("it is {no} image"), "it is {no} image"),
        (ValueError("a header that is too long"), "a header that is too long"),
    ],
)
def test_what_has_no_sentence_of_ours_is_in_the_log_as_it_came(error: Exception, words: str) -> None:
    """On a page English stood within a Korean sentence."""
    sentence = Message("({reason})", {"reason": system_reason(error)})
    assert str(sentence) == f"({words})"
    assert sentence.has_places  # so that the log has it
    assert sentence.text() == "(see the server's log)"
    assert sentence.text(texts.catalog("ko").gettext) == "(서버 로그 참고)"


def test_all_that_a_run_waits_for_has_a_sentence() -> None:
    korean = texts.catalog("ko").gettext
    for number in transient_faults.PASSING:
        assert system_reason(OSError(number, "said otherwise")).text(korean).isascii() is False, errno.errorcode[number]


def test_an_error_that_another_library_tells_of_is_read_from_its_words() -> None:
    error = SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
    assert str(system_reason(error)) == os.strerror(errno.ENOSPC)


def test_what_is_no_ordinary_file_is_said_in_the_pages_language(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "labels")
    with pytest.raises(DataFileError) as caught:
        idx.read(tmp_path / "labels", (1,))
    assert "(it is no ordinary file)" in str(caught.value)
    assert "ordinary" not in caught.value.message.text(texts.catalog("ko").gettext)


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EIO, errno.EROFS])
def test_english_is_the_systems_own(number: int) -> None:
    assert str(system_reason(OSError(number, "said otherwise"))) == os.strerror(number)
