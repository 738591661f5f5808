"""What runs are called where they are shown together."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from mnist_core import rounds
from mnist_core.config import RunConfig, parse_field
from mnist_core.diagnostics import range_test
from mnist_core.errors import ConfigError, RoundError
from mnist_core.escape import UserText
from mnist_core.messages import TypedText
from mnist_core.records import Run
from mnist_core.ui import frame, names, texts

MLP = "784-128-10 · SGD 0.1 · batch 100"


def run(number: int, **changes: Any) -> Run:
    return Run(f"{number:010x}", "me", RunConfig(**changes), "finished", 1, 0.0)


@pytest.mark.parametrize(
    ("changes", "titles"),
    [
        ([{}, {"learning_rate": 0.5}], [MLP, MLP.replace("0.1", "0.5")]),
        (
            [{"preprocessing": "raw"}, {"preprocessing": "scaled"}],
            [f"{MLP} · pixel scaling: raw 0–255", f"{MLP} · pixel scaling: scaled 0–1"],
        ),
        (
            [
                {},
                {"dropout": 0.5},
                {"early_stopping": 3, "dropout": 0.2},
            ],  # that most have no early stopping is not said
            [f"{MLP} · dropout: 0", f"{MLP} · dropout: 0.5", f"{MLP} · dropout: 0.2 · early stopping: 3"],
        ),
        (
            [{}, {}, {"weight_decay": 0.03}],  # of one setting all say what they have
            [*(f"{MLP} · weight decay: 0 · {number:010x}" for number in (0, 1)), f"{MLP} · weight decay: 0.03"],
        ),
        (
            [{}, *({"label_noise": 0.4} | more for more in ({}, {"dropout": 0.5}, {"early_stopping": 3}))],
            [f"{MLP} · label noise: {rest}" for rest in ("0", "0.4", "0.4 · dropout: 0.5", "0.4 · early stopping: 3")],
        ),
        ([{}, {}], [f"{MLP} · {0:010x}", f"{MLP} · {1:010x}"]),  # nothing else tells them apart
    ],
)
def test_runs_that_would_be_called_alike_say_in_what_they_differ(
    changes: list[dict[str, Any]], titles: list[str]
) -> None:
    runs = [run(number, **one) for number, one in enumerate(changes)]
    assert [title.plain for title in names.run_titles(runs)] == titles


def test_where_there_is_no_room_for_all_in_which_runs_differ_what_most_have_is_left_out_first() -> None:
    common = {"label_noise": 0.4, "epochs": 9, "train_size": 1000}
    runs = [run(0), *(run(n, **common) for n in (1, 2, 3)), run(4, **common, dropout=0.5, weight_decay=0.1)]
    told = [title.plain.removeprefix(f"{MLP} · ").split(" · ") for title in names.told_apart(runs)]
    assert [len(one) for one in told] == [3, 3, 3, 3, 4]
    assert {"dropout: 0.5", "weight decay: 0.1"} <= set(told[4])


def test_that_a_run_was_imported_is_said_in_the_readers_language() -> None:
    imported = replace(run(0), name=UserText("mine"), result={names.IMPORTED: True})
    assert names.run_title(imported).plain == "mine (imported)"
    with texts.speaking("ko"):
        assert names.run_title(imported).plain == "mine (가져옴)"
    assert {names.not_imported(f"mine{words}") for words in ("", " (imported)", " (가져옴)")} == {"mine"}


def test_layers_are_counted_by_their_kinds_and_called_the_same_everywhere() -> None:
    config = RunConfig(model="cnn", filters=(4, 8), hidden_layers=(16, 12))
    kinds = ["Convolution 1", "Pooling 1", "Convolution 2", "Pooling 2", "Hidden layer 1", "Hidden layer 2"]
    assert list(names.layers(config).values()) == [*kinds, "Output layer"]
    trained = names.layers(config, trained=True)
    assert trained.items() <= names.layers(config).items()
    assert list(trained.values()) == [kinds[0], kinds[2], *kinds[4:], "Output layer"]
    assert names.layers(config, shapes=True)[3] == "Convolution 2 · 8×14×14"
    assert list(names.layers(RunConfig(hidden_layers=())).values()) == ["Output layer"]


def test_a_range_test_is_told_with_its_own_steps_and_all_its_rates() -> None:
    config = RunConfig(train_size=10_000, epochs=100, learning_rate=0.5)
    planned = range_test.plan(config)
    assert planned.total_steps == 1_000
    assert " · 1,000 steps · 10,000 images" in names.of_range_test(config)
    assert names.of_range_test(config) == names.but_the_rate(planned)
    assert " · 100 epochs · " in names.but_the_rate(config)
    test = Run("1", "me", planned, "finished", 1, 0.0)
    assert names.run_title(test).plain == "Range test: 784-128-10 · SGD 1e-5–10 · batch 100"
    assert names.describe(planned, test.rates) == "784-128-10 · SGD 1e-5–10 · batch 100"  # as a report has it


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Learning rate cannot be “abc”. Expected a number such as 0.1 or 3e-4."),
        ("ko", "학습률에 “abc” 값은 쓸 수 없습니다. 0.1, 3e-4와 같은 수를 입력하세요."),
    ],
)
def test_a_fault_calls_settings_as_the_page_does(language: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_field("learning_rate", "abc")
    with texts.speaking(language):
        assert unescape(frame.sentence(refused.value)) == sentence
    assert "learning_rate cannot be 'abc'" in str(refused.value)  # as in files


FAULTY = {
    "optimizer": "evil",
    "model": "transformer",
    "schedule": "\0",
    "preprocessing": "foo",
    "batch_norm": "maybe",
    "hidden_layers": "999999",
    "learning_rate": "1e9",
    "train_size": "70000",
}


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            [
                "Pixel scaling must be one of raw 0–255 (raw), scaled 0–1 (scaled), zero-centered (centered), standardized, not “foo”.",
                "Network must be one of MLP, CNN, not “transformer”.",
                "Optimizer must be one of SGD, SGD with momentum (momentum), Nesterov momentum (nesterov), Adagrad, RMSprop, Adam, AdamW, not “evil”.",
                "Learning rate schedule must be one of constant, step decay (step), cosine, warm-up, one-cycle, rising (range test) (rising), not “␀”.",
                "Batch normalization must be yes (true) or no (false), not “maybe”.",
                "Hidden layers must be 0 to 6 integers, each from 1 to 2,048, not 999999.",
                "Learning rate must be from 1e-6 to 100, not 1e9.",
                "Training images and validation images can be at most 60,000 images together, but 70,000 + 10,000 = 80,000. Make one of them smaller.",
            ],
        ),
        (
            "ko",
            [
                "픽셀 스케일링 값은 다음 중 하나여야 합니다: 원본 0–255 (raw), 스케일링 0–1 (scaled), 중심화(평균 0) (centered), 표준화 (standardized). 받은 값: “foo”",
                "신경망 값은 다음 중 하나여야 합니다: MLP, CNN. 받은 값: “transformer”",
                "옵티마이저 값은 다음 중 하나여야 합니다: SGD, 모멘텀 SGD (momentum), 네스테로프 모멘텀 (nesterov), Adagrad, RMSprop, Adam, AdamW. 받은 값: “evil”",
                "학습률 스케줄 값은 다음 중 하나여야 합니다: 일정 (constant), 계단식 감소 (step), 코사인 (cosine), 워밍업 (warm-up), 원사이클 (one-cycle), 점점 높임(학습률 범위 테스트) (rising). 받은 값: “␀”",
                "배치 정규화 값은 예 (true), 아니요 (false) 중 하나여야 합니다. 받은 값: “maybe”",
                "은닉층 값은 1에서 2,048 사이의 정수 0–6개여야 합니다. 받은 값: 999999",
                "학습률 값은 1e-6에서 100 사이여야 합니다. 받은 값: 1e9",
                "훈련 이미지, 검증 이미지의 합은 60,000 이하여야 하는데 70,000 + 10,000 = 80,000입니다. 하나를 줄이세요.",
            ],
        ),
    ],
)
def test_a_faulty_link_is_answered_with_the_pages_words_and_those_to_write(language: str, sentences: list[str]) -> None:
    said, as_in_files = [], ""
    for names_in_link in (list(FAULTY)[:4], list(FAULTY)[4:]):
        with pytest.raises(ConfigError) as refused:
            RunConfig.from_query({name: FAULTY[name] for name in names_in_link})
        with texts.speaking(language):
            said += unescape(frame.sentence(refused.value)).split("\n\n")
        as_in_files += str(refused.value)
    assert said == sentences
    assert "one of sgd, momentum, nesterov" in as_in_files
    assert "from 1 to 2,048, not [999999]" in as_in_files
    assert r"not '\x00'" in as_in_files


@pytest.mark.parametrize(
    ("language", "more"), [("en", "There are 3 more problems."), ("ko", "그 밖에도 오류가 3개 더 있습니다.")]
)
def test_of_many_faults_the_first_are_named_and_how_many_more_there_are(language: str, more: str) -> None:
    with pytest.raises(ConfigError) as refused:
        RunConfig.from_query(FAULTY)
    with texts.speaking(language):
        said = unescape(frame.sentence(refused.value)).split("\n\n")
    assert (len(said), said[-1]) == (6, more)
    assert str(refused.value).endswith("There are 3 more problems.")


def test_words_in_a_link_may_have_capitals() -> None:
    assert RunConfig.from_query({"optimizer": "AdamW", "activation": "ReLU"}) == RunConfig(optimizer="adamw")


def test_what_is_no_letter_is_seen_in_a_sentence() -> None:
    assert names.term(TypedText("a\0\x7f\u202e\n")) == "“a␀␡[U+202E]␊”"


@pytest.mark.parametrize(("value", "text"), [(1e-6, "1e-6"), (2.5e-7, "2.5e-7"), (1e9, "1e9"), (0.001, "0.001")])
def test_a_number_is_shown_as_a_field_takes_it(value: float, text: str) -> None:
    assert names.number(value) == text
    assert float(text) == value


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "In this round, optimizer must be one of SGD, SGD with momentum, not Adam."),
        ("ko", "이번 라운드에서 쓸 수 없는 값입니다: 옵티마이저 = Adam. 허용 범위: SGD, 모멘텀 SGD 중 하나."),
    ],
)
def test_what_a_round_refuses_is_called_as_on_the_page(language: str, sentence: str) -> None:
    config = RunConfig()
    plan = rounds.Plan(config=config, free={"optimizer": ("sgd", "momentum")})
    with pytest.raises(RoundError) as refused:
        rounds.check(plan, config, config.replace(optimizer="adam"))
    with texts.speaking(language):
        assert unescape(frame.sentence(refused.value)) == sentence
    assert "one of sgd, momentum, not adam" in str(refused.value)  # as in files


@pytest.mark.parametrize(
    ("changes", "free", "end"),
    [
        ({}, (), "50,000 images · scaled 0–1"),
        (
            {"label_noise": 0.4},
            (),
            "scaled 0–1 · label noise 0.4",
        ),  # two runs that differed in it alone were said to be alike
        ({"dropout": 0.3, "batch_norm": True}, (), "dropout 0.3 · batch normalization"),
        ({"early_stopping": 3}, (), "early stopping 3"),
        ({"label_noise": 0.4, "epochs": 9}, ("epochs", "train_size"), "batch 100 · scaled 0–1 · label noise 0.4"),
        ({"schedule": "rising"}, (), "scaled 0–1"),
    ],
)
def test_the_settings_but_the_rate(changes: dict[str, Any], free: tuple[str, ...], end: str) -> None:
    assert names.but_the_rate(RunConfig(**changes), free).endswith(end)
