"""Links as students keep them: of every page, with all that its address may say set to something else than the default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnist_core.config import RunConfig
from mnist_core.jobs import keeper
from mnist_core.presets import PRESETS
from tests.compatibility import adapter

APP = Path(__file__).parents[2] / "app.py"
# Every setting other than in any experiment; in two, since some belong to a CNN, others exclude each other.
ODD = RunConfig(
    dataset="other", train_size=20_000, validation_size=5_000, preprocessing="standardized", label_noise=0.1, model="mlp",
    hidden_layers=(64, 32), activation="leaky-relu", initialization="normal", init_std=0.02, dropout=0.2, batch_norm=True,
    loss="squared-error", optimizer="nesterov", learning_rate=0.05, momentum=0.8, rho=0.95, beta1=0.8, beta2=0.99,
    epsilon=1e-6, weight_decay=0.001, schedule="step", schedule_epochs=3, schedule_factor=0.5, batch_size=50,
    sampling="replacement", epochs=7, early_stopping=3, stop_when_not_finite=False, sharpness=True, seed=4, batch_seed=5,
)  # fmt: skip
ODD_CNN = RunConfig(
    dataset="other", model="cnn", filters=(8, 4), kernel_size=3, pooling="average", preprocessing="centered",
    initialization="glorot", activation="gelu", optimizer="adamw", schedule="warm-up",
)  # fmt: skip
VIEWS = {
    "architecture": ("layers", "grid", "equal", "convolution", "valley", "race"),
    "batch_size": ("updates", "noise", "paths", "seconds", "race"),
    "data": ("samples", "classes", "numbers", "scales", "heaps", "augmentation", "projection"),
    "loss_and_gradients": ("perceptron", "classes", "binary", "valleys", "backprop", "check", "scratch"),
    "why": ("bowl", "sharpness", "landscape", "inside"),
    "inspect": ("draw", "mistakes", "inside", "course", "disturb"),
}
# Page, what its address says before the button is pressed, the button's key.
STARTED = (
    ("architecture", {"view": "grid"}, "depth_and_width_start"),
    ("architecture", {"view": "equal"}, "mlp_or_cnn_start"),
    ("architecture", {"view": "race"}, "optimizer_race_start"),
    ("batch_size", {"view": "race"}, "batch_race_start"),
    ("train", {"preset": "optimizer-race"}, "run_all"),
    ("train", {"preset": "overfit-and-stop", "variant": "early stopping"}, "run"),
    ("learning_rate", {}, "sweep"),
    ("learning_rate", {"view": "test"}, "range_test"),
)


def _link(page: str, query: Mapping[str, str], app: Any) -> dict[str, Any]:
    """A link with its whole query, also where the page's address says less, and what the page shows."""
    return {"page": page, "query": {**query, **adapter.address(app)}, **adapter.visible(app)}


def links(student: str) -> list[dict[str, Any]]:
    """Links, each with what a page shows that is opened by it."""
    keeper.keep_cluster = lambda: None  # type: ignore[assignment]
    everywhere = {"lang": "ko", "large": "1"}
    links: list[tuple[str, dict[str, str]]] = [
        ("home", everywhere),
        ("train", {**ODD.to_query(), "dataset": "other", "model": "mlp", "run": "completed", **everywhere}),
        ("train", ODD_CNN.to_query()),
        ("train", {**ODD.to_query(PRESETS["lenet"].config), "preset": "lenet", "group": "9409409409"}),
        ("learning_rate", {"preset": "edge-of-stability", "variant": "0.1", "epochs": "9", "sweep": "5eed5eed50"}),
        ("compare", {"runs": "completed,changed"}),
    ]
    for page, views in VIEWS.items():
        run = {"run": "completed"} if page == "inspect" else {}
        links += [(page, {"view": view, **run}) for view in views]
    opened = [_link(page, query, adapter.follow(APP, page, query, student)) for page, query in links]
    for page, query, button in STARTED:
        app = adapter.follow(APP, page, query, student)
        app.button(key=button).click().run()
        assert not app.exception, app.exception
        opened.append(_link(page, query, app))
    return opened


def presets() -> dict[str, Any]:
    """The experiments and variants that links, stores and command lines name, with their settings."""
    plain = {
        name: {
            "settings": preset.config.to_dict(),
            "variants": {label: preset.variant(label).to_dict() for label in preset.variants},
        }
        for name, preset in PRESETS.items()
    }
    return dict(json.loads(json.dumps(plain)))
