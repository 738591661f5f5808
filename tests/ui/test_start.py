"""What the server does at its start."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from mnist_core.ui import start


@pytest.fixture
def thresholds() -> Iterator[None]:
    """The collector looks as often as before, afterwards."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_the_collector_passes_over_what_was_loaded_and_finds_what_dies_later(thresholds: None) -> None:
    loaded = [{"number": [number]} for number in range(1_000)]
    start.spare_the_collector()
    looked_at = {id(value) for value in gc.get_objects()}
    assert not looked_at & {id(value) for value in loaded}

    class Cycle:
        own: object = None

    cycle = Cycle()
    cycle.own, gone = cycle, weakref.ref(cycle)
    del cycle
    gc.collect()
    assert gone() is None
    assert gc.get_threshold()[0] == start.NEW_OBJECTS
