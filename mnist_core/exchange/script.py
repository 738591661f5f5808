"""A run as a Python script that anybody can read and run, with PyTorch and torchvision alone.

Initial weights, order of batches, label noise, augmentation and rates are computed as the engine does (NumPy's Philox
generator), so the script reproduces the run up to rounding. Rounding grows: a float32 sum that is added up in another order decides
whether a ReLU lets an image through whose input is 0 but for its last digits, and an optimizer that divides by the gradient's own size
makes a whole step of it. Of 784-512-10 with RMSprop (preset `keras-first-look`) the first two updates agree to 1e-7, the third has one such
unit for one image, and after five epochs test accuracy was 97.98 % where the run had 98.12 %. With dropout, the units that are dropped
are others. What was done to the run by hand is in the script, too: other rates from the steps on at which they were set, and the step at which it
was stopped.
"""

from __future__ import annotations

from collections.abc import Sequence

from mnist_core.config import RunConfig
from mnist_core.data import augment
from mnist_core.data.preprocessing import affine
from mnist_core.image_sets import own_id
from mnist_core.networks.models import describe
from mnist_core.records import RateChange, Run
from mnist_core.schedule import evaluated_images

_ACTIVATIONS = {
    "identity": "nn.Identity()",
    "sigmoid": "nn.Sigmoid()",
    "tanh": "nn.Tanh()",
    "relu": "nn.ReLU()",
    "leaky-relu": "nn.LeakyReLU()",
    "gelu": "nn.GELU()",
}


def script_of(run: Run) -> str:
    """The script of what the run did: with the changes of its rate, and up to where it was stopped by hand."""
    return script(run.config, run.rate_changes, last_step_of(run))


def script(config: RunConfig, changes: Sequence[RateChange] = (), last_step: int | None = None) -> str:
    """The text of the script; it takes the data's folder as its argument and prints the accuracies of each epoch.

    `changes` of the base rate on the way; `last_step`: after so many updates it ends (default: at the end).
    """
    start = 'main(sys.argv[1] if len(sys.argv) > 1 else "data")'
    return "\n\n\n".join(["\n\n".join(parts(config, changes, last_step)), start]) + "\n"


def last_step_of(run: Run) -> int | None:
    """The step at which the run was stopped by hand; None where it was not."""
    return run.progress.step if run.outcome == "stopped" and 0 < run.progress.step < run.config.total_steps else None


def parts(config: RunConfig, changes: Sequence[RateChange] = (), last_step: int | None = None) -> list[str]:
    """The script in parts, as a notebook has them in cells; all but the call of `main(folder)`, which returns what it measured."""
    texts = [
        _head(config) + _by_hand(changes, last_step),
        _data(config),
        _network(config),
        _loss(config),
        _rates(config, bool(changes)),
        _training(config, last_step is not None),
    ]
    return [text.strip("\n") for text in texts]


def _by_hand(changes: Sequence[RateChange], last_step: int | None) -> str:
    """What was done to the run while it trained."""
    text = ""
    if changes:
        listed = ", ".join(f"({change.step}, {change.rate!r})" for change in changes)
        text += f"\nRATE_CHANGES = [{listed}]  # by hand: after so many updates the rate was set to this"
    if last_step is not None:
        text += (
            f"\nLAST_STEP = {last_step}  # the run was stopped by hand after so many updates; None: train to the end"
        )
    return text


def _head(config: RunConfig) -> str:
    note = ""
    if config.dataset == "built-in":
        note = "\nThe run was trained on the built-in digits of MNIST Lab; this script trains on MNIST."
    elif own_id(config.dataset) is not None:
        note = "\nThe run was trained on images of one's own, which the app keeps: [folder]/MNIST/raw must have four such files of them."
    elif config.dataset == "other":
        note = "\nThe run was trained on images that this script cannot fetch: [folder]/MNIST/raw must have their four files."
    return f'''"""{_title(config)} on {_images(config)}, in plain PyTorch. Run: python train.py [folder for the data]{note}{_agreement(config)}"""

import math
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.datasets import {_class(config)}

SEED = {config.seed}
BATCH_SEED = {config.seed if config.batch_seed is None else config.batch_seed}  # of the order of the batches
EPOCHS = {config.epochs}
BATCH_SIZE = {config.batch_size}
LEARNING_RATE = {config.learning_rate!r}
TRAIN_SIZE = {config.train_size}
VALIDATION_SIZE = {config.validation_size}
STEPS_PER_EPOCH = math.ceil(TRAIN_SIZE / BATCH_SIZE)
TOTAL_STEPS = STEPS_PER_EPOCH * EPOCHS{_names(config)}'''


def _agreement(config: RunConfig) -> str:
    """How far the script does what the run did."""
    if config.dataset == "built-in":
        return ""
    but = "rounding, and for dropout, which leaves out other units" if config.dropout else "rounding"
    return f"""

Initial weights, batches and rates are those of the run, so the first updates agree, but for {but}. Rounding errors
grow while a network trains: curves part in later digits, and final accuracies may differ by some tenths of a percentage point."""


def _images(config: RunConfig) -> str:
    """What the images are called in the first line."""
    if own_id(config.dataset) is not None:
        return f"images of one's own in {config.classes} classes"
    return {"other": "other images in MNIST's format", "built-in": "MNIST"}.get(config.dataset, config.image_set.title)


def _class(config: RunConfig) -> str:
    """Torchvision's; what it does not know is read as MNIST is."""
    return config.image_set.torchvision or "MNIST"


def _names(config: RunConfig) -> str:
    """What the classes are called, where they are no digits."""
    if config.image_set.has_digits or own_id(config.dataset) is not None:
        return ""
    return f"\nCLASSES = {list(config.image_set.classes)}  # what the labels from 0 on mean"


def _title(config: RunConfig) -> str:
    dense = "-".join(str(units) for units in (*config.hidden_layers, config.classes))
    return f"A CNN {'-'.join(map(str, config.filters))} | {dense}" if config.model == "cnn" else f"An MLP 784-{dense}"


def _data(config: RunConfig) -> str:
    scale, shift = affine(config.preprocessing)
    shape = "-1, 1, 28, 28" if config.model == "cnn" else "-1, 784"
    noise = ""
    if config.label_noise:
        noise = f"""
    # Label noise: so many of the training images get the label of another class.
    wrong = round({config.label_noise!r} * TRAIN_SIZE)
    random = np.random.Generator(np.random.Philox(key=[BATCH_SEED, 7]))
    chosen = random.choice(TRAIN_SIZE, wrong, replace=False)
    labels = train[1].numpy().copy()
    labels[chosen] = (labels[chosen] + random.integers(1, {config.classes}, wrong)) % {config.classes}
    train = train[0], torch.from_numpy(labels)"""
    emnist = config.dataset == "emnist-digits"
    upright = ".transpose(1, 2)" if emnist else ""  # its files have rows and columns exchanged
    more = 'split="digits", ' if emnist else ""
    name, images = _class(config), config.image_set.train
    download = config.dataset != "other" and own_id(config.dataset) is None
    lacking = " and cannot be downloaded ({error})" if download else ""
    return f'''
def load(folder):
    """Training images from the front of the training files, validation images from their end, test images apart."""

    def tensors(data, part):
        pixels = data.data[part]{upright}.to(torch.float32)
        return (pixels * {scale!r} + {shift!r}).reshape({shape}), data.targets[part]

    try:
        files, test = ({name}(folder, {more}train=train, download={download}) for train in (True, False))
    except (OSError, RuntimeError) as error:
        raise SystemExit(
            f"The images are not in {{folder}}/{name}/raw{lacking}. "
            "Run: python train.py FOLDER, where FOLDER/{name}/raw has their files."
        ) from error
    train = tensors(files, slice(0, TRAIN_SIZE))
    validation = tensors(files, slice({images:_} - VALIDATION_SIZE, {images:_})){noise}
    return train, validation, tensors(test, slice(None))'''


def _network(config: RunConfig) -> str:
    activation = _ACTIVATIONS[config.activation]
    lines: list[str] = []
    channels, side = 1, 28
    if config.model == "cnn":
        for filters in config.filters:
            lines.append(f'nn.Conv2d({channels}, {filters}, {config.kernel_size}, padding="same")')
            lines += [f"nn.BatchNorm2d({filters})"] * config.batch_norm + [activation]
            if config.pooling != "none" and side > 1:
                lines.append("nn.MaxPool2d(2)" if config.pooling == "max" else "nn.AvgPool2d(2)")
                side //= 2
            channels = filters
        lines.append("nn.Flatten()")
    units = channels * side * side
    for hidden in config.hidden_layers:
        lines.append(f"nn.Linear({units}, {hidden})")
        lines += [f"nn.BatchNorm1d({hidden})"] * config.batch_norm + [activation]
        lines += [f"nn.Dropout({config.dropout!r})"] if config.dropout else []
        units = hidden
    lines.append(f"nn.Linear({units}, {config.classes})")
    layers = "\n".join(f"        {line}," for line in lines)
    return f'''
def network():
    """{describe(config).parameters:,} parameters; the initial weights depend on the seed alone, biases begin at 0."""
    model = nn.Sequential(
{layers}
    )
    random = np.random.Generator(np.random.Philox(key=[SEED, 1]))
    for layer in model:
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            shape = tuple(layer.weight.shape)
            fan_in, fan_out = shape[1] * math.prod(shape[2:]), shape[0] * math.prod(shape[2:])
            values = {_initial_values(config)}
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(values.astype(np.float32)))
                layer.bias.zero_()
    return model'''


def _initial_values(config: RunConfig) -> str:
    return {
        "glorot": "random.uniform(-1, 1, shape) * math.sqrt(6 / (fan_in + fan_out))",
        "he": "random.normal(0, 1, shape) * math.sqrt(2 / fan_in)",
        "normal": f"random.normal(0, 1, shape) * {config.init_std!r}",
        "zeros": "np.zeros(shape)",
    }[config.initialization]


def _loss(config: RunConfig) -> str:
    if config.loss == "cross-entropy":
        return '''
def loss_of(outputs, labels):
    """Mean cross-entropy of the softmax."""
    return F.cross_entropy(outputs, labels)'''
    return f'''
def loss_of(outputs, labels):
    """Squared error to one-hot, summed over the outputs, mean over the images."""
    return (outputs - F.one_hot(labels, {config.classes})).square().sum(dim=1).mean()'''


def _rates(config: RunConfig, changed: bool) -> str:
    base, by_hand = "LEARNING_RATE", ""
    if changed:
        base = "base_rate(step)"
        by_hand = '''
def base_rate(step):
    """The base rate of the update number `step`, counted from 0: the last that was set before it."""
    return [rate for start, rate in [(0, LEARNING_RATE), *RATE_CHANGES] if start <= step][-1]


'''
    bodies = {
        "constant": f"return {base}",
        "step": f"return {base} * {config.schedule_factor!r} ** (step // (STEPS_PER_EPOCH * {config.schedule_epochs}))",
        "cosine": f"return {base} * (1 + math.cos(math.pi * step / TOTAL_STEPS)) / 2",
        "warm-up": f"return {base} * min(1.0, (step + 1) / (STEPS_PER_EPOCH * {config.schedule_epochs}))",
        "one-cycle": f"""def between(start, end, fraction):
        return end + (start - end) * (1 + math.cos(math.pi * min(1.0, fraction))) / 2

    top, last = max(1, round(0.3 * TOTAL_STEPS)), TOTAL_STEPS - 1
    if step < top:
        return {base} * between(1 / 25, 1, step / top)
    return {base} * between(1, 1 / 25 / 1e4, (step - top) / (last - top) if last > top else 1.0)""",
        "rising": f"return {base} * 1e6 ** (step / max(1, TOTAL_STEPS - 1) - 1)",
    }
    return f'''{by_hand}
def rate_at(step):
    """The learning rate of the update number `step`, counted from 0."""
    {bodies[config.schedule]}'''


def _optimizer(config: RunConfig) -> str:
    decay = f", weight_decay={config.weight_decay!r}" if config.weight_decay else ""
    betas = f", betas=({config.beta1!r}, {config.beta2!r})"
    epsilon = f", eps={config.epsilon!r}"
    nesterov = ", nesterov=True" if config.optimizer == "nesterov" and config.momentum else ""
    name, more = {
        "sgd": ("SGD", ""),
        "momentum": ("SGD", f", momentum={config.momentum!r}"),
        "nesterov": ("SGD", f", momentum={config.momentum!r}{nesterov}"),
        "adagrad": ("Adagrad", epsilon),
        "rmsprop": ("RMSprop", f", alpha={config.rho!r}{epsilon}"),
        "adam": ("Adam", betas + epsilon),
        "adamw": ("AdamW", f"{betas}{epsilon}, weight_decay={config.weight_decay!r}"),
    }[config.optimizer]
    return f"torch.optim.{name}(model.parameters(), LEARNING_RATE{more}{'' if config.optimizer == 'adamw' else decay})"


def _early_stopping(config: RunConfig) -> str:
    images = evaluated_images(config)  # those of the curve, by whose loss the run decided
    watched = 'scores["validation"][0]'
    if images < config.validation_size:
        watched = f"score(model, *(part[:{images}] for part in validation))[0]"
    return f"""
        watched = {watched}
        if watched < lowest:
            lowest, lowest_epoch = watched, epoch + 1
        elif epoch + 1 - lowest_epoch >= {config.early_stopping}:
            break"""


def _augmentation(config: RunConfig) -> str:
    if config.augmentation == "off":
        return ""
    _scale, ground = affine(config.preprocessing)
    said, mode = "shifted", "nearest"
    turned = "turned = torch.eye(2, dtype=torch.float64).expand(len(inputs), 2, 2)"
    if config.augmentation == "affine":
        said, mode = "shifted, rotated and scaled", "bilinear"
        turned = f"""angles = math.radians({augment.TURN}) * (2 * numbers[:, 2] - 1)
    scales = 1 + {augment.SCALE} * (2 * numbers[:, 3] - 1)
    cosines, sines = angles.cos() / scales, angles.sin() / scales
    turned = torch.stack([cosines, sines, -sines, cosines], dim=1).view(-1, 2, 2)"""
    return f'''
def augmented(inputs, step):
    """The training images of a batch, {said} at random: otherwise in every update."""
    random = np.random.Generator(np.random.Philox(key=[BATCH_SEED, {augment.STREAM}], counter=[0, 0, step, 0]))
    numbers = torch.from_numpy(random.random((len(inputs), 4)))
    shifts = (numbers[:, :2] * {2 * augment.SHIFT + 1}).floor() - {augment.SHIFT}  # pixels
    {turned}
    moved = -(turned @ (shifts[:, :, None] * 2 / 28))
    changes = torch.cat([turned, moved], dim=2).float()
    images = (inputs - {ground!r}).view(-1, 1, 28, 28)  # what comes in from outside is 0
    places = F.affine_grid(changes, list(images.shape), align_corners=False)
    images = F.grid_sample(images, places, mode="{mode}", align_corners=False)
    return images.view_as(inputs) + {ground!r}


'''


def _training(config: RunConfig, stopped: bool) -> str:
    if config.sampling == "replacement":
        order = "random.integers(0, TRAIN_SIZE, STEPS_PER_EPOCH * BATCH_SIZE)"
    else:
        order = "random.permutation(TRAIN_SIZE)"
    inputs = "train[0][batch]" if config.augmentation == "off" else "augmented(train[0][batch], step)"
    broken = ""
    if config.stop_when_not_finite:
        broken = """
            if not math.isfinite(loss.item()):
                print(f"diverged: the loss of update {step + 1} is {loss.item()}")
                return history"""
    early = _early_stopping(config) if config.early_stopping else ""
    leave_epoch = leave = ""
    if stopped:
        leave_epoch = """
            if step == LAST_STEP:
                break"""
        leave = """
        if step == LAST_STEP:
            break"""
    return f'''{_augmentation(config)}
@torch.no_grad()
def score(model, images, labels):
    """Mean loss and accuracy."""
    model.eval()
    outputs = torch.cat([model(part) for part in images.split(1_000)])
    model.train()
    return loss_of(outputs, labels).item(), (outputs.argmax(dim=1) == labels).float().mean().item()


def main(folder):
    """Train; returns loss and accuracy of each split after each epoch."""
    train, validation, test = load(folder)
    splits = {{"train": train, "validation": validation, "test": test}}
    torch.manual_seed(SEED)
    model = network()
    optimizer = {_optimizer(config)}
    history = []
    step{", lowest, lowest_epoch" if early else ""} = {"0, math.inf, 0" if early else "0"}
    for epoch in range(EPOCHS):
        random = np.random.Generator(np.random.Philox(key=[BATCH_SEED, 2], counter=[0, 0, 0, epoch]))
        for batch in torch.from_numpy({order}).split(BATCH_SIZE):
            optimizer.param_groups[0]["lr"] = rate_at(step)
            optimizer.zero_grad()
            loss = loss_of(model({inputs}), train[1][batch])
            loss.backward(){broken}
            optimizer.step()
            step += 1{leave_epoch}
        scores = {{name: score(model, *split) for name, split in splits.items() if len(split[1])}}
        history.append(scores)
        parts = [f"{{name}} {{loss:.4f}} {{accuracy:.2%}}" for name, (loss, accuracy) in scores.items()]
        print(f"epoch {{epoch + 1}}:", ", ".join(parts), flush=True){leave}{early}
    print(f"test accuracy {{score(model, *test)[1]:.4f}}")
    return history'''
