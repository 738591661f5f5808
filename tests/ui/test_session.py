"""The name of a student in the cookies that a browser sends."""

from __future__ import annotations

import pytest

from mnist_core.web.cookie import COOKIE, name_in

WHOLE, OTHER = "0123456789abcdef" * 2, "f" * 32


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ([], None),
        ([""], None),
        ([f"{COOKIE}={WHOLE}"], WHOLE),
        ([f"a=b; {COOKIE}={WHOLE}; c=d"], WHOLE),
        ([f'{COOKIE}="{WHOLE}"'], WHOLE),
        ([f"{COOKIE}=damaged; {COOKIE}={WHOLE}"], WHOLE),  # of two paths
        ([f"{COOKIE}={WHOLE}; {COOKIE}=damaged"], WHOLE),
        (["a=b", f"{COOKIE}={WHOLE}"], WHOLE),
        ([f"{COOKIE}={WHOLE}; {COOKIE}={OTHER}"], WHOLE),
        ([f"{COOKIE}={WHOLE[:-1]}"], None),
        ([f"{COOKIE}={WHOLE}0"], None),
        ([f"{COOKIE}={WHOLE.upper()}"], None),
        ([f"{COOKIE}={'g' * 32}"], None),
        ([f"{COOKIE}={'٣' * 32}"], None),
        ([f"{COOKIE}"], None),
        ([f"{COOKIE}="], None),
        ([f"{COOKIE}=="], None),
        ([f"x{COOKIE}={WHOLE}"], None),
        ([f"{COOKIE}={'0' * 4_000}"], None),
    ],
)
def test_only_a_whole_name_counts(headers: list[str], name: str | None) -> None:
    assert name_in(headers) == name
