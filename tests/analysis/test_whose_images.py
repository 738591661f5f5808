"""Images of somebody's own come to nobody else through an analysis, whatever its kind."""

from __future__ import annotations

from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from mnist_core.analysis import registry
from mnist_core.config import RunConfig
from mnist_core.data import datasets, own_images
from mnist_core.errors import LimitError
from mnist_core.image_sets import DatasetName
from mnist_core.jobs import analysis_job
from mnist_core.networks import forward, weights
from mnist_core.records import AnalysisKind, Curves, OwnImages, Progress
from mnist_core.store import Store
from mnist_core.store.limits import WITHOUT_IMAGES
from tests.analysis.test_schema import EXAMPLES

ANN, EVE = "ann", "eve"


@pytest.fixture
def kept(store: Store) -> OwnImages:
    """Images of Ann's."""
    random = np.random.default_rng(0)
    made = {name: list(random.integers(0, 256, (10, 28, 28), np.uint8)) for name in ("cup", "spoon")}
    return store.own_images.create(ANN, "Kitchen", list(made), own_images.pack(made))


def run_of(store: Store, owner: str, images: OwnImages) -> str:
    """A run on these images with its weights, as it is after it was trained, or imported."""
    run_id = f"of-{owner}"
    config = RunConfig(dataset=images.name, classes=2, train_size=12, validation_size=4, batch_size=4, hidden_layers=())
    arrays = {name: np.full(shape, 0.01, np.float32) for name, shape in forward.shapes(config).items()}
    weights.keep(run_id, weights.Snapshot(3, arrays))
    progress = Progress(3, config.total_steps)
    return store.runs.add_finished(owner, config, Curves(), "completed", {}, progress, run_id=run_id, checkpoint_step=3)


def asked(name: AnalysisKind, run_id: str, images: OwnImages) -> dict[str, Any]:
    """What the kind may be asked with about that run and these images."""
    theirs = {"run": run_id, "runs": [run_id], "dataset": images.name}
    return {key: theirs.get(key, value) for key, value in EXAMPLES[name][0].items()}


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - WITHOUT_IMAGES))
def test_only_who_may_use_the_images_has_something_computed_with_them(
    store: Store, kept: OwnImages, name: AnalysisKind
) -> None:
    opened, secret = store.classes.open("7b", ANN)
    store.classes.join(opened.code, EVE, "Eve")
    for owner in (ANN, EVE):  # Eve has looked at Ann's run, or has imported one that names her images
        run_id = run_of(store, owner, kept)
        with pytest.raises(LimitError, match="belong to someone else"):
            store.analyses.create(EVE, name, asked(name, run_id, kept))
        assert store.analyses.newest(EVE, name) == []
        assert store.analyses.create(ANN, name, asked(name, run_id, kept))
    store.own_images.share(kept.id, ANN, opened.id, secret)
    assert store.analyses.create(EVE, name, asked(name, run_id, kept))


@pytest.mark.parametrize("name", sorted(WITHOUT_IMAGES))
def test_what_needs_no_images_is_computed_without_them(
    store: Store, kept: OwnImages, name: AnalysisKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(datasets, "_own_source", loaded.append)
    analysis_id = store.analyses.create(EVE, name, asked(name, run_of(store, ANN, kept), kept))
    analysis_job.execute(analysis_id, store.url, 1)
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    assert (analysis.state, loaded) == ("finished", []), analysis.message


@pytest.mark.parametrize("name", registry.KINDS)
def test_every_kind_calls_runs_and_data_sets_as_the_store_knows_them(name: AnalysisKind) -> None:
    hints = get_type_hints(registry.KINDS[name].parameters)
    texts = {str, DatasetName}
    naming = {
        field
        for field, hint in hints.items()
        if hint in texts or (get_origin(hint) is tuple and texts & set(get_args(hint)))
    }
    assert naming <= {"run", "runs", "dataset"}
    assert naming == {"run", "runs", "dataset"} & set(EXAMPLES[name][0])
