"""What each optimizer makes of a gradient: the update rules, one after another, in NumPy.

Each is a function of the gradient g and of what it remembers (`state`, changed in place), and gives the step that is
added to the weights. They are those of `torch.optim`. Sources: momentum Polyak 1964; Nesterov as in Sutskever et al.
2013; Adagrad Duchi et al. 2011; RMSprop Hinton 2012; Adam Kingma & Ba 2015; AdamW Loshchilov & Hutter 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FAR = 1e6  # where a path that runs away is cut off


@dataclass(frozen=True)
class Settings:
    """Numbers of the update rules."""

    rate: float = 0.1  # η, above 0
    momentum: float = 0.9  # β of momentum and nesterov, from 0 to below 1
    rho: float = 0.9  # rmsprop: share of the mean square that is kept
    beta1: float = 0.9  # adam: share of the mean that is kept
    beta2: float = 0.999  # adam: share of the mean square that is kept
    epsilon: float = 1e-7  # keeps the division finite
    decay: float = 0.0  # adamw: share of the weights, times the rate, that each step takes away


@dataclass
class State:
    """What an optimizer remembers from step to step, for each weight."""

    velocity: Floats
    squares: Floats
    steps: int = 0


Rule = Callable[[Floats, Floats, State, Settings], Floats]


def sgd(_x: Floats, g: Floats, _state: State, settings: Settings) -> Floats:
    """Against the gradient."""
    return -settings.rate * g


def momentum(_x: Floats, g: Floats, state: State, settings: Settings) -> Floats:
    """A ball that rolls on: the last steps go on fading."""
    state.velocity = settings.momentum * state.velocity + g
    return -settings.rate * state.velocity


def nesterov(_x: Floats, g: Floats, state: State, settings: Settings) -> Floats:
    """The same, one roll ahead."""
    state.velocity = settings.momentum * state.velocity + g
    return -settings.rate * (g + settings.momentum * state.velocity)


def adagrad(_x: Floats, g: Floats, state: State, settings: Settings) -> Floats:
    """Each weight has a rate of its own, smaller the more it was moved: all squares are added up."""
    state.squares = state.squares + g**2
    return -settings.rate * g / (np.sqrt(state.squares) + settings.epsilon)


def rmsprop(_x: Floats, g: Floats, state: State, settings: Settings) -> Floats:
    """The same, but old squares are forgotten."""
    state.squares = settings.rho * state.squares + (1 - settings.rho) * g**2
    return -settings.rate * g / (np.sqrt(state.squares) + settings.epsilon)


def adam(_x: Floats, g: Floats, state: State, settings: Settings) -> Floats:
    """Momentum and a rate for each weight, both corrected for their start at 0."""
    state.velocity = settings.beta1 * state.velocity + (1 - settings.beta1) * g
    state.squares = settings.beta2 * state.squares + (1 - settings.beta2) * g**2
    mean = state.velocity / (1 - settings.beta1**state.steps)
    square = state.squares / (1 - settings.beta2**state.steps)
    return -settings.rate * mean / (np.sqrt(square) + settings.epsilon)


def adamw(x: Floats, g: Floats, state: State, settings: Settings) -> Floats:
    """Adam, and beside it every weight shrinks a little."""
    return adam(x, g, state, settings) - settings.rate * settings.decay * x


RULES: Mapping[str, Rule] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
}


def descend(
    rule: Rule, gradient: Callable[[Floats], Floats], start: tuple[float, ...], steps: int, settings: Settings
) -> Floats:
    """The weights before the first step and after each, (steps + 1) × weights; it ends early where they run away."""
    x = np.array(start, float)
    state = State(np.zeros_like(x), np.zeros_like(x))
    trajectory = [x]
    for step in range(1, steps + 1):
        state.steps = step
        x = x + rule(x, gradient(x), state, settings)
        trajectory.append(x)
        if not np.abs(x).max() <= FAR:
            break
    return np.array(trajectory)
