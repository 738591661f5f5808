"""The runs and analyses of a home that `make.py` fills: in every state, with all that may hang on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mnist_core import RunConfig
from mnist_core.data import augment
from mnist_core.jobs import run_execution, run_job
from mnist_core.messages import message
from mnist_core.networks import checkpoint_layout
from mnist_core.presets import PRESETS
from mnist_core.records import AnalysisKind, SweepRecord
from mnist_core.store import Store
from mnist_core.store.commands import Command
from mnist_core.training.loop import TrainingLoop
from tests.compatibility import adapter

STUDENT = "0123456789abcdef0123456789abcdef"  # what a browser's cookie says
OTHER = "fedcba9876543210fedcba9876543210"
SMALL = RunConfig(
    dataset="other", train_size=200, validation_size=100, hidden_layers=(3,), batch_size=20, epochs=3, seed=3
)
CNN = SMALL.replace(model="cnn", filters=(4,), kernel_size=5, hidden_layers=(2,), learning_rate=0.05)
PAUSED_AT = 14  # of 30 updates, in the midst of an epoch
# Every optimizer with either kind of step, and every word that a setting may be. Batch normalization only with optimizers that
# do not divide by the size of gradients: that of a bias before it is nothing but rounding.
PAUSED: Mapping[str, RunConfig] = {
    "mlp-sgd": SMALL.replace(
        hidden_layers=(), initialization="zeros", preprocessing="raw", learning_rate=1e-5, weight_decay=0.01
    ),
    "mlp-momentum": SMALL.replace(
        optimizer="momentum", activation="sigmoid", initialization="glorot", schedule="step", dropout=0.25, momentum=0.8
    ),
    "mlp-nesterov": SMALL.replace(
        optimizer="nesterov", activation="tanh", preprocessing="centered", schedule="cosine", sampling="replacement",
        loss="squared-error", learning_rate=0.02,
    ),
    "mlp-adagrad": SMALL.replace(
        optimizer="adagrad", preprocessing="standardized", schedule="warm-up", schedule_epochs=2, learning_rate=0.01
    ),
    "mlp-rmsprop": SMALL.replace(
        optimizer="rmsprop", activation="leaky-relu", schedule="one-cycle", learning_rate=0.01, rho=0.95, label_noise=0.1
    ),
    "mlp-adam": SMALL.replace(
        optimizer="adam", activation="gelu", initialization="normal", init_std=0.05, learning_rate=0.02,
        early_stopping=2, batch_seed=9,
    ),
    "mlp-adamw": SMALL.replace(
        optimizer="adamw", activation="tanh", hidden_layers=(3, 4), learning_rate=0.02, weight_decay=0.1, beta1=0.85,
        beta2=0.99, epsilon=1e-6,
    ),
    "cnn-sgd": CNN.replace(pooling="none", activation="identity"),
    "cnn-momentum": CNN.replace(optimizer="momentum", pooling="average", batch_norm=True, dropout=0.25),
    "cnn-nesterov": CNN.replace(optimizer="nesterov", schedule="rising", learning_rate=0.3),
    "cnn-adagrad": CNN.replace(optimizer="adagrad", learning_rate=0.01),
    "cnn-rmsprop": CNN.replace(optimizer="rmsprop", learning_rate=0.005, dropout=0.25),
    "cnn-adam": CNN.replace(
        optimizer="adam", learning_rate=0.01, dropout=0.25, sampling="replacement", kernel_size=3,
        filters=(4, 4),
    ),
    "cnn-adamw": CNN.replace(optimizer="adamw", learning_rate=0.01, weight_decay=0.1, hidden_layers=(5, 4), activation="gelu",
        filters=(4, 4), kernel_size=3,
    ),
    "norm-nesterov": SMALL.replace(
        optimizer="nesterov", batch_norm=True, dropout=0.25, learning_rate=0.02, sharpness=True, batch_size=30
    ),
    # Records of two updates each, and a record that is half full.
    "open-window": SMALL.replace(hidden_layers=(2,), batch_size=2, epochs=12, optimizer="momentum", learning_rate=0.002),
    "rate-changed": SMALL.replace(optimizer="adam", learning_rate=0.02, stop_when_not_finite=False),
}  # fmt: skip
PAUSED_ELSEWHERE = {"open-window": 701}
CHANGE = (8, 0.005)  # of the rate of "rate-changed": after so many updates, to this


class Crash(BaseException):
    """The worker dies here."""


# ---- runs ------------------------------------------------------------------------------------------------------------


@contextmanager
def reaching(store: Store, owner: str, run_ids: Sequence[str], step: int, command: Command) -> Iterator[None]:
    """Runs that train meanwhile make updates up to `step`, then get this command."""
    real, seconds = TrainingLoop.advance, run_execution.ASK_SECONDS

    def advance(loop: Any, stop: Any, *, seconds: float, steps: int | None = None) -> None:
        real(loop, steps=step - loop.runs[0].step)
        for run_id in run_ids:
            store.commands.send(run_id, owner, command)
        stop()

    TrainingLoop.advance, run_execution.ASK_SECONDS = advance, 0.0  # type: ignore[method-assign, assignment]
    yield
    TrainingLoop.advance, run_execution.ASK_SECONDS = real, seconds  # type: ignore[method-assign]


def pause(store: Store, owner: str, run_ids: Sequence[str], step: int, command: Command = "pause") -> None:
    with reaching(store, owner, run_ids, step, command):
        adapter.execute(store, run_ids)


def crash(store: Store, owner: str, run_id: str, step: int, *, saving: bool) -> None:
    """The worker that has the run dies a few updates on: just after the store heard of a checkpoint, or (not `saving`) of
    records without one."""
    writer = store.record_writer
    real, seconds = writer.publish, run_job.CHECKPOINT_SECONDS

    def publish(reports: Any, *rest: Any) -> Any:
        changed = real(reports, *rest)
        if reports[0].progress.step >= step:
            raise Crash
        return changed

    writer.publish = publish  # type: ignore[method-assign]
    run_job.CHECKPOINT_SECONDS = 0.0 if saving else float("inf")
    run_job.CHECKPOINT_FRACTION = 1.0
    try:
        pause(store, owner, [run_id], step)
    except Crash:
        pass
    finally:
        writer.publish = real  # type: ignore[method-assign]
        run_job.CHECKPOINT_SECONDS = seconds
        TrainingLoop.advance = ADVANCE  # type: ignore[method-assign]


ADVANCE = TrainingLoop.advance


def forget(store: Store, run_ids: Sequence[str]) -> None:
    """As the dispatcher does where weights need too much room."""
    for run_id in run_ids:
        assert store.retention.forget_weights(run_id)
        checkpoint_layout.forget_files(run_id)


def unfinished(store: Store) -> None:
    """Runs that may resume."""
    for run_id, config in PAUSED.items():
        store.runs.create(OTHER, config, run_id=run_id)
        step = PAUSED_ELSEWHERE.get(run_id, PAUSED_AT)
        if run_id == "rate-changed":
            pause(store, OTHER, [run_id], CHANGE[0])
            store.commands.set_learning_rate(run_id, OTHER, CHANGE[1])
            store.commands.send(run_id, OTHER, "resume")
        pause(store, OTHER, [run_id], step)
    for run_id, saving in (("lost", False), ("lost-saving", True)):
        store.runs.create(
            OTHER, SMALL.replace(hidden_layers=(2,), optimizer="momentum", learning_rate=0.05), run_id=run_id
        )
        pause(store, OTHER, [run_id], 6)
        store.commands.send(run_id, OTHER, "resume")
        crash(store, OTHER, run_id, 12, saving=saving)
    store.runs.create(
        OTHER, SMALL.replace(hidden_layers=(2,), optimizer="nesterov", learning_rate=0.05), run_id="failed"
    )
    pause(store, OTHER, ["failed"], PAUSED_AT)
    store.commands.send("failed", OTHER, "resume")
    run = store.queue.claim("failed", "host:1", 1)
    assert run is not None
    why = message("The network needs more memory than there is ({size} MB).", size=700)
    store.record_writer.finish("failed", "failed", {}, why, run.token)
    rates = (0.05, 0.1, 0.2)
    plan = SweepRecord("stacked000", OTHER, 0.0, SMALL.replace(hidden_layers=(2,)), rates, 1, None, None, 0.15, None)
    configs = [SMALL.replace(hidden_layers=(2,), learning_rate=rate) for rate in rates]
    stacked = store.sweeps.create(plan, configs)
    pause(store, OTHER, stacked, PAUSED_AT)
    # One of two that trained as one network goes on without the other.
    remaining, stopped = store.runs.create_group(OTHER, configs[:2], "left000000")
    pause(store, OTHER, [remaining, stopped], 6)
    store.commands.send(stopped, OTHER, "stop")
    store.commands.send(remaining, OTHER, "resume")
    pause(store, OTHER, [remaining], PAUSED_AT)
    forget(store, [stopped])
    for run_id in set(PAUSED) - {"cnn-momentum", "cnn-adam"}:
        checkpoint_layout.forget_snapshots(run_id)  # snapshots take much room
    for run_id in (*stacked, remaining, "lost", "lost-saving", "failed"):
        checkpoint_layout.forget_snapshots(run_id)


def finished(store: Store) -> None:
    """Runs of every outcome, with all that a student may write on them."""

    def train(run_id: str, config: RunConfig, **more: Any) -> None:
        store.runs.create(STUDENT, config, run_id=run_id, **more)
        adapter.execute(store, [run_id])

    small_cnn = CNN.replace(filters=(2, 2), kernel_size=3, hidden_layers=(), epochs=4, learning_rate=0.1)
    train("completed", small_cnn, preset="lenet", prediction="learns")
    train("second", small_cnn.replace(seed=4, optimizer="adam", learning_rate=0.02), prediction="slow")
    train("diverged", SMALL.replace(loss="squared-error", learning_rate=100.0), prediction="breaks")
    train("collapsed", SMALL.replace(learning_rate=2.0, seed=3, epochs=6, hidden_layers=(4, 4)))
    train("early", SMALL.replace(early_stopping=2, epochs=60, optimizer="adam", learning_rate=0.05))
    store.runs.create(STUDENT, SMALL, run_id="stopped")
    pause(store, STUDENT, ["stopped"], 17, "stop")
    store.runs.create(STUDENT, SMALL, run_id="stopped-queued")
    store.commands.send("stopped-queued", STUDENT, "stop")
    train("away", SMALL)
    store.runs.create(STUDENT, SMALL, run_id="changed", preset="overfit-and-stop", variant="early stopping")
    for step, rate in ((7, 0.3), (15, 0.03)):
        pause(store, STUDENT, ["changed"], step)
        store.commands.set_learning_rate("changed", STUDENT, rate)
        store.commands.send("changed", STUDENT, "resume")
    adapter.execute(store, ["changed"])
    store.runs.create(STUDENT, SMALL, run_id="failed-student")
    store.queue.claim("failed-student", "host:1", 1)
    store.record_writer.finish(
        "failed-student", "failed", {}, message("It ended with {what}.", what=message("nothing"))
    )
    outcomes = {"diverged": "diverged", "collapsed": "collapsed", "early": "completed", "stopped": "stopped"}
    for run_id, outcome in outcomes.items():
        assert store.runs.get(run_id).outcome == outcome, (run_id, store.runs.get(run_id).outcome)
    store.labels.write("completed", STUDENT, name="première *run*, 한국어", note="two\nlines", star=True, color=3)
    store.labels.write("second", STUDENT, name="<b>second</b>", color=0)
    store.retention.soft_delete(["away"], STUDENT)
    store.runs.create(STUDENT, SMALL.replace(seed=5), run_id="queued", preset="optimizer-race", variant="Adam")
    store.runs.create(STUDENT, SMALL, run_id="step-asked")
    store.commands.send("step-asked", STUDENT, "step")
    store.runs.create(STUDENT, SMALL, run_id="reset")
    pause(store, STUDENT, ["reset"], 5)
    store.commands.send("reset", STUDENT, "reset")
    checkpoint_layout.forget_files("reset")
    swept(store)
    forget(store, ["diverged", "collapsed", "early", "stopped", "away", "changed"])
    checkpoint_layout.forget_snapshots("second")


def swept(store: Store) -> None:
    """Runs of one click: a finished sweep with its prediction, the variants of an experiment."""
    rates = (0.01, 0.1, 1.0)
    plan = SweepRecord("5eed5eed50", STUDENT, 0.0, SMALL, rates, 2, "lenet", None, 0.7, None)
    configs = [SMALL.replace(learning_rate=rate, seed=seed, batch_seed=1) for rate in rates for seed in (3, 4)]
    ids = store.sweeps.create(plan, configs)
    adapter.execute(store, ids)
    store.sweeps.settle("5eed5eed50", 1.4)
    forget(store, ids)
    chosen = PRESETS["optimizer-race"]
    changes = [SMALL.replace(**chosen.variants[name]) for name in ("SGD", "Adam")]
    ids = store.runs.create_group(STUDENT, changes, "9409409409", preset="optimizer-race", variants=("SGD", "Adam"))
    for run_id in ids:
        adapter.execute(store, [run_id])
    forget(store, ids)


def analyses(store: Store) -> None:
    """An analysis of each kind with its result, and one in each other state."""
    augment.DRAWS = 1  # one changed image of each is enough
    image = [0] * 300 + [255] * 60 + [0] * 424
    # By the ends of their ids, which the tests know.
    requests: dict[str, tuple[AnalysisKind, dict[str, Any]]] = {
        "landscape": ("landscape", {"run": "completed", "plane": "path"}),
        "answers": ("answers", {"run": "completed", "split": "validation"}),
        "attention": ("attribution", {"run": "completed", "image": image}),
        "course": ("snapshot-answers", {"run": "completed"}),
        "disturbed": ("robustness", {"runs": ["completed", "second"], "perturbation": "noise"}),
        "exciting": ("activation-maximization", {"run": "completed", "layer": 1}),
        "scratch": ("scratch-comparison", {"dataset": "other", "learning_rate": 0.5, "iterations": 100}),
        "batch-times": (
            "batch-times",
            {"dataset": "other", "hidden_layers": [4], "train_size": 200, "batch_sizes": [10, 100]},
        ),
        "augmented": ("augmentation", {"dataset": "other", "seed": 1}),
    }
    for name, (kind, parameters) in requests.items():
        store.analyses.create(STUDENT, kind, parameters, analysis_id=f"done-{name}"[:16])
        analysis = adapter.compute(store, f"done-{name}"[:16])
        assert analysis.state == "finished", analysis.message
    store.analyses.create(STUDENT, *requests["answers"], analysis_id="waits")
    store.analyses.create(OTHER, *requests["course"], analysis_id="runs")
    assert store.analyses.claim("runs")
    store.analyses.create(STUDENT, "landscape", {"run": "queued", "plane": "random"}, analysis_id="broken")
    assert adapter.compute(store, "broken").state == "failed"
