"""The recorded curves of the Home page, so that it shows real training before anybody has trained.

`python -m mnist_core bench home-curves` trains with our own engine on real MNIST and writes `recorded.json` beside this
module. `RATES`, `CONFIG` and `EXPERIMENTS` say what it trains; `recording()` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from mnist_core.config import RunConfig
from mnist_core.diagnostics.zones import Zone

FILE = Path(__file__).with_name("recorded.json")
# One network, one seed, the same batches: nothing but the rate differs.
CONFIG = RunConfig(hidden_layers=(100,), batch_size=100, epochs=2)
RATES = (0.001, 0.003, 0.01, 0.1, 0.5, 1.0, 1.5, 3.0)
# The three experiments that the page opens, by the name of their preset, in its order.
EXPERIMENTS = ("keras-first-look", "two-layer-net-rate-1.5", "overfit-and-stop")


@dataclass(frozen=True)
class RateCurve:
    """A run at one rate. `accuracy`: fractions of the mini-batches that were classified correctly, one for each of `Recording.steps`."""

    rate: float
    zone: Zone  # that a sweep over these rates says of it
    final: float  # validation accuracy after the last step, of all 10,000 images
    accuracy: tuple[float, ...]


@dataclass(frozen=True)
class Line:
    """One curve of a small picture. `name`: a split ("train", "validation", "test"), or a rate ("0.5")."""

    name: str
    steps: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Recording:
    """All that the page draws. `curves` ascend by rate; `steps` are the updates made; `experiments` by their presets."""

    about: str
    config: Mapping[str, str]  # what all of `curves` share, where it is not the default (RunConfig.to_query)
    steps: tuple[int, ...]
    curves: tuple[RateCurve, ...]
    experiments: Mapping[str, tuple[Line, ...]]

    def of_zone(self, zone: Zone) -> list[RateCurve]:
        """The curves of this zone, ascending by rate."""
        return [curve for curve in self.curves if curve.zone == zone]

    def write(self, file: Path) -> None:
        """Write it as JSON, a curve a line."""
        parts = asdict(self)
        curves = ",\n".join(f"    {json.dumps(curve)}" for curve in parts.pop("curves"))
        experiments = parts.pop("experiments")
        lines = [f'  "{name}": {json.dumps(value)}' for name, value in parts.items()]
        lines.append(f'  "curves": [\n{curves}\n  ]')
        of_each = (
            f'    "{name}": [\n' + ",\n".join(f"      {json.dumps(line)}" for line in experiment_lines) + "\n    ]"
            for name, experiment_lines in experiments.items()
        )
        lines.append('  "experiments": {\n' + ",\n".join(of_each) + "\n  }")
        file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


@lru_cache(maxsize=1)
def recording(file: Path = FILE) -> Recording:
    """What was recorded, read once a process."""
    parts = json.loads(file.read_text(encoding="utf-8"))
    curves = tuple(RateCurve(**curve | {"accuracy": tuple(curve["accuracy"])}) for curve in parts.pop("curves"))
    experiments = {
        name: tuple(Line(line["name"], tuple(line["steps"]), tuple(line["values"])) for line in lines)
        for name, lines in parts.pop("experiments").items()
    }
    steps = tuple(parts.pop("steps"))
    return Recording(**parts, steps=steps, curves=curves, experiments=experiments)
