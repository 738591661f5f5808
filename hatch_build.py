"""What the build of the wheel adds to pyproject.toml: the requirements, as `requirements.txt` pins them, and compiled catalogs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class Requirements(MetadataHookInterface):
    """`pip install .` brings the versions that were tested together, the same as the README's command."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called by hatchling."""
        lines = (Path(self.root) / "requirements.txt").read_text(encoding="utf-8").splitlines()
        metadata["dependencies"] = [line for line in lines if line and not line.startswith(("#", "-"))]


class Catalogs(BuildHookInterface[Any]):
    """Catalogs are compiled for the wheel; the repository has none, and reads them as they are written."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling."""
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        for source in sorted((Path(self.root) / "locales").glob("*/LC_MESSAGES/*.po")):
            language = source.parts[-3]
            compiled = Path(self._folder.name) / f"{language}.mo"
            with source.open("rb") as texts, compiled.open("wb") as catalog:
                write_mo(catalog, read_po(texts, locale=language))
            place = f"mnist_core/app/locales/{language}/LC_MESSAGES/{source.stem}.mo"
            build_data["force_include"][str(compiled)] = place

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called by hatchling."""
        if version != "editable":
            self._folder.cleanup()
