"""The formula of each stage of an iteration of training, in LaTeX, with the numbers put in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mnist_core.ideas.loss.backpropagation.concept import Numbers
from mnist_core.ideas.loss.backpropagation.figure import Iteration, Stage, plain
from mnist_core.messages import number_text

INDICES = (0, 1)


def formulas(iteration: Iteration, stage: Stage) -> list[str]:
    """What `stage` computes: symbols, numbers, result, line by line; of an update two columns."""
    lines = list(_LINES[stage](iteration))
    columns = [lines] if stage != "update" else [lines[:6], lines[6:]]
    return [r"\begin{aligned}" + r"\\".join(column) + r"\end{aligned}" for column in columns]


def _n(value: float) -> str:
    """A number as it stands behind another sign."""
    text = plain(value).replace("−", "-")
    return f"({text})" if text.startswith("-") else text


def _r(value: float) -> str:
    """A number as a result."""
    return plain(value).replace("−", "-")


def _sums(iteration: Iteration) -> Iterator[str]:
    return _weighted("z w x b", iteration.net.w, iteration.x, iteration.net.b, iteration.forward.z)


def _weighted(letters: str, weights: Numbers, inputs: Numbers, biases: Numbers, results: Numbers) -> Iterator[str]:
    """The weighted sums of two units; `letters` of results, weights, what is given, biases."""
    result, weight, of, bias = letters.split()
    for j in INDICES:
        yield rf"{result}_{j + 1} &= {weight}_{{{j + 1}1}}\,{of}_1 + {weight}_{{{j + 1}2}}\,{of}_2 + {bias}_{j + 1}"
        products = " + ".join(rf"{_n(weights[j, i])} \cdot {_n(inputs[i])}" for i in INDICES)
        yield rf"&= {products} + {_n(biases[j])} = \mathbf{{{_r(results[j])}}}"


def _hidden(iteration: Iteration) -> Iterator[str]:
    for j in INDICES:
        z, h = iteration.forward.z[j], iteration.forward.h[j]
        if iteration.net.activation == "relu":
            yield rf"h_{j + 1} &= \max(0,\ z_{j + 1}) = \max(0,\ {_r(z)}) = \mathbf{{{_r(h)}}}"
        else:
            yield rf"h_{j + 1} &= \frac{{1}}{{1 + e^{{-z_{j + 1}}}}} = \frac{{1}}{{1 + e^{{{_r(-z)}}}}} = \mathbf{{{_r(h)}}}"


def _scores(iteration: Iteration) -> Iterator[str]:
    return _weighted("s v h c", iteration.net.v, iteration.forward.h, iteration.net.c, iteration.forward.s)


def _shares(iteration: Iteration) -> Iterator[str]:
    s = [_r(value) for value in iteration.forward.s]
    for k in INDICES:
        yield (
            rf"p_{k + 1} &= \frac{{e^{{s_{k + 1}}}}}{{e^{{s_1}} + e^{{s_2}}}} = "
            rf"\frac{{e^{{{s[k]}}}}}{{e^{{{s[0]}}} + e^{{{s[1]}}}}} = \mathbf{{{_r(iteration.forward.p[k])}}}"
        )


def _loss(iteration: Iteration) -> Iterator[str]:
    p, t, loss = iteration.forward.p, iteration.target, _r(iteration.forward.loss)
    if iteration.net.loss == "cross-entropy":
        true = int(t.argmax())
        yield rf"L &= -\ln p_{true + 1} = -\ln {_r(p[true])} = \mathbf{{{loss}}}"
        return
    yield r"L &= (s_1 - t_1)^2 + (s_2 - t_2)^2"
    squares = " + ".join(rf"({_r(p[k])} - {t[k]:g})^2" for k in INDICES)
    yield rf"&= {squares} = \mathbf{{{loss}}}"


def _back_scores(iteration: Iteration) -> Iterator[str]:
    p, t = iteration.forward.p, iteration.target
    for k in INDICES:
        left = rf"\frac{{\partial L}}{{\partial s_{k + 1}}} &= "
        result = rf"\mathbf{{{_r(iteration.backward.s[k])}}}"
        if iteration.net.loss == "cross-entropy":
            yield rf"{left} p_{k + 1} - t_{k + 1} = {_r(p[k])} - {t[k]:g} = {result}"
        else:
            yield rf"{left} 2\,(s_{k + 1} - t_{k + 1}) = 2\,({_r(p[k])} - {t[k]:g}) = {result}"


def _back_v(iteration: Iteration) -> Iterator[str]:
    return _slopes("s v h c", iteration.backward.s, iteration.forward.h, iteration.backward.v)


def _back_hidden(iteration: Iteration) -> Iterator[str]:
    for j in INDICES:
        yield (
            rf"\frac{{\partial L}}{{\partial h_{j + 1}}} &= \frac{{\partial L}}{{\partial s_1}}\,v_{{1{j + 1}}} + "
            rf"\frac{{\partial L}}{{\partial s_2}}\,v_{{2{j + 1}}}"
        )
        products = " + ".join(rf"{_n(iteration.backward.s[k])} \cdot {_n(iteration.net.v[k, j])}" for k in INDICES)
        yield rf"&= {products} = \mathbf{{{_r(iteration.backward.h[j])}}}"


def _back_sums(iteration: Iteration) -> Iterator[str]:
    for j in INDICES:
        h, back = iteration.forward.h[j], iteration.backward.h[j]
        left = rf"\frac{{\partial L}}{{\partial z_{j + 1}}} &= \frac{{\partial L}}{{\partial h_{j + 1}}}"
        result = rf"\mathbf{{{_r(iteration.backward.z[j])}}}"
        if iteration.net.activation == "relu":
            active = iteration.forward.z[j] > 0
            sign = ">" if active else r"\le"
            yield rf"{left} \cdot {1 if active else 0} = {_n(back)} \cdot {1 if active else 0} = {result} \quad (z_{j + 1} {sign} 0)"
        else:
            yield rf"{left}\,h_{j + 1}\,(1 - h_{j + 1})"
            yield rf"&= {_n(back)} \cdot {_r(h)} \cdot (1 - {_r(h)}) = {result}"


def _back_w(iteration: Iteration) -> Iterator[str]:
    return _slopes("z w x b", iteration.backward.z, iteration.x, iteration.backward.w)


def _slopes(letters: str, units: Numbers, inputs: Numbers, weights: Numbers) -> Iterator[str]:
    """The derivatives by the weights and biases of two units, from those by their sums; `letters` as in `_weighted`."""
    unit, weight, of, bias = letters.split()
    for j in INDICES:
        by_unit = rf"\frac{{\partial L}}{{\partial {unit}_{j + 1}}}"
        for i in INDICES:
            yield (
                rf"\frac{{\partial L}}{{\partial {weight}_{{{j + 1}{i + 1}}}}} &= {by_unit}\,{of}_{i + 1}"
                rf" = {_n(units[j])} \cdot {_n(inputs[i])} = \mathbf{{{_r(weights[j, i])}}}"
            )
        yield rf"\frac{{\partial L}}{{\partial {bias}_{j + 1}}} &= {by_unit} = \mathbf{{{_r(units[j])}}}"


def _update(iteration: Iteration) -> Iterator[str]:
    rate = number_text(iteration.rate)
    for letter in "wbvc":
        old, slope, new = (getattr(part, letter) for part in (iteration.net, iteration.backward, iteration.new))
        for place in np.ndindex(old.shape):
            name = "".join(str(number + 1) for number in place)
            yield (
                rf"{letter}_{{{name}}} &\leftarrow {_r(old[place])} - {rate} \cdot {_n(slope[place])} "
                rf"= \mathbf{{{_r(new[place])}}}"
            )


def _again(iteration: Iteration) -> Iterator[str]:
    before, after = iteration.forward.loss, iteration.again.loss
    yield rf"L &: {_r(before)} \rightarrow \mathbf{{{_r(after)}}}, \quad \text{{Δ}} = {_r(after - before)}"
    yield rf"-\eta\,\lVert\nabla L\rVert^2 &= -{iteration.rate:g} \cdot {_r(iteration.backward.squared)} = {_r(-iteration.rate * iteration.backward.squared)}"


_LINES: dict[Stage, Callable[[Iteration], Iterator[str]]] = {
    "sums": _sums,
    "hidden": _hidden,
    "scores": _scores,
    "shares": _shares,
    "loss": _loss,
    "back-scores": _back_scores,
    "back-v": _back_v,
    "back-hidden": _back_hidden,
    "back-sums": _back_sums,
    "back-w": _back_w,
    "update": _update,
    "again": _again,
}
