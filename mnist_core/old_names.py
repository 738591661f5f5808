"""Names that earlier versions wrote, old → new: what was saved or linked under them stays readable.

Settings stand in stores, zips, links, scripts and command lines. Old names are read, never written or shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SETTINGS: Mapping[str, str] = {"initialisation": "initialization"}
VALUES: Mapping[str, Mapping[str, str]] = {  # of settings by their new names
    "preprocessing": {"centred": "centered", "standardised": "standardized"},
}
VARIANTS: Mapping[str, str] = {"centred": "centered", "standardised": "standardized"}  # of experiments


def current_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings (and other parameters, as they are) with the names and words of this version; a new name goes before an old."""
    renamed = {SETTINGS.get(name, name): value for name, value in settings.items()}
    renamed |= {name: value for name, value in settings.items() if name not in SETTINGS}
    return {name: _current_value(name, value) for name, value in renamed.items()}


def current_variant(label: str | None) -> str | None:
    """The label of an experiment's variant that was called `label`."""
    return None if label is None else VARIANTS.get(label, label)


def _current_value(name: str, value: Any) -> Any:
    return VALUES.get(name, {}).get(value, value) if isinstance(value, str) else value
