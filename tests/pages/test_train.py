"""The Train page: controls, the address, the queue, without a worker."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData, RerunException, get_script_run_ctx

from mnist_core.config import RunConfig
from mnist_core.errors import StoreUnavailableError
from mnist_core.panels import waiting
from mnist_core.presets import PRESETS
from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Store, tables
from mnist_core.store.runs import Runs
from tests.pages import content
from tests.pages.conftest import Open
from tests.pages.content import metrics, percents, texts, unescape


def ascii_start(text: str) -> str:
    """A short name for a test."""
    return ascii(text[:10])


def test_says_what_it_is_for(open_page: Open) -> None:
    app = open_page("train")
    assert app.title[0].value == "Train a network and watch it learn"
    assert "Press **Run**" in texts(app)


def test_metrics_are_the_arithmetic_of_the_settings(open_page: Open) -> None:
    app = open_page("train", preset="keras-first-look")
    values = metrics(app)
    assert values["Parameters"] == "407,050"  # 784·512 + 512 + 512·10 + 10
    assert values["Steps per epoch"] == "469"  # ⌈60,000 / 128⌉
    assert values["Total steps"] == "2,345"
    app.select_slider(key="c_batch_size").set_value(10).run()
    values = metrics(app)
    assert values["Steps per epoch"] == "6,000"


def test_sliders_change_the_network(open_page: Open) -> None:
    app = open_page("train", preset="keras-first-look")
    app.slider(key="c_hidden_layers_depth").set_value(2).run()
    app.select_slider(key="c_units_0").set_value(100).run()
    app.select_slider(key="c_units_1").set_value(50).run()
    values = metrics(app)
    assert values["Parameters"] == f"{784 * 100 + 100 + 100 * 50 + 50 + 50 * 10 + 10:,}"
    app.slider(key="c_hidden_layers_depth").set_value(0).run()
    values = metrics(app)
    assert values["Parameters"] == "7,850"


def test_a_preset_fills_the_controls(open_page: Open) -> None:
    app = open_page("train")
    app.selectbox(key="preset_choice").set_value("two-layer-net-rate-1.5").run()
    assert app.select_slider(key="c_learning_rate").value == 1.5
    assert app.select_slider(key="c_units_0").value == 50
    assert not app.exception


def test_every_preset_and_variant_draws(open_page: Open) -> None:
    app = open_page("train")
    for name, preset in PRESETS.items():
        app.selectbox(key="preset_choice").set_value(name).run()
        assert not app.exception, name
        assert not app.error, name
        for label in preset.variants:
            app.selectbox(key="variant_choice").set_value(label).run()
            assert not app.exception, (name, label)
            assert not app.error, (name, label)


def test_the_address_restores_the_controls(open_page: Open) -> None:
    app = open_page("train", preset="two-layer-net", learning_rate="1.2", hidden_layers="30-20")
    assert app.select_slider(key="c_learning_rate").value == 1.2
    assert [app.select_slider(key=f"c_units_{i}").value for i in range(2)] == [30, 20]
    assert app.query_params["learning_rate"] == "1.2"


def test_an_impossible_address_is_a_sentence(open_page: Open) -> None:
    app = open_page("train", preset="two-layer-net", learning_rate="1000")
    assert "Learning rate must be from 1e-6 to 100, not 1,000." in texts(app)
    assert app.select_slider(key="c_learning_rate").value == 0.5


def test_a_typed_rate_out_of_range_is_a_sentence_and_changes_nothing(open_page: Open) -> None:
    app = open_page("train", preset="two-layer-net")
    app.text_input(key="c_exact_rate").input("1e9").run()
    assert "Learning rate must be from 1e-6 to 100, not 1e9." in texts(app)
    assert app.select_slider(key="c_learning_rate").value == 0.5
    app.text_input(key="c_exact_rate").input("0.37").run()
    assert app.select_slider(key="c_learning_rate").value == 0.37
    assert not app.error


def test_a_typed_rate_holds_until_the_rate_is_set_otherwise(open_page: Open) -> None:
    app = open_page("train", preset="two-layer-net")

    def typed(text: str) -> None:
        app.text_input(key="c_exact_rate").input(text).run()

    typed("0.37")
    assert app.text_input(key="c_exact_rate").value == ""
    app.select_slider(key="c_learning_rate").set_value(0.01).run()
    typed("0,37")
    assert app.select_slider(key="c_learning_rate").value == 0.37
    typed("1,000")  # a thousand, or one: no rate
    assert app.error
    assert app.select_slider(key="c_learning_rate").value == 0.37
    for change in (
        lambda: typed(""),
        lambda: app.select_slider(key="c_learning_rate").set_value(0.01).run(),
        lambda: app.selectbox(key="preset_choice").set_value("keras-first-look").run(),
    ):
        typed("abc")
        assert "Learning rate cannot be “abc”. Expected a number such as 0.1 or 3e-4." in texts(app)
        change()
        assert not app.error
        assert app.text_input(key="c_exact_rate").value == ""


def test_what_is_known_of_an_experiment_is_said_of_its_own_settings(open_page: Open) -> None:
    app = open_page("train", preset="keras-first-look")
    (said,) = [caption.value for caption in app.caption if "test accuracy 98.0%" in caption.value]
    assert not said.startswith("Before your changes")
    app.select_slider(key="c_learning_rate").set_value(100.0).run()
    assert f"Before your changes: {said}" in texts(app)


def test_sliders_cannot_make_an_error(open_page: Open) -> None:
    app = open_page("train", preset="two-layer-net")  # 10,000 to train, 10,000 to validate
    app.select_slider(key="c_train_size").set_value(55_000).run()
    assert app.select_slider(key="c_validation_size").value == 5_000
    app.select_slider(key="c_train_size").set_value(100).run()
    app.select_slider(key="c_batch_size").set_value(100).run()
    assert not app.error
    assert not app.exception


def test_batch_normalization_is_never_left_with_one_image(open_page: Open, store: Store) -> None:
    app = open_page("train", preset="two-layer-net", batch_norm="true")
    assert not [caption.value for caption in app.caption if "at least two images" in caption.value]
    app.select_slider(key="c_batch_size").set_value(1).run()
    assert app.select_slider(key="c_batch_size").value == 2
    assert [caption.value for caption in app.caption if "at least two images" in caption.value]
    app.slider(key="c_hidden_layers_depth").set_value(0).run()
    app.select_slider(key="c_batch_size").set_value(1).run()
    assert app.select_slider(key="c_batch_size").value == 1  # nothing is normalized
    app.slider(key="c_hidden_layers_depth").set_value(2).run()
    assert app.select_slider(key="c_batch_size").value == 2
    app.button(key="run").click().run()
    (run,) = store.queue.next(10)
    assert (run.config.batch_size, run.config.batch_norm) == (2, True)
    assert not app.exception


def test_variants_that_cannot_be_run_are_said_before_the_press(open_page: Open) -> None:
    app = open_page("train", preset="batch-size")
    assert not app.button(key="run_all").disabled
    app.toggle(key="c_batch_norm").set_value(True).run()
    assert app.button(key="run_all").disabled
    assert "Batch normalization needs at least two images" in unescape(app.button(key="run_all").help)
    app.toggle(key="c_batch_norm").set_value(False).run()
    assert not app.button(key="run_all").disabled


def test_run_puts_the_settings_in_the_queue(open_page: Open, store: Store) -> None:
    app = open_page("train", preset="two-layer-net")
    app.button(key="run").click().run()
    (run,) = store.queue.next(10)
    assert run.config == PRESETS["two-layer-net"].config.replace(dataset=run.config.dataset)
    assert run.preset == "two-layer-net"
    assert app.query_params["run"] == run.id
    assert not app.exception


def test_run_all_queues_every_variant_as_one_group(open_page: Open, store: Store) -> None:
    app = open_page("train", preset="optimizer-race")
    app.button(key="run_all").click().run()
    queued = store.queue.next(20)
    assert {run.variant for run in queued} == {"SGD", "Momentum", "Adagrad", "RMSprop", "Adam"}
    assert len({run.group for run in queued}) == 1
    progress = content.bars(app)
    assert "**Five optimizers on the same batches**" in texts(app), progress
    assert not app.exception


def again(pressed: WidgetStates) -> RerunException:
    """What Streamlit raises in a callback when the browser's next message is there, with the press still in it."""
    context = get_script_run_ctx()
    assert context is not None
    return RerunException(RerunData(widget_states=pressed, page_script_hash=context.page_script_hash))


def test_one_press_of_run_that_arrives_twice_makes_one_run(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("train", preset="two-layer-net")
    app.button(key="run").click()
    pressed = app._tree.get_widget_states()
    create = Runs.create
    arrivals = []

    def arrives_again(*args: Any, **kwargs: Any) -> str:
        arrivals.append(create(*args, **kwargs))
        if len(arrivals) == 1:
            raise again(pressed)
        return arrivals[-1]

    monkeypatch.setattr(Runs, "create", arrives_again)
    app.run()
    (run,) = store.queue.next(10)
    assert arrivals == [run.id, run.id]
    assert app.session_state["shown_run"] == run.id
    app.button(key="run").click().run()
    assert len(store.queue.next(10)) == 2  # another press is another run


def test_one_press_of_run_all_that_arrives_twice_makes_one_group(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("train", preset="optimizer-race")
    app.button(key="run_all").click()
    pressed = app._tree.get_widget_states()
    create_group = Runs.create_group
    calls = []

    def arrives_again(*args: Any, **kwargs: Any) -> list[str]:
        calls.append(kwargs["variants"])
        ids = create_group(*args, **kwargs)
        if len(calls) == 1:
            raise again(pressed)
        return ids

    monkeypatch.setattr(Runs, "create_group", arrives_again)
    app.run()
    assert len(calls) == 2
    assert len(store.queue.next(20)) == len(PRESETS["optimizer-race"].variants)
    assert app.session_state["shown_group"] == store.queue.next(1)[0].group


def test_a_press_that_the_store_refuses_is_a_sentence(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("train", preset="two-layer-net")

    def refused(*_args: Any, **_kwargs: Any) -> str:
        raise StoreUnavailableError("The store is in use.")

    monkeypatch.setattr(Runs, "create", refused)
    app.button(key="run").click().run()
    assert "The store is in use." in texts(app)
    assert not app.exception


def bars(open_page: Open, page: str, **query: str) -> list[str]:
    """What stands beside the bars of progress."""
    waiting._queues.clear()  # the queue is read once a second
    return content.bars(open_page(page, **query))


def test_the_place_in_the_queue_counts_in_english(open_page: Open, store: Store) -> None:
    ids = [store.runs.create(owner, RunConfig()) for owner in ("ann", "bob", "cem")]
    store.facts.set("cluster", {"slots": 4})
    assert bars(open_page, "train", run=ids[0]) == ["Starting …"]
    assert bars(open_page, "train", run=ids[1]) == ["Waiting: 1 run is ahead"]
    assert bars(open_page, "train", run=ids[2]) == ["Waiting: 2 runs are ahead"]


def test_a_run_that_waits_for_a_worker_is_not_starting_and_says_when_it_will(open_page: Open, store: Store) -> None:
    store.facts.set("cluster", {"slots": 2})
    busy = [store.runs.create("ann", RunConfig(batch_size=100)) for _run in range(3)]
    for worker, run_id in zip("aab", busy, strict=True):
        store.queue.claim(run_id, worker, 1)
    # 600 and 100 batches of 100 images are left on one worker, 900 on the other.
    for run_id, step in zip(busy, (400, 900, 100), strict=True):
        store.record_writer.publish([Report(run_id, Progress(step, 1_000, images_per_second=1_000.0), Curves())])
    single = store.runs.create("bob", RunConfig(batch_size=100))
    group = "0123456789"
    store.runs.create_group("cem", [RunConfig(learning_rate=rate) for rate in (0.1, 0.2)], group)
    sentence = "Waiting: next in line · 3 runs are training · starts in about 2.0 s"
    assert bars(open_page, "train", run=single) == [sentence]
    assert bars(open_page, "train", lang="ko", run=single) == [
        "대기 중: 다음 차례 · 훈련 중인 실행 3개 · 약 2.0초 뒤 시작"
    ]
    (of_group,) = bars(open_page, "train", group=group)
    assert of_group.startswith(
        "0 of 2 runs are done · Waiting: 1 run is ahead · 3 runs are training · starts in about "
    )
    store.commands.send(busy[0], "ann", "pause")
    store.record_writer.pause(busy[0], {})
    store.commands.send(busy[0], "ann", "resume")
    (resumed,) = bars(open_page, "train", run=busy[0])
    assert resumed.startswith("Waiting: 3 runs are ahead · 2 runs are training · starts in about ")
    assert "step 400 of 1,000" in resumed


def test_the_expected_time_has_others_in_it_and_says_so(open_page: Open, store: Store) -> None:
    """What a run takes alone stood there while others trained, and it took twice as long."""
    store.facts.set("cluster", {"slots": 1})
    (alone,) = [metric for metric in open_page("train").metric if metric.label == "Expected time"]
    assert alone.help == ""
    run_id = store.runs.create("ann", RunConfig(batch_size=1, epochs=50))
    store.queue.claim(run_id, "worker", 1)
    waiting._queues.clear()  # what was read within the last second
    (shared,) = [metric for metric in open_page("train").metric if metric.label == "Expected time"]
    assert float(shared.value.split()[0]) == pytest.approx(2 * float(alone.value.split()[0]), rel=0.1)
    assert shared.help == f"About {alone.value} if no other run trained or waited now."


def test_the_table_of_a_group_has_numbers_that_sort_as_such(open_page: Open, store: Store) -> None:
    """With the digits that they have elsewhere: beside a tile of 97.10%, 97.1% stood here."""
    accuracies = [0.098, 0.971]
    for run_id, accuracy in zip(
        store.runs.create_group("cem", [RunConfig(learning_rate=rate) for rate in (0.1, 0.2)], "0123456789"),
        accuracies,
        strict=True,
    ):
        store.queue.claim(run_id, "worker", 1)
        store.record_writer.finish(run_id, "completed", {"validation_accuracy": accuracy})
    app = open_page("train", group="0123456789")
    assert percents(app, "Validation accuracy") == ["9.80%", "97.10%"]
    assert percents(app, "Test accuracy") == ["–", "–"]


def test_a_run_whose_settings_cannot_be_read_is_a_row_that_can_be_deleted(open_page: Open, store: Store) -> None:
    app = open_page("train", preset="two-layer-net")
    app.button(key="run").click().run()
    bad = store.queue.next(1)[0].id
    app.button(key="run").click().run()
    with store.database.begin() as connection:
        changed = sa.update(tables.runs).where(tables.runs.c.id == bad).values(config='{"quantum_layers": 3}')
        connection.execute(changed)
    app.run()
    assert f"cannot read the settings of run {bad}" in texts(app)
    assert "784-50-10" in texts(app) or "two-layer" in texts(app).lower()  # the other run is there
    assert not app.exception
    app.session_state["shown_run"] = bad
    app.run()
    assert f"cannot read the settings of run {bad}" in app.error[0].value
    app.button(key=f"delete_{bad}").click().run()
    assert f"The settings of run {bad}" not in texts(app)
    assert store.runs.version(bad) is None
    assert not app.exception


@pytest.mark.parametrize("typed", ["x" * 100_000, "a\0b", "🙂 **bold**", "' OR 1=1 --", " "], ids=ascii_start)
def test_whatever_is_typed_into_the_address_is_a_sentence(open_page: Open, store: Store, typed: str) -> None:
    store.runs.create("another student", RunConfig())
    app = open_page("train", run=typed)
    assert "There is no run " in app.error[0].value
    assert len(app.error[0].value) < 120
    app = open_page("train", group=typed)
    assert "This group of runs does not exist here." in texts(app)
    assert not app.error


def test_korean(open_page: Open) -> None:
    app = open_page("train", lang="ko")
    assert "학습률" in "".join(slider.label for slider in app.select_slider)


def test_the_network_is_the_same_after_another_page(open_page: Open) -> None:
    app = open_page("train", preset="keras-first-look")
    app.slider(key="c_hidden_layers_depth").set_value(2).run()
    app.switch_page("pages/home.py").run()
    app.query_params.clear()
    app.switch_page("pages/train.py").run()
    values = metrics(app)
    assert values["Parameters"] == f"{784 * 512 + 512 + 512 * 512 + 512 + 512 * 10 + 10:,}"
    assert app.slider(key="c_hidden_layers_depth").value == 2


def test_a_link_to_an_experiment_opens_it_also_where_another_was_open(open_page: Open) -> None:
    app = open_page("train", preset="keras-first-look")
    app.switch_page("pages/home.py").run()
    app.query_params.clear()
    for name, value in {"preset": "two-layer-net", "hidden_layers": "64"}.items():
        app.query_params[name] = value
    app.switch_page("pages/train.py").run()
    values = metrics(app)
    assert values["Parameters"] == f"{784 * 64 + 64 + 64 * 10 + 10:,}"
    assert app.select_slider(key="c_learning_rate").value == 0.5
    # What is moved from here on stays, though the address still has the link in that moment.
    app.select_slider(key="c_learning_rate").set_value(1.2).run()
    assert app.select_slider(key="c_learning_rate").value == 1.2
    assert app.query_params["learning_rate"] == "1.2"
