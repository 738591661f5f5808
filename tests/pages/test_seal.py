"""What pages show while the test set is sealed."""

from __future__ import annotations

import pytest

from mnist_core.presets import PRESETS
from mnist_core.store import Store
from mnist_core.ui import session
from tests.pages.conftest import Open
from tests.pages.content import texts


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("preset", ["keras-first-look", "two-layer-net", "lenet", "lenet-fast"])
def test_an_experiment_tells_no_sealed_test_accuracy(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch, preset: str, sealed: bool
) -> None:
    """It said what test accuracy to expect, beside a sealed test set."""
    student = f"{sealed:032x}"  # the seal of each is remembered by the process
    monkeypatch.setattr(session, "name_in", lambda _cookies: student)
    store.facts.set(f"seal:{student}", {"sealed": sealed, "opened": 0})
    for page in ("train", "learning_rate"):
        said = texts(open_page(page, preset=preset))
        assert (PRESETS[preset].summary in said) == (not sealed)
        assert (PRESETS[preset].says(sealed=True) in said.split("\n")) == sealed


@pytest.mark.parametrize("sealed", [False, True])
def test_home_tells_no_sealed_test_accuracy(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch, sealed: bool
) -> None:
    student = f"{2 + sealed:032x}"
    monkeypatch.setattr(session, "name_in", lambda _cookies: student)
    store.facts.set(f"seal:{student}", {"sealed": sealed, "opened": 0})
    said = texts(open_page("home"))
    assert ("reaches 98% accuracy" in said) == (not sealed)
    assert ("reaches a training accuracy of 98.9%" in said) == sealed


def test_no_words_for_who_has_sealed_the_test_set_tell_of_it() -> None:
    assert "test accuracy" in PRESETS["lenet"].says(sealed=False)
    assert not [preset.name for preset in PRESETS.values() if "test " in preset.says(sealed=True)]
