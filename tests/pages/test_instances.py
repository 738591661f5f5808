"""Every idea, and every panel that shows runs, stands twice on one page: no key is taken twice, and neither hears of the other."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mnist_core.compare_page import charts_panel
from mnist_core.config import RunConfig
from mnist_core.errors import InitialValueError
from mnist_core.ideas import registry
from mnist_core.ideas.names import PAGES
from mnist_core.ideas.registry import IDEAS, Idea
from mnist_core.inspect_page import activations_panel, draw_panel, mistakes_panel, robustness_panel, snapshots_panel
from mnist_core.panels import group_panel, run_panel
from mnist_core.records import LAYER_DTYPE, Curves, Progress, Report
from mnist_core.store import Store
from mnist_core.sweep_page import range_test_panel, sweep_panel
from mnist_core.ui import session
from mnist_core.ui.panel import Panel
from tests.every_file import for_every_file
from tests.pages.conftest import Open
from tests.pages.content import components, texts
from tests.pages.inspected_runs import run_with_weights, with_answers
from tests.pages.test_learning_rate import ended

ROOT = Path(__file__).parents[2]
OWNER = "0123456789abcdef" * 2
PLACES = ("a", "b")
MEASURED = "gradient_check_chart_time"  # what it shows is measured anew at each drawing
Draw = Callable[[Panel], None]
Stand = Callable[..., AppTest]


@pytest.fixture
def stand(open_page: Open, built_in: None, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Opens a page of ideas on which a panel stands in both places, and nothing else."""
    monkeypatch.setattr(session, "name_in", lambda _headers: OWNER)

    def stand_together(draw: Draw, panels: Sequence[Panel], **query: str) -> AppTest:
        def all_of_them() -> None:
            for panel in panels:
                draw(panel)

        monkeypatch.setattr(registry, "views", lambda _page: {"here": ("A quadratic bowl", all_of_them)})
        return fine(open_page("why", **query))

    return stand_together


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Sequence[Any]]:
    """Key of each slider with stops → these."""
    options_of: dict[str, Sequence[Any]] = {}
    draw = st.select_slider

    def recorded(label: str, options: Sequence[Any], *rest: Any, key: str, **more: Any) -> Any:
        options_of[key] = options
        return draw(label, options, *rest, key=key, **more)

    monkeypatch.setattr(st, "select_slider", recorded)
    return options_of


def fine(app: AppTest) -> AppTest:
    assert not app.exception
    assert "This part of the page could not be shown" not in texts(app)
    return app


def opened(app: AppTest, *names: str) -> AppTest:
    """The page with these expanders of all places open."""
    for name in names:
        for place in PLACES:
            app.session_state[f"{place}-{name}"] = True
    return fine(app.run())


def of(place: str, app: AppTest) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the controls and the charts of a place show, by their names."""
    kinds = (app.slider, app.select_slider, app.selectbox, app.toggle, app.button_group, app.number_input)
    values = {element.key: element.value for kind in kinds for element in kind} | {
        element.key: element.label for element in app.button
    }
    pictures = {data["key"]: data.get("version") for data in components(app) if "key" in data}

    def of_place(contents: Mapping[Any, Any]) -> dict[str, Any]:
        return {str(key)[2:]: value for key, value in contents.items() if str(key).startswith(f"{place}-")}

    return of_place(values), {key: value for key, value in of_place(pictures).items() if key != MEASURED}


def move(app: AppTest, place: str, stops: Mapping[str, Sequence[Any]]) -> bool:
    """Put each slider of the place somewhere else; whether there is any."""
    moved = False
    for slider in [*app.slider, *app.select_slider]:
        if str(slider.key).startswith(f"{place}-"):
            pair = isinstance(slider.value, tuple)
            ends = stops[str(slider.key)] if slider.key in stops else (slider.min, slider.max)
            slider.set_value(ends if pair else ends[-1] if slider.value != ends[-1] else ends[0])
            moved = True
    return moved


def flip(app: AppTest, place: str) -> None:
    """Turn each toggle of the place."""
    for toggle in app.toggle:
        if str(toggle.key).startswith(f"{place}-"):
            toggle.set_value(not toggle.value)


def with_layers(store: Store, run_id: str) -> str:
    """The run with something measured inside it."""
    layers = np.zeros(2, LAYER_DTYPE)
    layers["layer"] = [0, 1]
    store.record_writer.publish([Report(run_id, Progress(40, 100), Curves(layers=layers))])
    return run_id


@pytest.mark.parametrize("idea", IDEAS.values(), ids=IDEAS)
def test_an_idea_stands_twice_and_each_keeps_its_own(
    idea: Idea, stand: Stand, store: Store, stops: Mapping[str, Sequence[Any]]
) -> None:
    with_layers(store, run_with_weights(store, OWNER, answer=3))
    app = stand(idea.draw, [idea.panel(place) for place in PLACES])
    before = of("b", app)
    assert of("a", app) == before
    assert any(before)
    moved = move(app, "a", stops)
    opened(app, f"{idea.name}_code")
    assert len(app.code) in (0, 2)
    assert of("b", app) == before
    if moved:
        assert of("a", app)[0] != before[0]
        assert of("a", app)[1] != before[1] or not before[1]


@pytest.mark.parametrize("idea", IDEAS.values(), ids=IDEAS)
def test_the_address_brings_back_what_was_set_in_an_idea(
    idea: Idea, stand: Stand, store: Store, stops: Mapping[str, Sequence[Any]]
) -> None:
    with_layers(store, run_with_weights(store, OWNER, answer=3))
    panels = [idea.panel(place) for place in PLACES]
    app = stand(idea.draw, panels)
    plain = dict(app.query_params)
    flip(app, "a")
    moved = move(app, "a", stops)
    fine(app.run())
    assert moved == (dict(app.query_params) != plain)
    again = stand(idea.draw, panels, **dict(app.query_params))
    assert of("a", again) == of("a", app)
    assert of("b", again) == of("b", app)


def test_groups_of_runs_that_two_places_started(stand: Stand, store: Store) -> None:
    idea = IDEAS["optimizer_race"]
    panels = [idea.panel(place) for place in PLACES]
    app = stand(idea.draw, panels)
    for panel in panels:
        fine(app.button(key=panel.key("start")).click().run())
    groups = {run.group for run in store.queue.next(50)}
    assert {app.query_params["a-race"], app.query_params["b-race"]} == groups
    again = stand(idea.draw, panels, **{"b-race": app.query_params["b-race"]})
    assert [button.key for button in again.button if "stop_all" in str(button.key)] == ["b-optimizer_race_stop_all"]
    assert "a-race" not in again.query_params


def test_play_in_one_place_moves_that_one_alone(stand: Stand) -> None:
    idea = IDEAS["bowl"]
    app = stand(idea.draw, [idea.panel("a"), idea.panel("b", {"steps": 20})])
    fine(app.button(key="a-bowl_play").click().run())
    assert [app.button(key=f"{place}-bowl_play").label for place in PLACES] == ["Pause", "Play"]
    assert (app.slider(key="a-bowl_steps").value < 5, app.slider(key="b-bowl_steps").value) == (True, 20)


def test_first_values_are_shown_and_what_cannot_be_is_a_sentence(stand: Stand) -> None:
    idea = IDEAS["local_minima"]
    app = stand(idea.draw, [idea.panel("a", {"start": -1, "rate": 0.5}), idea.panel("b")])
    assert [slider.value for slider in app.slider] == [-1.0, 0.5, 30, 2.0, 0.1, 30]
    wrong = stand(idea.draw, [idea.panel("a", {"rate": 7})])
    assert "“rate” cannot begin with 7: expected a number from 0.01 to 1.0." in texts(wrong)


TOLD: Mapping[str, Mapping[str, Any]] = {
    "convolution": {"row": 3, "column": 4, "kernel": "blur"},
    "updates_per_epoch": {"train_size": 1_000, "batch_size": 10, "epochs": 2},
    "backpropagation": {"stage": 4, "target": 1},
    "bowl": {"start": -1.5, "weights": 2},
    "projection": {"digits": [4, 9]},
}


def test_controls_that_keep_their_own_state_begin_as_they_are_told(stand: Stand) -> None:
    def draw(panel: Panel) -> None:
        IDEAS[panel.name].draw(panel)

    app = stand(draw, [IDEAS[name].panel("a", initial) for name, initial in TOLD.items()])
    values = of("a", app)[0]
    assert (values["convolution_at_0"], values["convolution_at_1"], values["convolution_kernel"]) == (3, 4, "blur")
    assert [values[f"updates_per_epoch_{name}"] for name in TOLD["updates_per_epoch"]] == [1_000, 10, 2]
    assert (values["backpropagation_stage"], values["backpropagation_target"]) == (4, 1)
    assert (values["bowl_start"], values["bowl_weights"]) == (-1.5, 2)
    assert values["projection_digits"] == [4, 9]


# ---- the panels that show runs ---------------------------------------------------------------------------------------


def finished(store: Store, number: int = 2) -> list[str]:
    """Runs that are over, with weights and answers."""
    ids = [run_with_weights(store, OWNER, answer=3, seed=seed) for seed in range(number)]
    for run_id in ids:
        store.record_writer.finish(run_id, "completed", {})
        with_answers(store, OWNER, run_id, np.eye(10, dtype=np.float32)[np.arange(10_000) % 10])
    return ids


def inspected(panel: Any, store: Store) -> Draw:
    runs = [store.runs.get(run_id) for run_id in finished(store)]
    return lambda where: panel.draw(where, runs[0], runs)


def shows(draw: Callable[[Panel, Any], None], subject: Any) -> Draw:
    return lambda where: draw(where, subject)


def group(store: Store) -> str:
    store.runs.create_group(OWNER, [RunConfig(seed=seed) for seed in range(2)], "abcdef0123", variants=("0", "1"))
    return "abcdef0123"


SHOWN: dict[str, Callable[[Store], Draw]] = {
    "a run that is over": lambda store: shows(run_panel.draw, finished(store, 1)[0]),
    "a run that waits": lambda store: shows(run_panel.draw, store.runs.create(OWNER, RunConfig())),
    "a group": lambda store: shows(group_panel.draw, group(store)),
    "a sweep": lambda store: shows(sweep_panel.draw, store.runs.get(ended(store, owner=OWNER)[0]).group),
    "range tests": lambda _store: range_test_panel.draw,
    "compared runs": lambda store: shows(charts_panel.draw, finished(store)),
    **{
        panel.__name__.rpartition(".")[2]: partial(inspected, panel)
        for panel in (draw_panel, mistakes_panel, activations_panel, snapshots_panel, robustness_panel)
    },
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_panel_of_runs_stands_twice(name: str, stand: Stand, store: Store) -> None:
    app = stand(SHOWN[name](store), [Panel("", place) for place in PLACES])
    first, second = of("a", app), of("b", app)
    assert first == second
    assert any(first)


def test_all_charts_of_a_run_stand_twice(stand: Stand, store: Store) -> None:
    run_id = with_layers(store, run_with_weights(store, OWNER, answer=3))
    app = opened(stand(shows(run_panel.draw, run_id), [Panel("", place) for place in PLACES]), "more", "inside")
    assert of("a", app) == of("b", app)
    assert {"chart_gradient", "chart_layers_gradient"} <= of("a", app)[1].keys()


@pytest.mark.parametrize("name", SHOWN)
def test_the_address_brings_back_how_runs_are_shown(
    name: str, stand: Stand, store: Store, stops: Mapping[str, Sequence[Any]]
) -> None:
    draw = SHOWN[name](store)
    app = stand(draw, [Panel("", "a")])
    flip(app, "a")
    move(app, "a", stops)
    fine(app.run())
    again = stand(draw, [Panel("", "a")], **dict(app.query_params))
    assert of("a", again) == of("a", app)


def test_what_the_address_cannot_mean_changes_nothing(stand: Stand) -> None:
    idea = IDEAS["bowl"]
    wrong = {
        "bowl_rate": "7e9",
        "bowl_steps": "2.5",
        "bowl_momentum": "nan",
        "bowl_weights": "<b>",
        "bowl_start": "1,2",
    }
    app = stand(idea.draw, [idea.panel("a")], **{f"a-{name}": value for name, value in wrong.items()})
    assert of("a", app) == of("a", stand(idea.draw, [idea.panel("a")]))
    assert not [name for name in app.query_params if "bowl_" in name]


# ---- the registry, and keys in the source ----------------------------------------------------------------------------


def test_every_idea_is_registered_and_drawn_by_one_function() -> None:
    folders = {
        str(file.parent.relative_to(ROOT / "mnist_core/ideas").as_posix())
        for file in (ROOT / "mnist_core/ideas").glob("*/*/panel.py")
    }
    assert {idea.folder for idea in IDEAS.values()} == folders
    for idea in IDEAS.values():
        module = import_module(f"mnist_core.ideas.{idea.folder.replace('/', '.')}.panel")
        first, *rest = inspect.signature(module.draw).parameters.values()
        assert first.annotation == "Panel", idea
        assert all(parameter.default is not parameter.empty for parameter in rest), idea
    for page in PAGES.values():
        words = [idea.view for idea in registry.of_page(page)]
        assert words, page
        assert len(set(words)) == len(words), page


CONTROLS = ("slider", "select_slider", "selectbox", "toggle", "number_input", "one_of", "pills", "several_of")
CHOICES_OF_RUNS = {"run", "runs", "rank_run"}  # nobody but the student has their ids


@pytest.mark.parametrize("idea", IDEAS.values(), ids=IDEAS)
def test_the_registry_knows_the_controls_of_an_idea(idea: Idea) -> None:
    code = "".join(file.read_text() for file in sorted((ROOT / "mnist_core/ideas" / idea.folder).glob("*panel.py")))
    nodes = list(ast.walk(ast.parse(code)))
    names = [
        node.args[0]
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) in [f"panel.{name}" for name in CONTROLS]
    ]
    plain = {node.value for node in names if isinstance(node, ast.Constant)} - CHOICES_OF_RUNS
    numbered = {ast.unparse(node).split("{")[0].lstrip("f'") for node in names if isinstance(node, ast.JoinedStr)}
    words = {node.value for node in nodes if isinstance(node, ast.Constant)}
    listed = set(idea.controls.split())
    assert plain <= listed
    assert all(name in words or name.startswith(tuple(numbered)) for name in listed)


def test_a_control_that_an_idea_has_not_is_a_sentence() -> None:
    with pytest.raises(
        InitialValueError, match="“bowl” has no control “raet”: expected one of weights, curvature, rate,"
    ):
        IDEAS["bowl"].panel("a", {"raet": 1})


def around_the_panel(code: str) -> list[str]:
    """Keys and entries of the session or the address that are not asked of a panel."""
    places = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and node.attr in ("session_state", "query_params"):
            places.append(f"line {node.lineno}: st.{node.attr}")
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg == "key" and isinstance(keyword.value, ast.Constant | ast.JoinedStr):
                places.append(f"line {keyword.value.lineno}: key={ast.unparse(keyword.value)}")
    return places


@for_every_file(sorted(ROOT.glob("mnist_core/ideas/**/*.py")))
def test_an_idea_asks_its_panel_for_every_key(file: Path) -> None:
    assert not around_the_panel(file.read_text(encoding="utf-8"))


def test_the_search_for_keys_finds_them() -> None:
    assert around_the_panel('st.button("x", key="x")\nst.slider("x", key=f"x_{n}")') == [
        "line 1: key='x'",
        "line 2: key=f'x_{n}'",
    ]
    assert around_the_panel('st.session_state["x"] = st.query_params.get("x")') == [
        "line 1: st.session_state",
        "line 1: st.query_params",
    ]
    assert not around_the_panel('st.button("x", key=panel.key("x"))\npanel.session["x"] = sorted(x, key=len)')
