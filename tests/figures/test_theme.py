"""The palette, by computation: told apart with color blindness, and seen on both grounds."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from mnist_core.figures import theme

GROUNDS = {False: "#FFFFFF", True: "#16181D"}
# Machado, Oliveira, Fernandes 2009: full deuteranopia and protanopia, in linear RGB.
BLIND = {
    "none": np.eye(3),
    "deuteranopia": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "protanopia": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
}
PALETTES = {
    "splits": lambda dark: [style.color(dark) for style in theme.SPLIT_STYLES.values()],
    "runs": lambda dark: [theme.run_color(index, dark) for index in range(7)],
}


def lab(color: str, vision: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a hex color as seen through the matrix."""
    rgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    linear = np.clip(vision @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(xyz / np.array([0.9505, 1, 1.089]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(first: str, second: str) -> float:
    """WCAG's ratio of luminances."""
    bright, dim = sorted((((lab(color, np.eye(3))[0] + 16) / 116) ** 3 for color in (first, second)), reverse=True)
    return float((bright + 0.05) / (dim + 0.05))


def test_black_on_white_by_the_book() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21, rel=0.03)


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("kind", BLIND)
@pytest.mark.parametrize("dark", GROUNDS)
def test_colors_are_told_apart_with_color_blindness(palette: str, kind: str, dark: bool) -> None:
    colors = [lab(color, BLIND[kind]) for color in PALETTES[palette](dark)]
    assert min(np.linalg.norm(first - second) for first, second in combinations(colors, 2)) > 18


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("dark", GROUNDS)
def test_lines_stand_out_from_the_ground(palette: str, dark: bool) -> None:
    assert min(contrast(color, GROUNDS[dark]) for color in PALETTES[palette](dark)) >= 3  # WCAG for graphics


@pytest.mark.parametrize("dark", GROUNDS)
def test_text_and_what_broke_can_be_read(dark: bool) -> None:
    assert contrast(theme.ink(dark), GROUNDS[dark]) >= 7
    assert contrast(theme.broken(dark), GROUNDS[dark]) >= 4.5


def test_color_is_never_alone() -> None:
    looks = [(theme.run_color(index, False), theme.run_dash(index)) for index in range(28)]
    assert len(set(looks)) == 28
    for look, next_look in pairwise(looks):
        assert look[0] != next_look[0]
        assert look[1] != next_look[1]


def test_letters_are_large_enough_for_a_projector() -> None:
    assert theme.FONT_SIZE >= 15
    assert theme.NOTE_SIZE >= 14


@pytest.mark.parametrize("kind", BLIND)
@pytest.mark.parametrize("dark", GROUNDS)
def test_the_scale_grows_lighter_evenly_whatever_one_sees(kind: str, dark: bool) -> None:
    lightness = [lab(theme.scale_color(fraction / 20, dark), BLIND[kind])[0] for fraction in range(21)]
    steps = np.diff(lightness)
    assert steps.min() > 0
    assert steps.max() < 3 * steps.mean()


@pytest.mark.parametrize("kind", BLIND)
@pytest.mark.parametrize("dark", GROUNDS)
def test_neighbors_of_eight_on_the_scale_are_told_apart(kind: str, dark: bool) -> None:
    colors = [lab(theme.scale_color(place / 7, dark), BLIND[kind]) for place in range(8)]
    assert min(np.linalg.norm(first - second) for first, second in pairwise(colors)) > (22 if dark else 14)


@pytest.mark.parametrize("dark", GROUNDS)
def test_the_scale_stands_out_from_the_ground(dark: bool) -> None:
    assert min(contrast(theme.scale_color(fraction / 20, dark), GROUNDS[dark]) for fraction in range(21)) >= 3
