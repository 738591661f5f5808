"""What earlier versions called settings, their words and variants is read, and never written again."""

from __future__ import annotations

import json

import pytest

from mnist_core import RunConfig, old_names, preset
from mnist_core.cli import main
from mnist_core.config import FIELDS, choices

OLD = {"initialisation": "glorot", "preprocessing": "standardised"}
NEW = RunConfig(initialization="glorot", preprocessing="standardized")


def test_settings_under_old_names_are_read() -> None:
    assert RunConfig.from_dict(OLD) == NEW
    assert RunConfig.from_json(json.dumps(OLD)) == NEW
    assert RunConfig.from_query(OLD) == NEW
    assert RunConfig().replace(**OLD) == NEW
    assert not old_names.SETTINGS.keys() & NEW.to_dict().keys()


def test_a_new_name_goes_before_an_old_one() -> None:
    assert RunConfig.from_dict({"initialization": "he", "initialisation": "glorot"}).initialization == "he"


@pytest.mark.parametrize(("name", "words"), old_names.VALUES.items())
def test_old_words_are_those_of_a_setting(name: str, words: dict[str, str]) -> None:
    assert set(words.values()) <= set(choices(name))
    assert not set(words) & set(choices(name))


def test_old_settings_have_names_of_today() -> None:
    assert set(old_names.SETTINGS.values()) <= FIELDS.keys()


def test_a_variant_is_found_under_its_old_label() -> None:
    assert preset("preprocessing").variant("centred") == preset("preprocessing").variant("centered")


def test_old_options_work_and_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--initialisation", "nonsense"]) != 0
    assert "initialization must be one of" in capsys.readouterr().err
    for words in (["train", "--help"], ["train", "--initialisatio", "he"]):
        with pytest.raises(SystemExit):
            main(words)
        output = "".join(capsys.readouterr())
        assert "--initialization" in output
        assert "--initialisation " not in output
