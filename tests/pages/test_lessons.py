"""The Lessons page without a browser: what is kept, and what opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import lessons
from mnist_core.config import RunConfig
from mnist_core.data import own_images
from mnist_core.records import LessonPlace, Progress, Report, SweepRecord
from mnist_core.store import Store
from mnist_core.store.rows import end_run
from mnist_core.sweep_range import variants
from mnist_core.ui import session
from tests.diagnostics.judged import evaluations
from tests.lessons.pictures import PNG, picture
from tests.lessons_page.short import SOURCE, TEXT
from tests.pages.conftest import Open
from tests.pages.content import components, metrics, texts

STUDENT = "a" * 32


@pytest.fixture
def lesson(store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    """A lesson that the student has written; its name."""
    monkeypatch.setattr(session, "name_in", lambda _cookies: STUDENT)
    return store.written_lessons.create(STUDENT, "A *short* lesson", lessons.packed(SOURCE)).lesson


@pytest.fixture
def of_block(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Writes a lesson of the student's that is one block; its name."""
    monkeypatch.setattr(session, "name_in", lambda _cookies: STUDENT)

    def written(block: str) -> str:
        text = f"---\nschema: 1\ntitle: One block\nminutes: 3\n---\n```{block}\n```\n"
        packed = lessons.packed(lessons.Source("", {"en": text}, {}))
        return store.written_lessons.create(STUDENT, "One block", packed).lesson

    return written


def key(app: AppTest, kind: str, ending: str) -> str:
    """Key of the widget with this ending."""
    (found,) = [one.key for one in getattr(app, kind) if str(one.key).endswith(ending)]
    return str(found)


def trained(store: Store, lesson: str) -> None:
    """A run of the lesson that is over."""
    run_id = store.runs.create(STUDENT, RunConfig(), place=LessonPlace(lesson, "small"))
    with store.database.begin() as connection:
        end_run(connection, run_id, "completed", {"validation_accuracy": 0.9, "train_accuracy": 0.95})


def test_a_lesson_goes_on_when_its_task_is_done_and_opens_where_it_was_left(
    open_page: Open, store: Store, lesson: str
) -> None:
    app = open_page("lessons", lesson=lesson, step="4")
    assert "A *short* lesson" in texts(app)
    next_button = app.button(key="lesson_next")
    assert next_button.disabled  # and the address opens no step behind it
    assert app.button(key=key(app, "button", "-run")).disabled  # nothing is predicted
    trained(store, lesson)
    app = open_page("lessons", lesson=lesson)
    app.button(key="lesson_next").click().run()
    app.button(key="lesson_next").click().run()
    assert "## What you saw" in texts(app)
    app = open_page("lessons", lesson=lesson)
    assert "## What you saw" in texts(app)
    progress, _answers = store.lessons.state(STUDENT, lesson)
    assert progress is not None
    assert (progress.place, progress.reached, progress.steps) == (2, 2, 4)


def test_free_layers_of_a_cnn_are_convolutional_and_have_filters(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "name_in", lambda _cookies: STUDENT)
    cnn = TEXT.replace("hidden_layers: [8]}", "model: cnn}").replace("epochs: [1, 2]", "filters: [1, 3, 2, 32]")
    name = store.written_lessons.create(STUDENT, "A CNN", lessons.packed(replace(SOURCE, texts={"en": cnn}))).lesson
    app = open_page("lessons", lesson=name)
    assert app.slider(key=key(app, "slider", "free_filters_count")).label == "Convolutional layers: how many"
    width = app.select_slider(key=key(app, "select_slider", "free_filters_units"))
    assert width.label == "Convolutional layers: filters of each"


@pytest.mark.parametrize(
    ("validation", "sealed", "part"),
    [((1_000, 1_000), False, "Validation"), ((0, 1_000), False, "Test"), ((0, 1_000), True, "Training")],
)
def test_runs_are_compared_on_a_part_that_all_of_them_have(
    open_page: Open,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    validation: tuple[int, int],
    sealed: bool,
    part: str,
) -> None:
    """A run without validation images was a name in the legend without a curve."""
    student = f"{part:x<32}".lower()  # the seal of each is remembered by the process
    monkeypatch.setattr(session, "name_in", lambda _cookies: student)
    store.facts.set(f"seal:{student}", {"sealed": sealed, "opened": 0})
    name = "2-the-first-look"
    for block, size in zip(("look", "own"), validation, strict=True):
        store.runs.create(student, RunConfig(validation_size=size), place=LessonPlace(name, block))
    store.lessons.go_to(student, name, 8, 10)
    app = open_page("lessons", lesson=name, step="9")
    charts = [message["figure"] for message in components(app) if str(message.get("key")).endswith("compare_loss")]
    assert [chart["layout"]["title"]["text"] for chart in charts] == [f"Loss – {part}"]


def test_of_a_sweep_all_runs_are_compared(
    open_page: Open, built_in: None, store: Store, of_block: Callable[[str], str]
) -> None:
    """Its last run alone stood beside the others."""
    small = "change: {train_size: 40, validation_size: 10, batch_size: 10}"
    blocks = f"run one\n{small}\n```\n\n```sweep rates\n{small}\nrates: [0.05, 0.5]\n```\n\n```compare both\nruns: [one, rates]"
    name = of_block(blocks)
    assert "Train all that is compared here" in texts(open_page("lessons", lesson=name))
    config = RunConfig(train_size=40, validation_size=10, batch_size=10, epochs=1)
    store.runs.create(STUDENT, config, place=LessonPlace(name, "one"))
    for sweep_id in ("a" * 10, "b" * 10):
        sweep = SweepRecord(sweep_id, STUDENT, 0.0, config, (0.05, 0.5), 1)
        store.sweeps.create(sweep, variants(config, (0.05, 0.5)), None, LessonPlace(name, "rates"))
    for run in store.runs.of_lesson(STUDENT, name):
        store.queue.claim(run.id, "worker", 1)
        curves = evaluations([2.3, 0.5], 1.0, [2.3, 0.6])
        store.record_writer.publish([Report(run.id, Progress(4, 4, 2.0, 1.0), curves)])
    app = open_page("lessons", lesson=name)
    (chart,) = [message["figure"] for message in components(app) if str(message.get("key")).endswith("compare_loss")]
    assert sum(len(trace["x"]) > 1 for trace in chart["data"]) == 3


def test_once_a_control_is_moved_it_is_said_what_the_run_below_was_trained_with(
    open_page: Open, built_in: None, store: Store, of_block: Callable[[str], str]
) -> None:
    name = of_block("run one\nfree: {seed: [0, 40], epochs: [1, 5]}\nchange: {seed: 11, epochs: 2}")
    store.runs.create(STUDENT, RunConfig(seed=11, epochs=2), place=LessonPlace(name, "one"))
    app = open_page("lessons", lesson=name)
    assert "What is shown below was trained with" not in texts(app)
    seed = app.select_slider(key=key(app, "select_slider", "free_seed"))
    app = seed.set_value(12).run()
    assert "What is shown below was trained with: Seed: 11" in texts(app)
    assert "Epochs: 2" not in texts(app)


@pytest.mark.parametrize("axes", ["", "across: epoch\nlog_loss_axis: true"])
def test_the_charts_of_a_run_begin_with_the_axes_of_its_block(
    open_page: Open, built_in: None, store: Store, of_block: Callable[[str], str], axes: str
) -> None:
    """At which epoch, a lesson asks; its chart counted steps."""
    name = of_block(f"run one\nchange: {{train_size: 40, validation_size: 10, batch_size: 10}}\n{axes}")
    store.runs.create(STUDENT, RunConfig(), place=LessonPlace(name, "one"))
    layout = next(
        message["figure"]["layout"]
        for message in components(open_page("lessons", lesson=name))
        if str(message.get("key")).endswith("chart_loss")
    )
    found = layout["xaxis"]["title"]["text"], layout["yaxis"].get("type")
    assert found == (("Epoch", "log") if axes else ("Step (weight updates)", None))


@pytest.mark.parametrize(("free", "advised"), [("dropout: [0, 0.5]", True), ("epochs: [1, 5]", False)])
def test_the_health_check_advises_nothing_that_the_block_locks(
    open_page: Open, built_in: None, store: Store, of_block: Callable[[str], str], free: str, advised: bool
) -> None:
    name = of_block(f"run one\nfree: {{{free}}}")
    run_id = store.runs.create(STUDENT, RunConfig(epochs=2), place=LessonPlace(name, "one"))
    store.queue.claim(run_id, "worker", 1)
    curves = evaluations([2.3, 0.5, 0.2, 0.1, 0.05, 0.02], 1.0, [2.3, 0.6, 0.4, 0.42, 0.5, 0.5])
    store.record_writer.publish([Report(run_id, Progress(1_000, 1_000, 2.0, 1.0), curves)])
    store.record_writer.finish(run_id, "completed", {"train_accuracy": 1.0, "validation_accuracy": 0.98})
    said = texts(open_page("lessons", lesson=name))
    assert "Validation loss was lowest" in said
    assert ("lightbulb: Try dropout." in said) == ("lightbulb: Try" in said) == advised


@pytest.mark.parametrize(("free", "advice"), [("epochs: [1, 5]", "Try more epochs."), ("dropout: [0, 0.5]", "")])
def test_a_sweep_advises_nothing_that_the_block_locks(
    open_page: Open, built_in: None, store: Store, of_block: Callable[[str], str], free: str, advice: str
) -> None:
    name = of_block(f"sweep many\nrates: [0.1, 0.2]\nfree: {{{free}}}")
    config, rates = RunConfig(), (0.1, 0.2)
    run_ids = store.sweeps.create(
        SweepRecord("beef0beef0", STUDENT, 0.0, config, rates, 1),
        variants(config, rates),
        None,
        LessonPlace(name, "many"),
    )
    for run_id in run_ids:
        with store.database.begin() as connection:
            end_run(connection, run_id, "completed", {"train_loss": 2.3})
    said = texts(open_page("lessons", lesson=name))
    assert f"does the network learn in this many epochs. {advice}".strip() in said
    assert ("Try" in said) == bool(advice)


def test_the_lesson_on_the_sealed_test_set_seals_it_and_opens_it(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open the seal now, it said, and nothing was sealed."""
    student, name = "5ea1" * 8, "8-learning-by-heart"
    monkeypatch.setattr(session, "name_in", lambda _cookies: student)
    run_id = store.runs.create(student, RunConfig(), place=LessonPlace(name, "mine"))
    result = {"train_accuracy": 0.9, "validation_accuracy": 0.85, "test_accuracy": 0.8421}
    with store.database.begin() as connection:
        end_run(connection, run_id, "completed", result)
    store.lessons.go_to(student, name, 8, 10)
    app = open_page("lessons", lesson=name, step="8")
    assert "84.21%" in metrics(app).values()
    app.button(key=key(app, "button", "-seal")).click().run()
    assert "**Test set sealed**" in texts(app)
    assert list(metrics(app).values()) == ["90.00%", "85.00%"]
    assert "Open the test set" in [button.label for button in open_page("lessons", lesson="2-the-first-look").button]
    app = open_page("lessons", lesson=name, step="9")
    app.button(key=key(app, "button", "-seal")).click().run()
    assert "You have opened it 1 time." in texts(app)
    app = open_page("lessons", lesson=name, step="8")
    assert "84.21%" in metrics(app).values()


def test_a_button_of_the_seal_does_what_it_says_whatever_another_tab_did(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tab that still said "Seal the test set" opened it, and an opening was counted."""
    student, name = "7ab5" * 8, "8-learning-by-heart"
    monkeypatch.setattr(session, "name_in", lambda _cookies: student)
    store.lessons.go_to(student, name, 7, 10)
    first, second = (open_page("lessons", lesson=name, step="8") for _tab in range(2))
    for app in (first, second):
        app.button(key=key(app, "button", "-seal")).click().run()
        assert "**Test set sealed**" in texts(app)
    assert store.facts.get(f"seal:{student}") == {"sealed": True, "opened": 0}
    for app in (first, second):
        app.button(key=key(app, "button", "-seal")).click().run()
        assert "**Test set open**" in texts(app)
    assert store.facts.get(f"seal:{student}") == {"sealed": False, "opened": 1}
    assert "Seal the test set" in [button.label for button in open_page("lessons", lesson="2-the-first-look").button]


def test_what_waits_for_a_sealed_test_figure_says_so(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = "5ea2" * 8
    monkeypatch.setattr(session, "name_in", lambda _cookies: student)
    text = TEXT.replace("until: {outcome: completed}", "until: {test_accuracy: [0.5, 1]}")
    text = text.replace("number: 5", "number: {run: small, measure: test_accuracy}")
    assert text.count("test_accuracy") == 2
    made = store.written_lessons.create(student, "Sealed", lessons.packed(replace(SOURCE, texts={"en": text}))).lesson
    run_id = store.runs.create(student, RunConfig(), place=LessonPlace(made, "small"))
    with store.database.begin() as connection:
        end_run(connection, run_id, "completed", {"train_accuracy": 0.9, "test_accuracy": 0.95})
    store.facts.set(f"seal:{student}", {"sealed": True, "opened": 0})
    store.lessons.go_to(student, made, 3, 4)
    assert "so that no test accuracy is shown" in texts(open_page("lessons", lesson=made, step="1"))
    assert "whether this is done is seen once it is open" in texts(open_page("lessons", lesson=made, step="1"))
    shown = texts(open_page("lessons", lesson=made, step="3"))
    assert "its result answers this once it is open" in shown
    assert "Train the run above first" not in shown


def test_what_is_about_a_run_of_another_step_leads_there(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "name_in", lambda _cookies: STUDENT)
    text = TEXT.replace("number: 5", "number: {run: small, measure: train_accuracy}")
    text = text.replace("```note remember", "```inspect look\nrun: small\nview: draw\n```\n\n```note remember")
    made = store.written_lessons.create(STUDENT, "Short", lessons.packed(replace(SOURCE, texts={"en": text}))).lesson
    trained(store, made)
    store.lessons.go_to(STUDENT, made, 3, 4)
    for step in ("3", "4"):
        app = open_page("lessons", lesson=made, step=step)
        way = app.button(key=key(app, "button", "-to_run"))
        assert way.label == "To the training in step 1"
        way.click().run()
        assert app.query_params["step"] == "1"
        assert not [button for button in app.button if str(button.key).endswith("-to_run")]


def test_answers_are_kept_half_written_and_are_right_or_wrong(open_page: Open, store: Store, lesson: str) -> None:
    trained(store, lesson)
    store.lessons.go_to(STUDENT, lesson, 2, 4)
    app = open_page("lessons", lesson=lesson)
    (field,) = [one for one in app.text_input if str(one.key).endswith("-answer")]
    field.set_value("4").run()
    assert store.lessons.state(STUDENT, lesson)[1]["steps"].value == "4"
    app = open_page("lessons", lesson=lesson)
    (field,) = [one for one in app.text_input if str(one.key).endswith("-answer")]
    assert field.value == "4"
    check = str(field.key).replace("-answer", "-check")
    app.button(key=check).click().run()
    assert "Divide the images by the batch size." in texts(app)
    app.text_input(key=field.key).set_value("5").run()
    app.button(key=check).click().run()
    answer = store.lessons.state(STUDENT, lesson)[1]["steps"]
    assert (answer.is_right, answer.tries) == (True, 2)
    assert "Right." in texts(app)


def test_a_lesson_is_written_checked_and_deleted(open_page: Open, store: Store, lesson: str) -> None:
    app = open_page("lessons", write="new")
    app.button(key="write_begin").click().run()
    (area,) = app.text_area
    assert "The lesson can be shown. Steps: 2, live parts: 3." in texts(app)
    area.set_value(TEXT.replace("preset: two-layer-net", "presett: x")).run()
    app.button(key="write_save").click().run()
    assert "Line 18: " in texts(app)
    made = store.written_lessons.of_owner(STUDENT)[0]
    assert made.title.raw == "A *short* lesson"
    assert "This lesson has faults and cannot be shown." in texts(open_page("lessons", lesson=made.lesson))
    app.button(key="write_delete").click().run()
    assert [one.lesson for one in store.written_lessons.of_owner(STUDENT)] == [lesson]


def test_a_text_that_is_not_saved_is_there_when_one_comes_back(open_page: Open, store: Store, lesson: str) -> None:
    """Another language, or "Open the lesson", and what was written was gone."""
    written = lesson.removeprefix("own-")
    app = open_page("lessons", write=written)
    app.text_area[0].set_value("English, half written")  # as a browser may send both at once
    app.segmented_control(key="write_language").set_value("ko").run()
    assert app.text_area[0].value == SOURCE.texts["ko"]
    app.text_area[0].set_value("한국어").run()
    app.session_state["lesson_written"] = None
    app.session_state["lesson_shown"] = lesson
    app.run()
    assert not app.text_area
    app.session_state["lesson_written"] = written
    app.run()
    assert app.text_area[0].value == "English, half written"
    assert ":material/edit: Not saved yet." in texts(app)
    app.button(key="write_save").click().run()
    app.segmented_control(key="write_language").set_value("ko").run()
    assert app.text_area[0].value == "한국어"
    saved = lessons.unpacked(store.written_lessons.data(written) or b"", "one").texts
    assert saved == {"en": "English, half written", "ko": SOURCE.texts["ko"]}


def test_an_added_image_is_told_its_name_and_stays(open_page: Open, store: Store, lesson: str) -> None:
    """What was called "Loss curve.png" was gone when the lesson was read back."""
    written = lesson.removeprefix("own-")
    app = open_page("lessons", write=written)
    app.file_uploader(key="lesson_image_0").upload("Loss curve.png", PNG, "image/png").run()
    assert "Added. Its name in the text: `Loss-curve.png`" in texts(app)
    source = lessons.unpacked(store.written_lessons.data(written) or b"", "one")
    assert dict(source.images) == {"Loss-curve.png": PNG}
    app.file_uploader(key="lesson_image_1").upload("large.png", bytes(1_000_001), "image/png").run()
    assert "large.png is too large for a lesson: at most 1,000 kB." in [error.value for error in app.error]
    app.file_uploader(key="lesson_image_2").upload("Loss curve.png", PNG[:33] + b"garbage" * 40, "image/png").run()
    assert "Loss-curve-2.png is damaged" in unescape(app.error[0].value)
    assert not app.success or "Added" not in texts(app)
    assert len(lessons.unpacked(store.written_lessons.data(written) or b"", "one").images) == 1


def test_an_image_may_take_the_place_of_that_which_has_its_name(open_page: Open, store: Store, lesson: str) -> None:
    written = lesson.removeprefix("own-")

    def images() -> dict[str, bytes]:
        return dict(lessons.unpacked(store.written_lessons.data(written) or b"", "one").images)

    app = open_page("lessons", write=written)
    app.file_uploader(key="lesson_image_0").upload("pic.png", PNG, "image/png").run()
    other = picture("PNG", size=(9, 7))
    app.file_uploader(key="lesson_image_1").upload("pic.png", other, "image/png").run()
    assert "`pic.png` is in this lesson already and still shows the earlier image." in texts(app)
    assert images() == {"pic.png": PNG, "pic-2.png": other}
    app.button(key=key(app, "button", "replace")).click().run()
    assert images() == {"pic.png": other}
    assert "Added. Its name in the text: `pic.png`" in texts(app)


def test_a_folder_of_lessons_is_listed_in_the_language_that_there_is(
    open_page: Open, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home.parent / "more"
    (folder / "short-one").mkdir(parents=True)
    (folder / "short-one" / "en.md").write_text(TEXT)
    monkeypatch.setenv("MNIST_LAB_LESSONS", str(folder))
    app = open_page("lessons", lang="ko")
    assert "3분 · that a run learns · 아직 번역되지 않음(English)" in texts(app)


def test_a_run_is_on_images_of_the_students_own_where_there_are_any(
    open_page: Open, built_in: None, store: Store, of_block: Callable[[str], str]
) -> None:
    name = of_block("run mine\nown_images: true\nchange: {train_size: 40, validation_size: 10, batch_size: 10}")
    app = open_page("lessons", lesson=name)
    assert "You have no images of your own yet, so this trains on built-in digits" in texts(app)
    app.button(key=key(app, "button", "-run")).click().run()
    (first,) = store.runs.newest(STUDENT)
    assert first.config.dataset == "built-in"
    with store.database.begin() as connection:
        end_run(connection, first.id, "completed", {"validation_accuracy": 0.9})
    made = [np.full((28, 28), place, np.uint8) for place in range(20)]
    images = store.own_images.create(
        STUDENT, "K*tch*n", ["cup", "fork"], own_images.pack({"cup": made[:10], "fork": made[10:]})
    )
    app = open_page("lessons", lesson=name)
    assert "On your images: K*tch*n" in texts(app)
    app.button(key=key(app, "button", "-run")).click().run()
    assert not app.exception
    config = store.runs.newest(STUDENT)[0].config
    assert (config.dataset, config.classes) == (images.name, 2)
    assert (config.train_size, config.validation_size, config.batch_size) == (13, 3, 10)
