"""RunConfig: all problems at once, likely names, and the way to JSON and web addresses and back."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.config import FIELDS, RANGES, SETTINGS, RunConfig, choices, parse_field
from mnist_core.errors import ConfigError
from mnist_core.image_sets import SETS
from mnist_core.presets import PRESETS


def values(name: str) -> st.SearchStrategy[Any]:
    """Values that the field may have by itself."""
    if options := choices(name):
        return st.sampled_from(options)
    count, units = SETTINGS[name].layers, SETTINGS[name].allowed
    if count is not None:
        assert units is not None
        each = st.integers(int(units.minimum), int(units.maximum))
        return st.lists(each, min_size=int(count.minimum), max_size=int(count.maximum)).map(tuple)
    if FIELDS[name] is bool:
        return st.booleans()
    allowed = RANGES[name]
    if FIELDS[name] is float:
        return st.floats(allowed.minimum, allowed.maximum)
    whole = st.integers(int(allowed.minimum), int(allowed.maximum))
    return st.none() | whole if name == "batch_seed" else whole


def together(fields: dict[str, Any]) -> RunConfig:
    """A configuration that can be, from values that can be one by one."""
    fields["train_size"] = min(fields["train_size"], SETS[fields["dataset"]].train)
    fields["validation_size"] = min(fields["validation_size"], SETS[fields["dataset"]].train - fields["train_size"])
    fields["batch_size"] = min(fields["batch_size"], fields["train_size"])
    fields["kernel_size"] |= 1
    fields["classes"] = 10  # of all data sets but one's own
    if not fields["validation_size"]:
        fields["early_stopping"] = 0
    if fields["batch_norm"] and (fields["batch_size"] == 1 or fields["train_size"] % fields["batch_size"] == 1):
        fields["batch_norm"] = False
    return RunConfig(**fields)


configs = st.fixed_dictionaries({name: values(name) for name in FIELDS}).map(together)


def problems(**fields: Any) -> dict[str, str]:
    """Field and sentence of everything that is wrong."""
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_dict(fields)
    return {problem.field: str(problem.message) for problem in caught.value.problems}


@given(configs)
def test_through_json_and_back(config: RunConfig) -> None:
    assert RunConfig.from_json(config.to_json()) == config


@given(configs, configs)
def test_through_an_address_and_back_from_any_base(config: RunConfig, base: RunConfig) -> None:
    query = config.to_query(base)
    assert all(isinstance(text, str) for text in query.values())
    assert RunConfig.from_query(query, base) == config
    assert set(query) == set(config.differences(base))


@given(configs)
def test_an_address_names_nothing_that_is_as_in_its_base(config: RunConfig) -> None:
    assert config.to_query(config) == {}


@given(configs)
def test_steps_cover_every_image(config: RunConfig) -> None:
    assert (config.steps_per_epoch - 1) * config.batch_size < config.train_size
    assert config.steps_per_epoch * config.batch_size >= config.train_size
    assert config.total_steps == config.steps_per_epoch * config.epochs


def attempt(make: Callable[[], RunConfig]) -> RunConfig | ConfigError:
    """What came of it; any other exception passes."""
    try:
        return make()
    except ConfigError as error:
        return error


junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers())


@given(st.dictionaries(st.sampled_from(list(FIELDS)) | st.text(max_size=12), junk, max_size=6))
def test_anything_else_is_a_config_error_with_sentences(fields: dict[str, Any]) -> None:
    result = attempt(lambda: RunConfig.from_dict(fields))
    if isinstance(result, ConfigError):
        assert result.problems
        assert all(str(problem.message).endswith((".", "?")) for problem in result.problems)
    else:
        assert RunConfig.from_json(result.to_json()) == result


@given(st.dictionaries(st.sampled_from(list(FIELDS)), st.text(max_size=12), max_size=6))
def test_a_typed_address_is_a_configuration_or_a_config_error(query: dict[str, str]) -> None:
    result = attempt(lambda: RunConfig.from_query(query))
    assert isinstance(result, RunConfig) or result.problems


@pytest.mark.parametrize("text", ["", "[]", "3", "null", "{", "[" * 100_000])
def test_text_that_is_no_json_object(text: str) -> None:
    with pytest.raises(ConfigError, match="Expected a JSON object"):
        RunConfig.from_json(text)


def test_a_number_too_long_for_any_float() -> None:
    with pytest.raises(ConfigError, match="learning_rate must be from"):
        RunConfig.from_json('{"learning_rate": 1' + "0" * 400 + "}")


def test_all_problems_at_once_unknown_names_too() -> None:
    by_field = problems(learning_rat=0.1, learning_rate=-1, epochs=2.5, optimizer="adma", hidden_layers=[0], dropout=2)
    assert set(by_field) == {"learning_rat", "learning_rate", "epochs", "optimizer", "hidden_layers", "dropout"}
    assert "Did you mean learning_rate?" in by_field["learning_rat"]
    assert "Did you mean adam?" in by_field["optimizer"]
    assert by_field["learning_rate"] == "learning_rate must be from 1e-6 to 100, not -1."
    assert by_field["epochs"] == "epochs must be an integer, not 2.5."


def test_a_name_like_no_other_has_no_likely_name() -> None:
    assert problems(zzz=1) == {"zzz": "There is no setting 'zzz'."}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, "0.1", None, [0.1]])
def test_no_number_no_rate(value: Any) -> None:
    assert set(problems(learning_rate=value)) == {"learning_rate"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"train_size": 60_000}, "validation_size"),
        ({"train_size": 50, "batch_size": 51}, "batch_size"),
        ({"kernel_size": 4}, "kernel_size"),
        ({"validation_size": 0, "early_stopping": 1}, "early_stopping"),
        ({"batch_norm": True, "batch_size": 1}, "batch_size"),
        ({"batch_norm": True, "train_size": 101, "batch_size": 100}, "batch_size"),
        ({"batch_norm": True, "batch_size": 1, "sampling": "replacement"}, "batch_size"),
    ],
)
def test_settings_that_do_not_go_together(fields: dict[str, Any], field: str) -> None:
    assert set(problems(**fields)) == {field}


def test_what_is_said_of_a_batch_of_one_image_helps() -> None:
    for train, batch, words in ((101, 100, "100, or batch_size to 101."), (7, 2, "6, or batch_size to 4.")):
        sentence = problems(batch_norm=True, train_size=train, batch_size=batch)["batch_size"]
        assert sentence.endswith(f"the last batch has only one. Set train_size to {words}")
        RunConfig(batch_norm=True, train_size=train - 1, batch_size=batch)
    RunConfig(batch_norm=True, train_size=7, batch_size=4)
    assert (
        "Set batch_size to 2 or more, or turn batch_norm off" in problems(batch_norm=True, batch_size=1)["batch_size"]
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"train_size": 50_000, "validation_size": 10_000},
        {"train_size": 50, "batch_size": 50},
        {"train_size": 60_000, "validation_size": 0},
        {"batch_norm": True, "train_size": 102, "batch_size": 100},
        {"batch_norm": True, "train_size": 101, "batch_size": 100, "sampling": "replacement"},
        {"batch_norm": True, "hidden_layers": (), "batch_size": 1},
    ],
)
def test_at_the_edge_they_do(fields: dict[str, Any]) -> None:
    config = RunConfig(**fields)
    assert {name: getattr(config, name) for name in fields} == fields  # nothing was refused, nothing was put right


def test_a_problem_of_any_length_is_said_shortly() -> None:
    assert len(problems(optimizer="x" * 10_000)["optimizer"]) < 300


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().epochs = 3  # type: ignore[misc]


def test_whole_numbers_are_floats_where_the_field_is_one_and_lists_become_tuples() -> None:
    config = RunConfig.from_dict({"learning_rate": 1, "hidden_layers": [3, 2]})
    assert isinstance(config.learning_rate, float)
    assert config.hidden_layers == (3, 2)
    assert config == RunConfig(learning_rate=1.0, hidden_layers=(3, 2))


def test_replace_and_differences() -> None:
    changed = RunConfig().replace(epochs=7, hidden_layers=(5,))
    assert changed.differences(RunConfig()) == {"epochs": (7, 5), "hidden_layers": ((5,), (128,))}
    with pytest.raises(ConfigError, match="Did you mean epochs"):
        RunConfig().replace(epoch=7)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("hidden_layers", "128-64", (128, 64)),
        ("hidden_layers", "128x64", (128, 64)),
        ("hidden_layers", "128,64", (128, 64)),
        ("hidden_layers", "none", ()),
        ("hidden_layers", "", ()),
        ("batch_norm", "yes", True),
        ("batch_norm", "FALSE", False),
        ("train_size", "50,000", 50_000),
        ("batch_seed", "", None),
        ("learning_rate", " 1e-3 ", 0.001),
        ("learning_rate", "0,5", 0.5),
        ("learning_rate", "０．５", 0.5),
        ("epochs", "１０", 10),
    ],
)
def test_fields_as_people_write_them(name: str, text: str, value: Any) -> None:
    assert parse_field(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("epochs", text) for text in ("ten", "1_0", "1,0", "٣", "9" * 5_000)),
        *(("learning_rate", text) for text in ("", "1_0", "nan", "inf", "1e400", "٣")),
        *(("hidden_layers", text) for text in ("a-b", "1_0-64")),
        ("batch_norm", "perhaps"),
    ],
)
def test_text_of_the_wrong_kind(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name):
        parse_field(name, text)


def test_an_address_with_words_that_are_no_settings() -> None:
    assert RunConfig.from_query({"run": "abc", "lang": "ko", "epochs": "7"}) == RunConfig(epochs=7)


def test_an_address_with_two_faults_tells_both() -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_query({"epochs": "ten", "learning_rate": "1000"})
    assert {problem.field for problem in caught.value.problems} == {"epochs", "learning_rate"}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_run_in_all_its_variants(name: str) -> None:
    chosen = PRESETS[name]
    assert chosen.name == name
    assert RunConfig.from_json(chosen.config.to_json()) == chosen.config
    for changes in chosen.variants.values():
        assert chosen.config.replace(**changes) != chosen.config or len(chosen.variants) > 1


def test_settings_that_do_not_go_together_are_told_beside_faults_of_others() -> None:
    with pytest.raises(ConfigError) as refused:
        RunConfig(optimizer="evil", train_size=70_000, batch_size=80_000, early_stopping=3, validation_size=0)  # type: ignore[arg-type]
    fields = [problem.field for problem in refused.value.problems]
    assert fields == ["optimizer", "validation_size", "batch_size", "early_stopping"]


def test_nothing_is_said_of_what_a_faulty_setting_goes_with() -> None:
    with pytest.raises(ConfigError) as refused:
        RunConfig(train_size=0, batch_size=100, dataset="none", classes=7)  # type: ignore[arg-type]
    assert {problem.field for problem in refused.value.problems} == {"train_size", "dataset"}


def test_of_a_link_each_setting_is_told_once() -> None:
    with pytest.raises(ConfigError) as refused:
        RunConfig.from_query({"batch_size": "abc", "train_size": "50"})
    assert [problem.field for problem in refused.value.problems] == ["batch_size"]
