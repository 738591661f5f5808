"""What the browser says of a network that trains: sentences with fields in braces, which it fills in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mnist_core.messages import N_, Translate

# What is true of the network (scripts/training.js, `verdict`) → the sentence.
VERDICTS: Mapping[str, str] = {
    "empty": N_("**No points yet.** Choose a class and paint points in the plane; or move with the arrow keys and press the space bar."),
    "ready": N_("**Ready.** The weights are random and the training loss is {train}; always guessing gives {guess}. Press Play."),
    "learning": N_("**Learning.** The training loss is {train}, the test loss {test}; {percent}% of the test points are right."),
    "learning_painted": N_("**Learning.** The training loss is {train}; {percent}% of the points are right."),
    "plateau": N_("**On a plateau.** After {step} steps the training loss, {train}, is hardly better than that of guessing, {guess}."),
    "overfitting": N_("**Overfitting.** The training loss is {train}, but the test loss is {test}; it has been down to {lowest_test}."),
    "unstable": N_("**Unstable.** The training loss has been down to {lowest} and is {train}: updates go too far. The sharpness is {sharpness}, the stability edge 2 / rate is {edge}."),
    "diverging": N_("**Diverging.** The training loss is {train}, where guessing gives {guess}, and the largest weight is {weight}. At a rate of {rate} each update overshoots: above a sharpness of {edge} the steps grow."),
    "diverged": N_("**Diverged.** At step {step} the weights became infinite, so the output is NaN and training has ended. The learning rate {rate} is too high: press Reset and try a lower one."),
    "collapsed": N_("**Collapsed.** Every unit of hidden layer {layer} is dead (gray): it outputs the same for every point and passes no gradient, so the network cannot recover."),
}  # fmt: skip


def texts(translate: Translate) -> dict[str, Any]:
    """Name → text, in the language of the session."""
    plain = {
        "play": N_("Play"),
        "pause": N_("Pause"),
        "one": N_("One step"),
        "reset": N_("Reset"),
        "clear": N_("Clear"),
        "brush": N_("Class to paint"),
        "counts": N_("Step {step} · training loss {train} · test loss {test}"),
        "counts_painted": N_("Step {step} · training loss {train}"),
        "counts_eight": N_("Step {step}"),
        "eight": N_("**Eight learning rates**, the same initial weights, the same batches. The lowest training loss so far is {train}, at a rate of {rate}."),
        "eight_broken": N_("Diverged or collapsed: {rates}."),
        "at_rate": N_("Rate {rate}"),
        "small": N_("loss {train}"),
        "take": N_("Go on with this learning rate"),
        "take_hint": N_("Press a rate to go on with its network alone."),
        "losses": N_("Training loss of each learning rate"),
        "dead": N_("{dead} of {units} hidden units are dead (gray): they pass next to no gradient for any point."),
        "legend": N_("Lines are weights: orange, solid: positive; blue, dashed: negative; red: beyond ±100. Gray: a dead unit. Point at a unit to see its picture large."),
        "points": N_("The line is the decision boundary. Circles: class 0; squares: class 1; hollow: test points."),
        "paint": N_("Paint up to 200 points by pointer or finger. By keyboard: arrow keys move, 0 and 1 choose the class, the space bar paints, Delete removes."),
        "cursor": N_("x {x}, y {y}"),
        "plane": N_("The plane with the points and the decision boundary."),
        "network": N_("The network. Inputs: {inputs}; units of the hidden layers: {layers}. Arrow keys choose a unit."),
        "input": N_("Input {name}"),
        "output": N_("The output"),
        "unit": N_("Hidden layer {layer}, unit {unit}"),
        "dead_unit": N_("Hidden layer {layer}, unit {unit}: dead"),
        "loss": N_("Loss"),
        "train": N_("Training"),
        "test": N_("Test"),
        "curvature": N_("Sharpness and the stability edge"),
        "sharpness": N_("Sharpness"),
        "edge": N_("2 / rate"),
        "left": N_("above the chart from step {step} on: up to {loss}"),
        "nan": N_("NaN from step {step} on"),
    }  # fmt: skip
    return {
        **{name: translate(text) for name, text in plain.items()},
        "classes": [translate(N_("Class 0")), translate(N_("Class 1"))],
        "verdicts": {name: translate(text) for name, text in VERDICTS.items()},
    }
