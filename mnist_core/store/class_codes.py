"""Codes and nicknames as text: what is made, what was typed, what is kept of it."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata

from mnist_core import escape
from mnist_core.errors import ClassError
from mnist_core.messages import N_

LETTERS = "ACDEFGHJKMNPQRTWXY34679"  # without those that are misread: 0 O, 1 I L, 2 Z, 5 S, 8 B, U V
CODE_LETTERS = 6
NICKNAME_LETTERS = 24


def new_code() -> str:
    """Six letters and digits that cannot be misread."""
    return "".join(secrets.choice(LETTERS) for _letter in range(CODE_LETTERS))


def clean_code(text: str) -> str:
    """A code as it was typed, as it is kept: small letters, wide letters, blanks and hyphens do not matter."""
    wide = unicodedata.normalize("NFKC", escape.line(text[:40])).upper()
    return "".join(sign for sign in wide if sign.isalnum())[:40]


def clean_nickname(text: str) -> str:
    """A nickname as it is kept. Raises ClassError where it cannot be one."""
    nickname = escape.line(unicodedata.normalize("NFKC", text[:200]))
    if not nickname_key(nickname):
        raise ClassError(N_("A nickname needs at least one letter or digit."))
    if len(nickname) > NICKNAME_LETTERS:
        raise ClassError(N_("A nickname has at most {most} letters."), most=NICKNAME_LETTERS)
    return nickname


def nickname_key(nickname: str) -> str:
    """The same for nicknames that would be taken for one another: large and small letters, blanks and signs."""
    folded = unicodedata.normalize("NFKC", nickname[:200]).casefold()
    return "".join(sign for sign in folded if sign.isalnum())[:200]


def hashed(text: str) -> str:
    """SHA-256 of a secret or password, in hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
