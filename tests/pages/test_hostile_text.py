"""What a student types reaches other students' browsers as text: no page sends it as Markdown, as Plotly's tags or as a formula."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message as Proto
from streamlit.testing.v1 import AppTest

from mnist_core.data import own_images
from mnist_core.escape import JOINER
from mnist_core.presets import PRESETS
from mnist_core.records import EVALUATION_DTYPE, LAYER_DTYPE, STEP_DTYPE, Curves, Progress, Report
from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import texts, unescape
from tests.pages.test_inspect import run_with_weights, with_a_drawing

# Each part is one that Streamlit or Plotly would make something of; together they fit into a name.
NAMES = (
    "![x](http://a.bc/p.png) :red[z] :smile: `c` $a$ www.a.bc",
    "<br><i>y</i> <a href='http://a.bc'>l</a> %{who} &lt;",
    "=1+1",
)
IN_MARKDOWN = ("![x]", "](", ":red[", ":smile:", "`c`", "$a$", "www.a.bc", "http://a.bc", "<br><i>", "<a href")
IN_FIGURES = ("<br><i>", "<a href", "%{who}", "$a$")
# What shows text as text: proto and field.
AS_TEXT = {
    ("TextInput", "default"),
    ("TextInput", "value"),
    ("TextArea", "default"),
    ("TextArea", "value"),
    ("Selectbox", "options"),
    ("MultiSelect", "options"),
}
CONFIG = PRESETS["two-layer-net"].config.replace(dataset="built-in")
GROUP = "ab" * 5


def records() -> Curves:
    """A curve of three evaluations whose loss leaves the chart."""
    evaluations, steps, layers = np.zeros(3, EVALUATION_DTYPE), np.zeros(3, STEP_DTYPE), np.zeros(4, LAYER_DTYPE)
    evaluations["step"], steps["step"], steps["steps"] = [0, 10, 20], [1, 10, 20], [1, 9, 10]
    for split in ("train", "validation", "test"):
        evaluations[f"{split}_loss"], evaluations[f"{split}_accuracy"] = [2.3, 0.4, 1e9], [0.1, 0.9, 0.1]
    layers["step"], layers["layer"], layers["activations"][:, 10] = [0, 0, 10, 10], [0, 1, 0, 1], 255
    layers["gradients"][:, 10] = 255
    return Curves(steps, evaluations, layers=layers)


def finished(store: Store, run_id: str) -> str:
    store.queue.claim(run_id, "worker", 1)
    store.record_writer.publish([Report(run_id, Progress(20, 20, 1.0, 2.0), records())])
    store.record_writer.finish(
        run_id, "completed", {"validation_accuracy": 0.5, "train_accuracy": 0.6, "verdict": "unstable"}
    )
    return run_id


@pytest.fixture
def app(open_page: Open, store: Store) -> AppTest:
    """A student with runs of every kind, all with such names."""
    app = open_page()
    owner = app.session_state["student"]
    ids = [finished(store, store.runs.create(owner, CONFIG.replace(learning_rate=rate))) for rate in (0.1, 0.2, 0.5)]
    ids += [run_with_weights(store, owner, answer=answer) for answer in (3, 5)]
    ids += store.runs.create_group(owner, [CONFIG.replace(seed=seed) for seed in (3, 4)], GROUP)
    ids.append(finished(store, store.runs.create(owner, CONFIG.replace(schedule="rising"))))
    for number, run_id in enumerate(ids):
        store.labels.write(run_id, owner, name=NAMES[number % len(NAMES)], note=NAMES[(number + 1) % len(NAMES)])
    app.session_state["ids"] = ids
    return app


def strings(proto: Proto, field: str = "") -> Iterator[tuple[str, str, str]]:
    """(proto, field, text) of every text in a message of Streamlit's to the browser."""
    for descriptor, value in proto.ListFields():
        for part in value if descriptor.is_repeated else [value]:
            if isinstance(part, Proto):
                yield from strings(part)
            elif isinstance(part, str):
                yield proto.DESCRIPTOR.name, descriptor.name, part


def figures(data: Any) -> Iterator[str]:
    """Every text of a figure; what is read to those who do not see it is left out."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key not in ("description", "uid", "legendgroup", "revision", "uirevision"):
                yield from figures(value)
    elif isinstance(data, list):
        for value in data:
            yield from figures(value)
    elif isinstance(data, str):
        yield data


def alive(app: AppTest) -> list[str]:
    """Where the page sends what was typed as something else than text."""
    places = []
    for element in app._tree:
        if getattr(element, "proto", None) is None:
            continue
        for kind, field, text in strings(element.proto):
            if (kind, field) in AS_TEXT:
                continue
            is_figure = (kind, field) == ("BidiComponent", "json")
            parts, signs = (figures(json.loads(text)), IN_FIGURES) if is_figure else ([text], IN_MARKDOWN)
            places += [f"{kind}.{field}: {part}" for part in parts if any(sign in part for sign in signs)]
    return places


def test_the_search_finds_what_is_alive(app: AppTest, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own test: with nothing made harmless, it says so of Markdown, of charts and of tables."""
    from mnist_core import escape

    for name in ("markdown", "plotly", "cell"):
        monkeypatch.setattr(escape, name, escape.plain)
    show(app, "compare")
    assert any("BidiComponent.json" in place for place in alive(app))
    assert any(name.startswith("=1+1") for name in app.dataframe[0].value["Run"])
    show(app, "train", run=0)
    assert any("Markdown.body" in place for place in alive(app))


def show(app: AppTest, page: str, **query: Any) -> None:
    """Open the page with these parameters of the address; a number is that of a run."""
    app.query_params.clear()
    for name, value in query.items():
        app.query_params[name] = app.session_state["ids"][value] if isinstance(value, int) else value
    if page == "compare":
        app.query_params["runs"] = ",".join(app.session_state["ids"])
    app.switch_page(f"pages/{page}.py").run()


@pytest.mark.parametrize(
    ("page", "query", "state"),
    [
        ("home", {}, {}),
        ("train", {"run": 0}, {}),
        ("train", {"group": GROUP}, {}),
        ("compare", {}, {"compare_view": "curves", "compare_split": ["train", "validation"]}),
        ("compare", {}, {"compare_view": "groups"}),
        ("compare", {}, {"compare_view": "settings", "filter_columns": ["run", "note"]}),
        ("inspect", {"view": "draw", "run": 3}, {}),
        ("inspect", {"view": "disturb", "run": 3}, {}),
        ("inspect", {"view": "inside", "run": 3}, {}),
        ("learning_rate", {"test": -1}, {"rates_view": "test"}),
        ("learning_rate", {"sweep": GROUP}, {}),
        ("why", {"view": "landscape"}, {}),
        ("why", {"view": "inside"}, {}),
        ("architecture", {"view": "grid", "group": GROUP}, {}),
        ("architecture", {"view": "race", "race": GROUP}, {}),
        ("data", {"view": "samples"}, {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
def test_a_page_sends_names_as_text(app: AppTest, page: str, query: dict[str, Any], state: dict[str, Any]) -> None:
    for key, value in state.items():
        app.session_state[key] = value
    app.session_state["drawn_strokes"] = [{"w": 24, "p": [100, 50, 160, 50, 120, 200]}]
    show(app, page, **query)
    assert not app.exception
    assert not [error.value for error in app.error if "This part of the page could not be shown" in error.value]
    assert alive(app) == []
    for frame in app.dataframe:
        cells = [value for column in frame.value for value in frame.value[column] if isinstance(value, str)]
        assert not [value for value in cells if value.startswith(("=", "+", "-1", "@"))]
    if page == "train" and "run" in query:
        assert NAMES[0] in texts(app)


def test_other_students_see_it_as_text(app: AppTest, open_page: Open) -> None:
    ids = app.session_state["ids"]
    other = open_page("train", run=ids[0])
    assert NAMES[0] in texts(other)
    assert alive(other) == []
    assert alive(open_page("compare", runs=",".join(ids))) == []
    assert alive(with_a_drawing(open_page("inspect", run=ids[3]))) == []


def test_a_search_and_an_address_are_shown_as_text(app: AppTest, open_page: Open) -> None:
    show(app, "compare")
    app.text_input(key="compare_search").set_value(NAMES[0]).run()
    assert len(app.dataframe[0].value) > 0  # a name is found as it was typed
    assert alive(app) == []
    for page, query in (
        ("train", {"run": NAMES[0]}),
        ("train", {"optimizer": NAMES[0], "learning_rate": NAMES[1], "hidden_layers": NAMES[0]}),
        ("train", {"group": NAMES[0]}),
        ("learning_rate", {"sweep": NAMES[0]}),
        ("learning_rate", {"test": NAMES[1]}),
        ("inspect", {"run": NAMES[1], "view": NAMES[0]}),
    ):
        assert alive(open_page(page, **query)) == []


def test_what_is_typed_where_a_number_belongs_is_shown_as_text(app: AppTest) -> None:
    app.switch_page("pages/train.py").run()
    app.text_input(key="c_exact_rate").set_value(NAMES[0]).run()
    assert "cannot be" in texts(app)
    assert alive(app) == []
    app.switch_page("pages/learning_rate.py").run()
    app.text_input(key="rates_lowest").set_value(NAMES[1]).run()
    assert alive(app) == []


def test_a_filter_finds_a_name_that_would_be_a_formula(app: AppTest) -> None:
    app.session_state["filter_columns"] = ["run"]
    show(app, "compare")
    app.text_input(key="filter_run").set_value("=1+").run()
    (table,) = app.dataframe
    assert {name.partition(" · ")[0] for name in table.value["Run"]} == {JOINER + "=1+1"}


OWN = (
    "**b** ![x](http://a.bc/p.png) :red[z]",
    "**b** ![x](http://a.bc/p.png) :red[z]",  # who keeps the same classes twice gives the same title twice
    "<br><i>y</i> <a href='http://a.bc'>l</a>",
    "=1+1",
)


@pytest.fixture
def with_own_images(open_page: Open, store: Store) -> AppTest:
    """A student with own images of such titles and a run on each set."""
    app = open_page()
    owner = app.session_state["student"]
    random = np.random.default_rng(0)
    made = {name: list(random.integers(0, 256, (5, 28, 28), np.uint8)) for name in ("cup", "spoon")}
    ids = []
    for title in OWN:
        images = store.own_images.create(owner, title, list(made), own_images.pack(made))
        sizes = {"train_size": 6, "validation_size": 2, "batch_size": 6, "classes": 2}
        ids.append(finished(store, store.runs.create(owner, CONFIG.replace(dataset=images.name, **sizes))))
    app.session_state["ids"] = ids
    return app


@pytest.mark.parametrize(
    ("page", "state"),
    [
        ("data", {}),
        ("train", {}),
        ("compare", {"compare_view": "curves"}),
        ("compare", {"compare_view": "groups", "compare_by": "dataset"}),
        (
            "compare",
            {
                "compare_view": "settings",
                "compare_setting": "dataset",
                "compare_result": "validation_accuracy",
                "filter_columns": ["dataset"],
            },
        ),
    ],
)
def test_titles_of_own_images_are_text_and_each_is_another(
    with_own_images: AppTest, built_in: None, page: str, state: dict[str, Any]
) -> None:
    app = with_own_images
    for key, value in state.items():
        app.session_state[key] = value
    show(app, page)
    assert not app.exception
    assert alive(app) == []
    numbered = {*OWN, f"{OWN[0]} (2)"}
    if page == "compare":
        assert {cell.replace(JOINER, "") for cell in app.dataframe[0].value["Data"]} == numbered
        assert not any(cell.startswith("=") for cell in app.dataframe[0].value["Data"])
    else:
        control = app.segmented_control(key="data_set" if page == "data" else "c_dataset")
        assert len(set(control.options)) == len(control.options)
        assert {unescape(option) for option in control.options[-len(OWN) :]} == numbered


def test_the_differences_of_two_runs_name_own_images_as_text(with_own_images: AppTest) -> None:
    app = with_own_images
    app.session_state["ids"] = app.session_state["ids"][:2]
    show(app, "compare")
    assert "**b** ![x](http://a.bc/p.png) :red[z] (2)" in texts(app)
    assert alive(app) == []
