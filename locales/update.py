"""Brings the catalogue up to date with the source: `python locales/update.py`. Lists what has no translation.

Texts are the first arguments of `_(…)` and `N_(…)`. Translations are kept; texts that are gone are dropped.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
FILE = ROOT / "locales" / "ko" / "LC_MESSAGES" / "mnist_lab.po"


def texts() -> list[str]:
    """Every text of the interface, in the order of the source."""
    found: dict[str, None] = {}
    for folder in (ROOT / "pages", ROOT / "mnist_core"):
        for _file, _line, text, _comments, _context in extract_from_dir(str(folder), keywords={"_": None, "N_": None}):
            if isinstance(text, str) and text:
                found[text] = None
    return list(found)


def catalogue() -> Catalog:
    """The catalogue as it is."""
    with FILE.open("rb") as file:
        return read_po(file, locale="ko")


def main() -> None:
    """Rewrite the catalogue."""
    known = catalogue() if FILE.exists() else Catalog(locale="ko")
    new = Catalog(locale="ko", project="MNIST Lab", charset="utf-8", fuzzy=False)
    for text in texts():
        message = known.get(text)
        new.add(text, message.string if message else "")
    FILE.parent.mkdir(parents=True, exist_ok=True)
    with FILE.open("wb") as file:
        write_po(file, new, omit_header=False, include_lineno=False, width=100, sort_output=False)
    missing = [message.id for message in new if message.id and not message.string]
    print(f"{len(new)} texts, {len(missing)} without a translation")
    for text in missing:
        print(f"  {text}")


if __name__ == "__main__":
    main()
