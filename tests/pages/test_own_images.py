"""Images of one's own on the pages: uploaded, looked at, kept, chosen to train on, deleted; names that are typed stay text."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.config import RunConfig
from mnist_core.data import own_images
from mnist_core.networks import forward, weights
from mnist_core.records import EVALUATION_DTYPE, AnalysisKind, Curves, Progress, Report
from mnist_core.store import Store
from mnist_core.ui import live, watch
from tests.data.test_own_images import picture, zipped
from tests.pages.conftest import Open
from tests.pages.content import component, metrics, texts
from tests.pages.inspected_runs import run_with_weights


def test_from_a_zip_to_a_run_and_gone(open_page: Open, built_in: None, store: Store) -> None:
    app = open_page("data")
    owner = app.session_state["student"]
    files = {f"<b>cup/{number}.png": picture("lying", place=number) for number in range(5)}
    files |= {f"spoon/{number}.png": picture("upright", place=number) for number in range(5)} | {
        "spoon/notes.txt": b"x",
        "whisk/1.png": picture("lying"),
    }
    app.file_uploader(key="own_files_0").upload("mine.zip", zipped(files), "application/zip").run()
    app.radio(key="own_how").set_value("photo").run()
    app.button(key="own_read").click().run()
    assert not app.exception
    assert "These files were left out" in texts(app)
    assert "notes.txt" in texts(app)
    assert "**spoon** · 5 images" in texts(app)
    assert "**whisk** · 1 image\n" in texts(app) + "\n"
    app.button(key="own_remove_2").click().run()
    app.text_input(key="own_title").set_value("Kitchen").run()
    app.button(key="own_keep").click().run()
    (images,) = store.own_images.of_student(owner)
    assert (images.title.raw, [name.raw for name in images.classes]) == ("Kitchen", ["<b>cup", "spoon"])
    assert (images.train, images.test) == (8, 2)
    assert "**Kitchen** · 2 classes, 10 images" in texts(app)

    app.switch_page("pages/train.py").run()
    app.segmented_control(key="c_dataset").set_value("Kitchen").run()  # by its title: the test is no student
    assert not app.exception
    assert "Data: **Kitchen**, 8 + 2 images, not MNIST" in texts(app)
    preview = component(app, "preview_drawing")["html"]
    assert "2 test images: never trained on, only measured" in preview
    assert metrics(app)["Expected time"] != "0.0 s"
    app.button(key="run").click().run()
    (run,) = store.runs.newest(owner)
    assert (run.config.dataset, run.config.classes) == (images.name, 2)
    assert (run.config.train_size, run.config.validation_size) == (6, 2)
    assert run.preset  # which would have more images than there are
    assert not app.error

    app.switch_page("pages/data.py").run()
    app.button(key=f"own_delete_{images.id}").click().run()
    assert store.own_images.of_student(owner) == []
    assert "Kitchen" not in texts(app)
    for page in ("train", "inspect"):
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception


@pytest.mark.parametrize(("spoons", "warned"), [(5, False), (11, True)])
def test_uneven_classes_are_said_before_they_are_kept(
    open_page: Open, built_in: None, spoons: int, warned: bool
) -> None:
    app = open_page("data")
    files = {f"cup/{number}.png": picture("lying", place=number) for number in range(5)}
    files |= {f"spoon/{number}.png": picture("upright", place=number) for number in range(spoons)}
    app.file_uploader(key="own_files_0").upload("mine.zip", zipped(files), "application/zip").run()
    app.radio(key="own_how").set_value("photo").run()
    app.button(key="own_read").click().run()
    assert not app.exception
    assert (
        "The classes have 5 to 11 images. A network that always answers the largest one gets 69%" in texts(app)
    ) == warned


@pytest.mark.parametrize("view", ["samples", "classes", "numbers"])
def test_the_views_of_the_data_page_show_them_with_their_names(
    view: str, open_page: Open, built_in: None, store: Store
) -> None:
    app = open_page("data", view=view)
    random = np.random.default_rng(0)
    made = {name: list(random.integers(0, 256, (5, 28, 28), np.uint8)) for name in ("c*p", "spoon", "fork")}
    images = store.own_images.create(app.session_state["student"], "Kitchen", list(made), own_images.pack(made))
    app.run()
    control = app.segmented_control(key="data_set")
    assert control.options[-1] == "Kitchen"
    control.set_value("Kitchen").run()
    assert not app.exception
    assert app.segmented_control(key="data_view").options == ["Samples", "Classes", "Pixel values"]
    said = texts(app)
    if view == "samples":
        assert "12 of 12 training images" in said
        assert "From top to bottom: c*p, spoon, fork." in said
        app.segmented_control(key="samples_order").set_value("by difficulty").run()
    elif view == "classes":
        assert app.select_slider(key="classes_size").options == ["2", "5", "10"]
        assert "Of 10 training images, the most frequent class is **" in said
        assert app.segmented_control(key="classes_one").options == ["c&#42;p", "spoon", "fork"]
    else:
        assert app.slider(key="pixel_values_image").max == 12
        assert "Image 1 (**" in said
    assert not app.exception
    store.own_images.delete(images.id, app.session_state["student"])
    app.run()
    assert not app.exception
    assert not any(control.key == "data_set" for control in app.segmented_control)


ARRAYS: dict[str, dict[str, np.ndarray]] = {
    "robustness": {
        "accuracy": np.full((1, 2), 0.5, np.float32),
        "examples": np.zeros((2, 2, 28, 28), np.uint8),
        "answers": np.zeros((2, 2), np.uint8),
        "labels": np.zeros(2, np.uint8),
    },
    "activation-maximization": {
        "smooth": np.zeros((2, 28, 28), np.uint8),
        "smooth_values": np.zeros(2, np.float32),
        "plain": np.zeros((2, 28, 28), np.uint8),
        "plain_values": np.zeros(2, np.float32),
        "real": np.zeros((2, 8), np.int64),
        "real_values": np.zeros((2, 8), np.float32),
    },
    "answers": {"probabilities": np.full((4, 2), 0.5, np.float16)},
    "snapshot-answers": {"answers": np.zeros((2, 4), np.uint8)},
}
OF_THE_RUN = {"step": 3, "reached": 3, "images": 4, "split": "validation"}
VIEWS: list[tuple[str, AnalysisKind, dict[str, object], dict[str, object]]] = [
    (
        "disturb",
        "robustness",
        {"runs": ["r"], "perturbation": "noise"},
        {"strengths": [0, 0.1], "images": [4], "splits": ["validation"], "steps": [3], "reached": [3]},
    ),
    ("inside", "activation-maximization", {"run": "r", "layer": 1}, OF_THE_RUN),
    ("mistakes", "answers", {"run": "r", "split": "validation"}, {"step": 3, "reached": 3}),
    ("course", "snapshot-answers", {"run": "r"}, {"steps": [0, 3], "images": 4, "split": "validation", "reached": 3}),
]


@pytest.mark.parametrize("was_shared", [False, True])
@pytest.mark.parametrize(("view", "kind", "parameters", "values"), VIEWS)
def test_nobody_else_sees_an_image_of_them_through_a_run(
    open_page: Open,
    store: Store,
    view: str,
    kind: AnalysisKind,
    parameters: dict[str, object],
    values: dict[str, object],
    was_shared: bool,
) -> None:
    """Not anew, nor what was computed while they were shared with the class."""
    app = open_page("inspect")
    eve, ann = app.session_state["student"], "a" * 32
    random = np.random.default_rng(0)
    made = {name: list(random.integers(0, 256, (10, 28, 28), np.uint8)) for name in ("cup", "spoon")}
    images = store.own_images.create(ann, "Kitchen", list(made), own_images.pack(made))
    config = RunConfig(dataset=images.name, classes=2, train_size=12, validation_size=4, batch_size=4, hidden_layers=())
    weights.keep("r", weights.Snapshot(3, {n: np.zeros(s, np.float32) for n, s in forward.shapes(config).items()}))
    progress = Progress(3, config.total_steps)
    store.runs.add_finished(ann, config, Curves(), "completed", {}, progress, run_id="r", checkpoint_step=3)
    opened, secret = store.classes.open("7b", ann)
    store.classes.join(opened.code, eve, "Eve")
    store.own_images.share(images.id, ann, opened.id, secret)
    app.query_params["run"], app.query_params["view"] = "r", view
    app.session_state["network_view"] = "exciting"
    if was_shared:
        analysis_id = store.analyses.create(eve, kind, parameters)
        store.analyses.claim(analysis_id)
        store.analyses.finish(analysis_id, values, ARRAYS[kind])
        app.run()
        assert not app.exception
        assert "belong to someone else" not in texts(app)
    store.own_images.share(images.id, ann, None, "")
    app.run()
    assert not app.exception
    assert [error.value for error in app.error] == ["These images are no longer here, or they belong to someone else."]
    assert not app.get("imgs")
    assert len(store.analyses.newest(eve, kind)) == was_shared


def test_a_chart_that_moves_has_the_titles_of_who_may_use_the_images(open_page: Open, store: Store) -> None:
    """The watcher that makes it anew is nobody, and others look at the same runs."""
    app = open_page("compare")
    ann = app.session_state["student"]
    random = np.random.default_rng(0)
    made = {name: list(random.integers(0, 256, (10, 28, 28), np.uint8)) for name in ("cup", "spoon")}
    images = store.own_images.create(ann, "Kitchen", list(made), own_images.pack(made))
    config = RunConfig(dataset=images.name, classes=2, train_size=12, validation_size=4, batch_size=4)
    ids = [store.runs.create(ann, one) for one in (config, RunConfig(dataset="built-in"))]
    measured = np.zeros(2, EVALUATION_DTYPE)
    measured["step"] = [0, 5]
    for run_id in ids:
        store.queue.claim(run_id, "worker", 1)
        store.record_writer.publish([Report(run_id, Progress(5, 9), Curves(evaluations=measured))])

    def groups(app: AppTest) -> AppTest:
        app.query_params["runs"] = ",".join(ids)
        app.session_state["compare_view"], app.session_state["compare_by"] = "groups", "dataset"
        return app.run()

    def is_told(app: AppTest) -> bool:
        return any("Kitchen" in element.proto.json for element in app.get("bidi_component"))

    assert is_told(groups(app))
    assert not is_told(groups(open_page("compare")))
    assert is_told(app.run())
    items = [item for item in live._items.values() if "Kitchen" in item.told.text]
    assert items
    store.record_writer.publish([Report(ids[0], Progress(6, 9), Curves(evaluations=measured[:0]))])
    for item in items:
        item.renew(watch.read(item.runs))
        assert item.told.at == item.at(watch.read(item.runs))
        assert "Kitchen" in item.told.text


def test_the_line_of_the_data_is_that_of_the_inspected_run(open_page: Open, built_in: None, store: Store) -> None:
    """Beside circles and crosses it spoke of handwritten digits."""
    app = open_page("inspect")
    owner = app.session_state["student"]
    random = np.random.default_rng(0)
    made = {name: list(random.integers(0, 256, (10, 28, 28), np.uint8)) for name in ("circle", "cross")}
    images = store.own_images.create(owner, "Signs", list(made), own_images.pack(made))
    changes = {"train_size": 12, "validation_size": 4, "batch_size": 4, "hidden_layers": ()}
    run_with_weights(store, owner, answer=1, dataset=images.name, classes=2, **changes)
    app.run()
    assert "Data: **Signs**" in texts(app)
    others = store.own_images.create("b" * 32, "Kitchen", list(made), own_images.pack(made))
    theirs = run_with_weights(store, "b" * 32, answer=1, dataset=others.name, classes=2, **changes)
    app.query_params["run"] = theirs
    assert "Data: **my images**, not MNIST" in texts(app.run())
    assert not app.exception
