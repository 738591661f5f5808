"""What stands above the button of a block that trains."""

from __future__ import annotations

from mnist_core.config import RunConfig
from mnist_core.lessons.schema import RangeTestBlock, RunBlock
from mnist_core.lessons_page.training_panel import _settings_of


def test_a_range_test_is_described_by_its_own_length() -> None:
    config = RunConfig(train_size=10_000, epochs=100)
    assert " · 1,000 steps · " in _settings_of(RangeTestBlock("rising", 1, config, config), config)
    assert " · 100 epochs · " in _settings_of(RunBlock("one", 1, config, config), config)
