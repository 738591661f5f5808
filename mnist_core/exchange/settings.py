"""A run's settings as JSON, with what was changed by hand while it trained; and back."""

from __future__ import annotations

import json
from typing import Any

from mnist_core.config import RATE_CHANGES, RunConfig
from mnist_core.errors import ConfigError, Problem
from mnist_core.messages import N_, message
from mnist_core.records import RateChange, Run


def settings_json(run: Run) -> str:
    """The settings as `RunConfig.from_json` reads them: those that the run began with.

    Where its rate was changed by hand, `learning_rate_changes` says after how many updates and to what.
    """
    settings: dict[str, Any] = run.config.to_dict()
    if run.rate_changes:
        settings[RATE_CHANGES] = [{"step": change.step, "learning_rate": change.rate} for change in run.rate_changes]
    return json.dumps(settings, indent=1)


def read_settings(text: str) -> tuple[RunConfig, tuple[RateChange, ...]]:
    """The settings in a JSON object and the changes of the rate, as `training.train` takes them. Raises ConfigError."""
    config = RunConfig.from_json(text)
    try:
        entries = json.loads(text).get(RATE_CHANGES, [])
        changes = tuple(sorted(RateChange(int(entry["step"]), float(entry["learning_rate"])) for entry in entries))
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        text = N_("learning_rate_changes must be a list such as [{example}].")
        problem = message(text, example='{"step": 100, "learning_rate": 0.01}')
        raise ConfigError([Problem(RATE_CHANGES, problem)]) from None
    for change in changes:
        config.replace(learning_rate=change.rate)  # in the range of rates
    return config, changes
