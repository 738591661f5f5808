"""Every page opens for whatever a zip may bring in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.config import RunConfig
from mnist_core.networks.forward import shapes
from mnist_core.networks.weights import Snapshot
from mnist_core.records import EVALUATION_DTYPE, Curves, Event, Outcome
from mnist_core.store import Store
from tests.exchange.odd_runs import odd, zipped
from tests.pages.conftest import Open
from tests.pages.content import texts
from tests.pages.test_export import import_zip

CONFIG = RunConfig(dataset="built-in", hidden_layers=(5,), train_size=1_000, validation_size=0, epochs=1)


def weights(config: RunConfig, value: float) -> dict[Any, Snapshot]:
    tensors = {name: np.full(shape, value, "f4") if shape else np.array(7) for name, shape in shapes(config).items()}
    return {"last": Snapshot(0, tensors)}


def evaluated(*steps: int, loss: float = 2.3) -> Curves:
    rows = np.zeros(len(steps), EVALUATION_DTYPE)
    rows["step"], rows["train_loss"], rows["train_accuracy"] = steps, loss, 0.1
    for name in ("validation_loss", "validation_accuracy"):
        rows[name] = np.nan
    return Curves(evaluations=rows)


ODD: dict[str, tuple[Curves, Outcome]] = {
    "diverged without records": (Curves(), "diverged"),
    "stopped before it began": (Curves(), "stopped"),
    "stopped at step 0": (evaluated(0), "stopped"),
    "diverged at step 1": (
        Curves(evaluated(0).steps, evaluated(0, 1, loss=np.nan).evaluations, (Event(1, "not_finite"),)),
        "diverged",
    ),
    "without validation": (evaluated(0, 10), "completed"),
    "failed": (Curves(), "failed"),
}


def opens(app: AppTest) -> AppTest:
    assert not app.exception
    assert not [error.value for error in app.error if "This part of the page could not be shown" in error.value]
    return app


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of infinite and missing values, which are shown as such
@pytest.mark.parametrize("name", [*ODD, "1", "6"])
def test_every_page_opens(open_page: Open, store: Store, name: str) -> None:
    config, curves, outcome = (CONFIG, *ODD[name]) if name in ODD else odd(int(name))
    config = config.replace(dataset="built-in")
    app = open_page("compare")
    import_zip(app, zipped(config, curves, outcome))
    import_zip(app, zipped(config, curves, outcome, weights=weights(config, np.nan)))
    opens(app)
    with_weights, alone = (run.id for run in store.runs.newest(app.session_state["student"]))
    app.session_state["compare_view"] = "groups"
    opens(app.run())
    for run_id in (with_weights, alone):
        assert "(imported)" in texts(opens(open_page("train", run=run_id)))
    opens(open_page("inspect", run=with_weights))
    app.session_state["why_view"] = "inside"
    opens(app.switch_page("pages/why.py").run())
