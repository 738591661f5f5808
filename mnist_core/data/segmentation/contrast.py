"""Maps of what stands out from its ground, whatever the light.

The ground is found by closings: a dark place in which no square of some pixels has room is filled in with what is around it.
A line of ink is filled in at once, as soon as the square is wider than the line; a shadow, a dark corner or a desk is not, or
little by little as the squares grow. So the greatest step between squares of growing size tells ink from light (J. Serra,
"Image Analysis and Mathematical Morphology", 1982; S. Beucher, "Numerical residues", 2007). Logarithms make equal
reflectance equal steps in light and in shadow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from mnist_core.data.segmentation.morphology import Gray, closing

DARKEST = 16  # of 255, added before the logarithm: noise in black is no contrast
LOGARITHMIC = 255 / np.log1p(255 / DARKEST)  # steps of a map by a factor e in light
LOGARITHMS = (LOGARITHMIC * np.log1p(np.arange(256) / DARKEST)).round().astype(np.uint8)
FAINTEST = 6  # steps: 6 % less light than the ground
WIDTHS = (0.1, 0.3)  # of the picture's shorter side: few lines of a digit are wider, none is
STEP = 1.6  # between levels of contrast


@dataclass(frozen=True, eq=False)
class Side:
    """What stands out as darker (or lighter) than its ground, and is no wider than some window: at half the picture's size.

    `logs`: higher is more light where the ink is dark, less where it is light. `contrast`: below the ground, in the same steps.
    `wide`: with lines that are wider than most digits'.
    """

    logs: Gray
    contrast: Gray
    light: bool
    wide: bool

    def levels(self) -> Iterator[int]:
        """Levels of contrast, from the faintest that is no noise."""
        level = max(float(FAINTEST), 3.0 * float(np.median(self.contrast)))
        most = int(self.contrast.max(initial=0))
        while level < most:
            yield int(level)
            level *= STEP


def sides(logs: Gray) -> list[Side]:
    """What is darker than its ground and what is lighter, first of lines of usual width, then of wide ones, too."""
    return [
        Side(values[::2, ::2], _halved(contrast), light, wide)
        for light, values in ((False, logs), (True, ~logs))
        for wide, contrast in zip((False, True), _residues(values), strict=True)
    ]


def _residues(logs: Gray) -> Iterator[Gray]:
    """For each pixel the most that it rises when the closing's square grows by an octave: up to each width of WIDTHS."""
    rises = np.zeros_like(logs)
    steps = [logs]
    window = 3.0
    for width in WIDTHS:
        while window <= width * min(logs.shape):
            steps = [*steps[-2:], closing(logs, int(window) // 2 * 2 + 1)]
            np.maximum(rises, steps[-1] - steps[0], out=rises)
            window *= 2**0.5
        yield rises.copy()


def _halved(values: Gray) -> Gray:
    """The maximum of each 2×2 pixels."""
    height, width = values.shape
    padded = np.pad(values, ((0, height % 2), (0, width % 2)))
    upper = np.maximum(padded[::2, ::2], padded[::2, 1::2])
    return np.maximum(upper, np.maximum(padded[1::2, ::2], padded[1::2, 1::2]))


def smoothed(gray: Gray) -> Gray:
    """Less of the noise, the more there is: its deviation is that of each pixel from the mean of its neighbors."""
    logs = LOGARITHMS[gray].astype(np.int16)
    apart = np.abs(2 * logs[:, 1:-1] - logs[:, :-2] - logs[:, 2:])
    noise = float(np.median(apart)) / 1.65 if apart.size else 0.0
    reach = 1.0 if noise < 8 else 2.0
    return np.asarray(Image.fromarray(gray).filter(ImageFilter.GaussianBlur(reach)))
