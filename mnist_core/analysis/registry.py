"""The kinds of analyses: each with its parameters, its result, and the module that computes it.

A new kind is a name in `records.AnalysisKind`, a folder with `schema.py` and `compute.py`, and a line here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mnist_core.analysis.activation_maximization import schema as activation_maximization
from mnist_core.analysis.answers import schema as answers
from mnist_core.analysis.attribution import schema as attribution
from mnist_core.analysis.augmentation import schema as augmentation
from mnist_core.analysis.batch_times import schema as batch_times
from mnist_core.analysis.landscape import schema as landscape
from mnist_core.analysis.robustness import schema as robustness
from mnist_core.analysis.schema import OTHER_VERSION, Parameters, Result
from mnist_core.analysis.scratch_comparison import schema as scratch_comparison
from mnist_core.analysis.snapshot_answers import schema as snapshot_answers
from mnist_core.errors import AnalysisError
from mnist_core.messages import N_
from mnist_core.records import Analysis, AnalysisKind


@dataclass(frozen=True)
class Kind:
    """What belongs to a kind of analysis. `measures_time`: nothing else may compute in between."""

    parameters: type[Parameters]
    result: type[Result]
    measures_time: bool = False

    @property
    def compute(self) -> Callable[..., Result]:
        """`compute(context, parameters, progress)`; imports torch."""
        folder = self.parameters.kind.replace("-", "_")
        compute: Callable[..., Result] = importlib.import_module(f"mnist_core.analysis.{folder}.compute").compute
        return compute


KINDS: Mapping[AnalysisKind, Kind] = {
    "landscape": Kind(landscape.Parameters, landscape.Result),
    "answers": Kind(answers.Parameters, answers.Result),
    "attribution": Kind(attribution.Parameters, attribution.Result),
    "snapshot-answers": Kind(snapshot_answers.Parameters, snapshot_answers.Result),
    "robustness": Kind(robustness.Parameters, robustness.Result),
    "activation-maximization": Kind(activation_maximization.Parameters, activation_maximization.Result),
    "scratch-comparison": Kind(scratch_comparison.Parameters, scratch_comparison.Result, measures_time=True),
    "batch-times": Kind(batch_times.Parameters, batch_times.Result, measures_time=True),
    "augmentation": Kind(augmentation.Parameters, augmentation.Result),
}


def kind_of(analysis: Analysis) -> Kind:
    """The kind of an analysis. Raises AnalysisError where there is none of this name."""
    if analysis.kind not in KINDS:
        raise AnalysisError(
            N_("This version of the program knows no computation {kind}. Start one from a page."), kind=analysis.kind
        )
    return KINDS[analysis.kind]


def parameters_of(analysis: Analysis) -> Parameters:
    """What an analysis is asked with. Raises AnalysisError."""
    return kind_of(analysis).parameters.from_json(analysis.parameters)


def result_of(analysis: Analysis) -> Any:
    """The `Result` of an analysis that has finished. Raises AnalysisError where another version computed it."""
    if analysis.state != "finished":
        raise AnalysisError(OTHER_VERSION)
    return kind_of(analysis).result.from_stored(analysis.values, analysis.arrays)


def readable(analysis: Analysis) -> bool:
    """Whether what an analysis gave, if it has finished, is of this version; its arrays need not be there."""
    return analysis.state != "finished" or kind_of(analysis).result.reads(analysis.values)


def is_current(analysis: Analysis, reached: int | list[int | None] | None) -> bool:
    """Whether an analysis that has finished is of the last weights of its run (or runs), which are of these steps."""
    return bool(analysis.values.get("reached") == reached)
