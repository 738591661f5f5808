"""Brings the catalogs up to date with the source: `python locales/update.py`. Lists what has no translation.

Texts are the first arguments of `_(…)` and `N_(…)`, and the first two of `ngettext(…)`. Translations are kept, texts that are gone are dropped, and the
same source always gives the same file: no dates, no line numbers.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
HEADER = """\
# Texts of MNIST Lab. Kept up to date by `python locales/update.py`; only the msgstr lines are written by hand.
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms}\\n"

"""


def catalog_files() -> list[Path]:
    """The catalogs of all languages but English, which stands in the source."""
    return sorted((ROOT / "locales").glob("*/LC_MESSAGES/mnist_lab.po"))


def language(file: Path) -> str:
    """Code of the catalog's language."""
    return file.parts[-3]


def texts() -> list[str | tuple[str, str]]:
    """Every text of the interface, in the order of the source; a text that counts as its (singular, plural)."""
    found: dict[str | tuple[str, str], None] = {}
    for folder in (ROOT / "pages", ROOT / "mnist_core"):
        for _file, _line, text, _comments, _context in extract_from_dir(str(folder), keywords=KEYWORDS):
            if text:
                found[text] = None
    return list(found)


def read(file: Path) -> Catalog:
    """The catalog as it is."""
    with file.open("rb") as source:
        return read_po(source, locale=language(file))


def updated(file: Path) -> str:
    """What the catalog should be, given the source and its present translations."""
    known = read(file)
    new = Catalog(locale=language(file), charset="utf-8", fuzzy=False)
    for text in texts():
        message = known.get(text)
        entry = new.add(text, message.string if message else "")
        entry.flags.discard("python-format")  # a percent sign is a percent sign: fields are written {so}
    body = io.BytesIO()
    write_po(body, new, omit_header=True, include_lineno=False, width=110, sort_output=False)
    return (
        HEADER.format(language=language(file), plural_forms=new.plural_forms)
        + body.getvalue().decode("utf-8").strip()
        + "\n"
    )


def main() -> None:
    """Rewrite the catalogs."""
    for file in catalog_files():
        file.write_text(updated(file), encoding="utf-8")
        messages = [message for message in read(file) if message.id]
        missing = [message.id for message in messages if not any(message.string)]
        print(f"{language(file)}: {len(messages)} texts, {len(missing)} without a translation")
        for text in missing:
            print(f"  {text}")


if __name__ == "__main__":
    main()
