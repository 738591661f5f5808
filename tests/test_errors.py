"""Errors of the operating system, in sentences of ours."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mnist_core.data import idx
from mnist_core.errors import DataFileError, system_reason
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


def test_what_has_no_sentence_of_ours_is_said_as_it_came() -> None:
    assert system_reason(OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))) == os.strerror(errno.ENOTEMPTY)
    assert system_reason(OSError("it is {no} ordinary file")) == "it is {no} ordinary file"
    assert system_reason(ValueError("a header that is too long")) == "a header that is too long"


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EIO, errno.EROFS])
def test_english_is_the_systems_own(number: int) -> None:
    assert str(system_reason(OSError(number, "said otherwise"))) == os.strerror(number)
