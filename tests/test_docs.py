"""The README is short, and what README and docs link to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#]*)(#[^)]*)?\)")
CODE = re.compile(r"`[^`\n]*`")
MOST_LINES = 130


def anchors(file: Path) -> set[str]:
    """What a heading of the file can be linked by, as code hosts make it."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    text = CODE.sub("", file.read_text(encoding="utf-8"))
    for target, anchor in LINK.findall(text):
        if target.startswith("http"):
            continue
        linked = (file.parent / target).resolve() if target else file
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), anchor
