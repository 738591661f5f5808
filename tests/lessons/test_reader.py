"""A lesson's file, read: what is right becomes plain data, what is wrong is told with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mnist_core import escape
from mnist_core.errors import LessonError
from mnist_core.escape import JOINER, SPLIT
from mnist_core.lessons import Lesson, blocks, read, values
from mnist_core.lessons.faults import Faults
from mnist_core.lessons.schema import (
    CheckBlock,
    Claim,
    Code,
    CompareBlock,
    IdeaBlock,
    InspectBlock,
    NoteBlock,
    OwnNumber,
    Picture,
    PredictBlock,
    Prose,
    QuestionBlock,
    RangeClaim,
    RangeTestBlock,
    RunBlock,
    SealBlock,
    SweepBlock,
    SweepClaim,
)
from mnist_core.presets import PRESETS
from tests.conftest import ROOT
from tests.lessons.pictures import PNG

HEAD = "---\nschema: 1\ntitle: One\nminutes: 5\n---\n"
RUN = "```run one\npreset: two-layer-net\n```\n"
WHOLE = (Path(__file__).parent / "whole.md").read_text(encoding="utf-8")


def lesson(body: str, **images: bytes) -> Lesson:
    return read(HEAD + body, name="one", language="en", images={f"{name}.png": image for name, image in images.items()})


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(LessonError) as raised:
        read(text, name="one", language="en")
    return [(problem.line, str(problem.message)) for problem in raised.value.problems]


def test_every_kind_of_part_becomes_plain_data() -> None:
    read_lesson = read(WHOLE, name="whole", language="en", images={"loss.png": PNG})
    assert (read_lesson.title, read_lesson.minutes) == ("The learning rate", 20)
    assert read_lesson.needs == ("the words *epoch* and *loss*",)
    assert [type(part) for part in read_lesson.parts] == [
        *(Prose, PredictBlock, RunBlock, Prose, Picture, Code, InspectBlock, SweepBlock, RangeTestBlock),
        *(CompareBlock, IdeaBlock, QuestionBlock, QuestionBlock, QuestionBlock, NoteBlock, SealBlock, CheckBlock),
    ]
    lines = WHOLE.split("\n")
    for part in read_lesson.blocks:
        assert lines[part.line - 1].split()[-1] == part.name


def test_what_a_run_says() -> None:
    block = read(WHOLE, name="whole", language="en", images={"loss.png": PNG}).block("large")
    assert isinstance(block, RunBlock)
    assert block.config == PRESETS["two-layer-net"].config.replace(learning_rate=1.5, epochs=5, hidden_layers=[50, 20])
    assert block.light == block.config.replace(epochs=1)
    assert block.free == {
        "learning_rate": (0.01, 3.0),
        "activation": ("identity", "sigmoid", "tanh", "relu", "leaky-relu", "gelu"),
    }
    assert (block.preset, block.variant, block.watch) == (
        "two-layer-net",
        None,
        "The loss: in the first hundred updates.",
    )
    assert block.claims == {
        "mnist": Claim(("collapsed",), (), {"test_accuracy": (0.05, 0.2)}),
        "built-in": Claim(("collapsed", "diverged")),
    }
    assert block.light_claims == {"mnist": Claim(verdicts=("collapsed", "too-early"))}


def test_what_is_said_of_sweeps_and_range_tests() -> None:
    read_lesson = read(WHOLE, name="whole", language="en", images={"loss.png": PNG})
    sweep, range_test = read_lesson.block("rates"), read_lesson.block("rising")
    assert isinstance(sweep, SweepBlock)
    assert isinstance(range_test, RangeTestBlock)
    assert sweep.rates == (0.001, 0.1, 1.5)
    assert sweep.claims == {"mnist": SweepClaim(breaks_from=(0.5, 2.0), best=(0.05, 0.2))}
    assert range_test.claims == {"built-in": RangeClaim(suggested=(0.01, 1.0))}


def test_what_is_compared_and_on_which_axes() -> None:
    both = read(WHOLE, name="whole", language="en", images={"loss.png": PNG}).block("both")
    assert isinstance(both, CompareBlock)
    assert (both.runs, both.across, both.log_loss_axis) == (("large", "rates"), "epoch", True)
    alone = lesson("```run one\npreset: two-layer-net\nacross: epoch\nlog_loss_axis: true\n```\n").block("one")
    assert isinstance(alone, RunBlock)
    assert (alone.across, alone.log_loss_axis) == ("epoch", True)
    one = lesson(f"{RUN}```compare two\nruns: [one]\n```\n").block("two")
    assert isinstance(one, CompareBlock)
    assert (one.across, one.log_loss_axis) == ("step", False)


def test_what_is_asked() -> None:
    read_lesson = read(WHOLE, name="whole", language="en", images={"loss.png": PNG})
    one, own, given = (read_lesson.block(name) for name in ("why", "own", "chance"))
    assert isinstance(one, QuestionBlock)
    assert isinstance(own, QuestionBlock)
    assert isinstance(given, QuestionBlock)
    assert [answer.right for answer in one.answers] == [False, True]
    assert not one.several
    assert (own.number, own.unit, own.tolerance) == (OwnNumber("large", "test_accuracy"), "%", 0.5)
    assert (given.number, given.tolerance) == (2.303, 0.01)
    check = read_lesson.block("broken")
    assert isinstance(check, CheckBlock)
    assert check.claim == Claim(("diverged", "collapsed"))


GUIDE = (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8")


def test_the_guides_examples_are_lessons() -> None:
    examples = re.findall(r"````markdown\n(.*?)````", GUIDE, re.DOTALL)
    read_lessons = [read(example, name="guide", language="en") for example in examples]
    assert [[block.name for block in one.blocks] for one in read_lessons] == [
        ["large"],
        ["guess", "large", "why", "chance", "rescued", "surprise"],
        ["large", "rates"],
        ["spirals"],
    ]


def test_the_guides_fault_is_told_as_it_says() -> None:
    (example, *_others) = re.findall(r"````markdown\n(.*?)````", GUIDE, re.DOTALL)
    ((line, sentence),) = problems(example.replace("change", "chnage"))
    assert f"my-lessons/too-large/en.md:{line}: {sentence}" in GUIDE


def test_the_guide_names_every_block_and_key() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", GUIDE, re.MULTILINE))
    assert set(rows) == set(blocks.KINDS)
    missing = {
        kind: [key for key in keys if f"`{key}" not in rows[kind]]
        for kind, (keys, _make) in blocks.KINDS.items()
        if kind not in ("sweep", "range-test")  # as a run
    }
    assert not any(missing.values()), missing


# A body, the line of its fault (from 1, in the body), and words of the sentence.
FAULTS = {
    "an unknown preset": ("```run one\npreset: two-layer-nte\n```", 2, "Did you mean two-layer-net"),
    "an unknown variant": ("```run one\npreset: optimizer-race\nvariant: Adma\n```", 3, "Did you mean Adam"),
    "a variant of nothing": ("```run one\nvariant: Adam\n```", 2, "belongs to an experiment"),
    "an unknown setting": ("```run one\nchange:\n  learning_rte: 1\n```", 3, "Did you mean learning_rate"),
    "a value that cannot be": ("```run one\nchange:\n  epochs: 5\n  batch_size: 0\n```", 4, "from 1 to 240,000"),
    "a word for a number": ("```run one\nchange: {learning_rate: fast}\n```", 2, "must be a number"),
    "a light value that cannot be": ("```run one\nlight:\n  epochs: -1\n```", 3, "from 1 to 1,000"),
    "an unknown key": ("```run one\nchnage: {}\n```", 2, "Did you mean change"),
    "a key twice": ("```run one\nwatch: a\nwatch: b\n```", 3, "second time"),
    "no mapping": ("```run one\n- change\n```", 2, "key: value"),
    "a change that is none": ("```run one\nchange: 5\n```", 2, "key: value"),
    "free without a range": ("```run one\nfree: {learning_rate: 3}\n```", 2, "leave free"),
    "free with half a range": ("```run one\nfree: {learning_rate: [3]}\n```", 2, "needs a range"),
    "a free range upside down": (
        "```run one\nfree:\n  epochs: [1, 9]\n  learning_rate: [3, 0.01]\n```",
        4,
        "learning_rate: [0.01, 3]",
    ),
    "more layers first": (
        "```run one\nfree: {hidden_layers: [3, 1, 10, 200]}\n```",
        2,
        "hidden_layers: [1, 3, 10, 200]",
    ),
    "more units first": (
        "```run one\nfree: {hidden_layers: [1, 3, 200, 10]}\n```",
        2,
        "hidden_layers: [1, 3, 10, 200]",
    ),
    "an unknown free setting": ("```run one\nfree: [learning_rte]\n```", 2, "Did you mean learning_rate"),
    "a free word that is none": ("```run one\nfree: {activation: [relu, rleu]}\n```", 2, "Did you mean relu"),
    "a sweep that sets its rate": ("```sweep one\nrates: [1, 2]\nchange: {learning_rate: 1}\n```", 3, "by itself"),
    "a sweep without rates": ("```sweep one\npreset: lenet\n```", 1, "rates is missing"),
    "a sweep of one": ("```sweep one\nrates: [1]\n```", 2, "2 to 16"),
    "a rate that cannot be": ("```sweep one\nrates:\n  - 1\n  - 1000\n```", 4, "from 1e-6 to 100"),
    "a rate twice": ("```sweep one\nrates: [1, 1.0]\n```", 2, "second time"),
    "a range test with a rate": ("```range-test one\nfree: [learning_rate]\n```", 2, "by itself"),
    "an unknown data set": ("```run one\nexpect: {minst: {outcome: completed}}\n```", 2, "Did you mean mnist"),
    "an unknown outcome": ("```run one\nexpect: {mnist: {outcome: colapsed}}\n```", 2, "Did you mean collapsed"),
    "an unknown verdict": ("```run one\nexpect: {mnist: {verdict: [plateu]}}\n```", 2, "Did you mean plateau"),
    "an unknown measure": ("```run one\nexpect: {mnist: {test_acuracy: [0, 1]}}\n```", 2, "Did you mean test_accuracy"),
    "an accuracy in percent": ("```run one\nexpect: {mnist: {test_accuracy: [97, 99]}}\n```", 2, "from 0 to 1"),
    "a range upside down": ("```run one\nexpect: {mnist: {test_loss: [2, 1]}}\n```", 2, "smaller one first"),
    "a claim of nothing": ("```run one\nexpect: {mnist: {}}\n```", 2, "Nothing is said"),
    "a claim between rates": (
        "```sweep one\nrates: [1, 2]\nexpect: {mnist: {best: [0.1, 0.5]}}\n```",
        3,
        "No rate of the sweep",
    ),
    "an unknown idea": ("```idea one\nidea: perceptorn\n```", 2, "Did you mean perceptron"),
    "an unknown control": ("```idea one\nidea: bowl\nshow:\n  rat: 1\n```", 4, "Did you mean rate"),
    "an idea without controls": ("```idea one\nidea: sharpness\nshow: {rate: 1}\n```", 3, "no controls"),
    "an unknown view": (f"{RUN}```inspect two\nrun: one\nview: mistaks\n```", 6, "Did you mean mistakes"),
    "an unknown block": (f"{RUN}```inspect two\nrun: on\nview: draw\n```", 5, "Did you mean one"),
    "no such block at all": ("```inspect two\nrun: one\nview: draw\n```", 2, "there is none"),
    "a block of another kind": (f"{RUN}```note two\nask: x\n```\n```compare three\nruns: [two]\n```", 8, "one of one"),
    "an unknown axis": (f"{RUN}```compare two\nruns: [one]\nacross: epohc\n```", 6, "Did you mean epoch"),
    "a key where there are none": ("```seal two\nwhat: 1\n```", 2, "has no keys: leave what out"),
    "no truth": (f"{RUN}```compare two\nruns: [one]\nlog_loss_axis: [true]\n```", 6, "true or false, not [true]"),
    "a block below": (f"```compare two\nruns: [one]\n```\n{RUN}", 2, "further below"),
    "a prediction too late": (f"{RUN}```predict two\nof: one\nquestion: outcome\n```", 5, "must stand before"),
    "a prediction of nothing": (f"```predict two\nquestion: outcome\n```\n{RUN}", 1, "of is missing"),
    "a prediction that asks nothing": (f"```predict two\nof: one\n```\n{RUN}", 1, "question or answers"),
    "the outcome of a sweep": (
        "```predict two\nof: one\nquestion: outcome\n```\n```sweep one\nrates: [1, 2]\n```",
        3,
        "of a run alone",
    ),
    "two right predictions": (
        f"```predict two\nof: one\nask: x\nanswers: [{{text: a, right: true}}, {{text: b, right: true}}]\n```\n{RUN}",
        4,
        "Exactly one",
    ),
    "no right answer": ("```question one\nask: x\nanswers: [{text: a}, {text: b}]\n```", 3, "At least one"),
    "several that are not": (
        "```question one\nask: x\nanswers: [{text: a, right: true}, {text: b, right: true}]\nseveral: false\n```",
        4,
        "several must be true",
    ),
    "a question that asks nothing": ("```question one\nask: x\n```", 1, "number or answers"),
    "a number and answers": (
        "```question one\nask: x\nnumber: 1\nanswers: [{text: a, right: true}, {text: b}]\n```",
        1,
        "number",
    ),
    "a number that is none": ("```question one\nask: x\nnumber: many\n```", 3, "must be a number"),
    "a tolerance without a number": (
        "```question one\nask: x\nanswers: [{text: a, right: true}, {text: b}]\ntolerance: 1\n```",
        4,
        "belongs to a number",
    ),
    "a negative tolerance": ("```question one\nask: x\nnumber: 1\ntolerance: -1\n```", 4, "must be from 0"),
    "a number of an unknown run": (
        "```question one\nask: x\nnumber: {run: one, measure: test_loss}\n```",
        3,
        "there is none",
    ),
    "a switch that is none": (
        "```question one\nask: x\nanswers: [{text: a, right: yes}, {text: b, right: true}]\n```",
        3,
        "true or false",
    ),
    "one answer": ("```question one\nask: x\nanswers: [{text: a, right: true}]\n```", 3, "2 to 8"),
    "a note without a text": ("```note one\n```", 1, "ask is missing"),
    "a text that is a list": ("```note one\nask: [a]\n```", 2, "must be a text"),
    "a text that is too long": (f"```note one\nask: {'a' * 2_001}\n```", 2, "at most 2,000"),
    "a check of nothing": (f"{RUN}```check two\nsays: x\n```", 4, "until is missing"),
    "a check before any run": ("```check two\nsays: x\nuntil: {outcome: diverged}\n```", 1, "nobody could go on"),
    "no name": ("```run\n```", 1, "no name"),
    "a name that is none": ("```run One\n```", 1, "“One” is no name"),
    "a name with blanks": ("```run one two\n```", 1, "“one two” is no name"),
    "a name twice": (f"{RUN}\n```note one\nask: x\n```", 5, "Another block is called one"),
    "a kind that is misspelled": ("```qestion one\nask: x\n```", 1, "Did you mean question"),
    "a block without an end": ("text\n\n```note one\nask: x\n", 3, "has no end"),
    "a block in a list": ("- text\n  ```note one\n  ask: x\n  ```\n", 2, "stands by itself"),
    "a colon in a text": ("```note one\nask: What: why\n```", 2, "quotation marks"),
    "a link": ("One\nand [two](https://example.org).", 2, "https://example.org"),
    "a link by reference": ("One [two].\n\n[two]: https://example.org", 1, "Links are not possible"),
    "a link in brackets": ("<https://example.org>", 1, "Links are not possible"),
    "a link in a block": ("```note one\nask: '[x](https://example.org)'\n```", 2, "Links are not possible"),
    "HTML": ("One\n\n<script>alert(1)</script>", 3, "HTML is not possible"),
    "HTML in a sentence": ("One\ntwo <b>three</b>", 2, "HTML is not possible"),
    "HTML in a block": ("```note one\nask: a <img src=x>\n```", 2, "HTML is not possible"),
    "a picture from elsewhere": ("![x](https://example.org/x.png)", 1, "no picture beside the lesson"),
    "a picture from above": ("![x](../x.png)", 1, "no picture beside the lesson"),
    "a picture that is not there": ("\n![x](x.png)", 2, "There is no picture x.png"),
    "a picture in a sentence": ("See ![x](x.png).", 1, "paragraph of its own"),
    "a picture in a list": ("- ![x](x.png)", 1, "paragraph of its own"),
    "a picture in a block": ("```note one\nask: '![x](x.png)'\n```", 2, "paragraph of its own"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_line(name: str) -> None:
    body, line, words = FAULTS[name]
    found = problems(HEAD + body)
    first, sentence = found[0]
    assert (first - HEAD.count("\n"), words in sentence) == (line, True), found


FRONTS = {
    "none": ("text", 1, "must begin with"),
    "one without an end": ("---\nschema: 1\n", 1, "must begin with"),
    "another schema": ("---\nschema: 2\ntitle: One\nminutes: 5\n---\n", 2, "schema must be 1"),
    "no title": ("---\nschema: 1\nminutes: 5\n---\n", 1, "title is missing"),
    "no minutes": ("---\nschema: 1\ntitle: One\n---\n", 1, "minutes is missing"),
    "half a minute": ("---\nschema: 1\ntitle: One\nminutes: 0.5\n---\n", 4, "must be an integer"),
    "an unknown key": ("---\nschema: 1\ntitel: One\nminutes: 5\n---\n", 3, "Did you mean title"),
    "needs that are no list": ("---\nschema: 1\ntitle: One\nminutes: 5\nneeds: much\n---\n", 5, "must be a list"),
}


@pytest.mark.parametrize("name", FRONTS)
def test_a_fault_of_the_front_matter_is_told(name: str) -> None:
    text, line, words = FRONTS[name]
    assert any(number == line and words in sentence for number, sentence in problems(text))


def test_all_faults_are_told_at_once_in_the_order_of_the_lines() -> None:
    found = problems(HEAD + "<b>\n\n```note one\n```\n\n```run two\nchange: {epochs: 0}\n```")
    assert [line - HEAD.count("\n") for line, _sentence in found] == [1, 3, 7]


def test_a_number_is_written_in_any_way() -> None:
    block = lesson("```run one\nchange: {learning_rate: 1e-3, train_size: 10_000, epochs: 3}\n```").block("one")
    assert isinstance(block, RunBlock)
    assert (block.config.learning_rate, block.config.train_size) == (0.001, 10_000)


@pytest.mark.parametrize("written", ["1_0", "٣", "１０"])
def test_what_nobody_writes_for_a_number_is_none(written: str) -> None:
    ((_line, sentence),) = problems(f"{HEAD}```run one\nchange: {{epochs: {written}}}\n```")
    assert "epochs must be a" in sentence


def test_a_formula_is_no_fault() -> None:
    (part,) = lesson("For $a < b$, $w_{i} \\leftarrow w - \\eta g$ and $$\\sum_i p_i$$").parts
    assert isinstance(part, Prose)
    assert "\u2060" not in part.text


def test_lines_of_windows_and_a_mark_at_the_head_change_nothing() -> None:
    text = HEAD + RUN
    changed = read("\ufeff" + text.replace("\n", "\r\n"), name="one", language="en")
    assert changed.blocks == read(text, name="one", language="en").blocks


def test_what_leads_somewhere_is_shown_as_text() -> None:
    text = "See https://example.org, www.example.org or `[a](b)`, `http://a.bc` and mail@example.org."
    (part,) = lesson(text).parts
    assert isinstance(part, Prose)
    assert part.text == (
        f"See https&#58;{SPLIT}//example.org, www{SPLIT}.example.org or `[a]{JOINER}(b)`, `http:{JOINER}//a.bc`"
        f" and mail{SPLIT}@example.org."
    )
    assert escape.without_escapes(part.text) == text


STRUCK = "lasts 5~10 minutes for 3~4 of you"
SHOWN = STRUCK.replace("~", r"\~")


def test_a_single_tilde_strikes_nothing_out_wherever_an_author_writes_it() -> None:
    head = HEAD.replace("minutes: 5", f"minutes: 5\nteaches: [{STRUCK}]")
    body = f"""\
{STRUCK}

## {STRUCK}

- {STRUCK}

| a | b |
|---|---|
| 5~10 | 3~4 |

```run one
watch: {STRUCK}
```

```question two
ask: {STRUCK}
answers: [{{text: {STRUCK}, right: true, why: {STRUCK}}}, {{text: "{STRUCK}!"}}]
right: {STRUCK}
wrong: {STRUCK}
```
"""
    found = read(head + body, name="one", language="en")
    prose, run, question = found.parts
    assert isinstance(prose, Prose)
    assert isinstance(run, RunBlock)
    assert isinstance(question, QuestionBlock)
    assert prose.text == f"{SHOWN}\n\n## {SHOWN}\n\n- {SHOWN}\n\n| a | b |\n|---|---|\n| 5\\~10 | 3\\~4 |"
    assert (found.teaches, run.watch, question.ask) == ((SHOWN,), SHOWN, SHOWN)
    assert (question.right, question.wrong, question.answers[0].text, question.answers[0].why) == (SHOWN,) * 4


@pytest.mark.parametrize(
    "text",
    [
        "~~struck out~~ and ~~~",
        r"written as 5\~10",
        "`a~b`, ``a ` b~c``, $a~b$ and $$a~b$$",
        "text\n\n    a~b = 1",
        "- text\n\n  ```sh\n  ls ~/a ~/b\n  ```",
    ],
)
def test_what_strikes_nothing_out_stays_as_it_was_written(text: str) -> None:
    (part,) = lesson(text).parts
    assert isinstance(part, Prose)
    assert part.text == text


def test_code_that_does_not_end_hides_no_tilde() -> None:
    (part,) = lesson("a ` b 1~2\n\n` c $ 3~4\n\n$5").parts
    assert isinstance(part, Prose)
    assert part.text == "a ` b 1\\~2\n\n` c $ 3\\~4\n\n$5"


def test_a_run_on_images_of_ones_own_leaves_what_follows_from_them() -> None:
    (block,) = lesson(RUN[:-4] + "own_images: true\nfree: {augmentation: [off, affine]}\n```\n").blocks
    assert isinstance(block, RunBlock)
    assert block.own
    assert block.free == {"augmentation": ("off", "affine")}
    (plain,) = lesson(RUN).blocks
    assert isinstance(plain, RunBlock)
    assert not plain.own
    text = HEAD + "```run one\npreset: two-layer-net\nown_images: mine\n```\n"
    assert problems(text) == [(8, "own_images must be true or false, not mine.")]
    quoted = text.replace("mine", '"true"')
    assert problems(quoted) == [(8, "own_images is a text, since it stands between quotation marks. Leave them out.")]
    text = HEAD + "```run one\npreset: two-layer-net\nown_images: true\nfree: {train_size: [100, 200]}\n```\n"
    assert problems(text) == [(9, "This block sets train_size by itself: leave it out.")]


def test_a_number_between_quotation_marks_is_a_text() -> None:
    text = HEAD + '```question one\nask: How many?\nnumber: "12"\n```\n'
    assert problems(text) == [(8, "number is a text, since it stands between quotation marks. Leave them out.")]


def test_what_cannot_be_predicted_is_one_fault() -> None:
    text = HEAD + "```seal one\n```\n\n```predict two\nof: one\nquestion: outcome\n```\n"
    assert problems(text) == [(10, "of must name a block of the kind run, sweep, range-test, but there is none.")]


# YAML, and the line and sentence of its fault.
YAML_FAULTS = {
    "a colon in a text": ("ask: What: is it", 1, "Put a text with a colon between quotation marks."),
    "an indented key": ("a: 1\n  b: 2", 2, "Begin each key on its own line, as far in as the others."),
    "no colon": ("a: 1\nb\nc: 2", 3, "A colon is missing: expected “key: value”."),
    "a tab": ("a:\n\tb: 1", 2, "A tab stands here. Use blanks to indent."),
    "a sign": ("a: @x", 1, "No value can begin with '@'. Put the text between quotation marks."),
    "an open quotation mark": ('a: 1\nb: "x\nc: 2\n', 2, "A quotation mark is not closed. Add the second one."),
    "an open list": ("x: 1\na: [1, 2}\nb: 2", 2, "Close it with ]."),
    "open entries": ("a: {b: 1", 1, "Close them with }."),
    "a bracket too much": ("a: {b: 1}}", 1, "A bracket or comma here is too much."),
    "a quotation mark within": ("key: 'it's'", 1, "Put the other kind of quotation marks around it."),
    "an entry beside a key": ("- a\nb: 1", 2, "Indent all entries of a list or block equally."),
    "a list behind a key": ("a: - b", 1, "Begin it on a new line, each entry with “- ”."),
    "a backslash": (r'a: "\q"', 1, "Use single ones: '…'."),
    "behind a bar": ("a: |x\n b", 1, "Begin the text on the next line, indented."),
    "no value": ("a: [,]", 1, "A value is missing here"),
    "an alias of nothing": ("a: *", 1, "Anchors, aliases and tags"),
    "a directive": ("%YAML 1\n---\na: 1", 1, "This cannot be read. Check its colons"),
}


@pytest.mark.parametrize("name", YAML_FAULTS)
def test_a_fault_of_yaml_is_told_in_our_words(name: str) -> None:
    text, line, words = YAML_FAULTS[name]
    faults = Faults()
    values.read(text, 1, faults)
    (found,) = faults.found
    assert (found.line, words in str(found)) == (line, True), found
