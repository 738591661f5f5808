"""What a run is about to do, before the first one: the images split, the updates counted, the empty chart. HTML with SVG."""

from __future__ import annotations

import html

from mnist_core.config import RunConfig
from mnist_core.diagnostics import chance_loss
from mnist_core.figures import theme
from mnist_core.figures.sweep import METRICS
from mnist_core.messages import N_, Translate, number_text
from mnist_core.networks.models import Description
from mnist_core.records import Split

EPOCHS = 12  # drawn; of more the last is an ellipsis
NARROWEST = 6  # pixels of a step: whole ones, so that all look the same
STYLE = """<style>
.mnist-lab-preview { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1.4rem 2.6rem; }
.mnist-lab-preview .title { font-weight: 600; margin-bottom: 0.5rem; }
.mnist-lab-preview .picture { height: 5.2rem; display: flex; align-items: center; gap: 0.25rem; }
.mnist-lab-preview .picture > i { display: block; height: 3.2rem; border-radius: 0.2rem; min-width: 3px; }
.mnist-lab-preview .line { word-break: keep-all; display: flex; gap: 0.55rem; align-items: baseline; line-height: 1.55; }
.mnist-lab-preview .line i { flex: none; width: 0.8rem; height: 0.8rem; border-radius: 0.15rem; }
.mnist-lab-preview .chart { display: grid; grid-template: minmax(0, 1fr) auto / auto 1fr; height: 5.2rem; gap: 0.3rem 0.5rem;
  padding-bottom: 0.3rem; }
.mnist-lab-preview .chart .up { position: relative; min-width: 4.2rem; }
.mnist-lab-preview .chart .up span { position: absolute; right: 0; transform: translateY(-50%); opacity: 0.75; font-size: 0.85rem; }
.mnist-lab-preview .chart .across { grid-column: 2; display: flex; justify-content: space-between; opacity: 0.75; font-size: 0.85rem; line-height: 1.1; }
.mnist-lab-preview .chart .in { position: relative; }
.mnist-lab-preview .chart svg { position: absolute; width: 100%; height: 100%; overflow: visible; }
</style>"""
ENDS = 0.5  # of the height of the empty chart: where the loss of a guess is


def preview(
    config: RunConfig,
    description: Description,
    images: tuple[int, int],
    dark: bool,
    translate: Translate,
    *,
    sealed: bool = False,
) -> str:
    """Three pictures side by side, each with its figures in words: the images, the updates, and where the curves will be.

    `images`: how many the data set has to train and to test with.
    """
    parts = (
        (N_("1. Split the images"), _split(config, images, dark, translate, sealed=sealed)),
        (N_("2. Update the weights"), _updates(config, description, dark, translate)),
        (N_("3. Watch the curves"), _curves(config, dark, translate)),
    )
    columns = "".join(f'<div><div class="title">{_safe(translate(title))}</div>{part}</div>' for title, part in parts)
    return f'{STYLE}<div class="mnist-lab-preview" data-testid="preview">{columns}</div>'


def _split(config: RunConfig, images: tuple[int, int], dark: bool, translate: Translate, *, sealed: bool) -> str:
    """A bar of all images in their parts, the test images apart."""
    all_images, test = images
    unused = all_images - config.train_size - config.validation_size
    parts = [
        (config.train_size, _color("train", dark), N_("{n} training images: the weights learn from them")),
        (
            config.validation_size,
            _color("validation", dark),
            N_("{n} validation image: to choose settings")
            if config.validation_size == 1
            else N_("{n} validation images: to choose settings"),
        ),
        (test, _color("test", dark), _about_test(test, sealed=sealed)),
    ]
    bar = [_block(count, color) for count, color, _text in parts[:2] if count]
    bar += [_block(unused, theme.faint(dark))] if unused else []
    bar += ['<i style="flex:0 0 0.6rem"></i>', _block(test, parts[2][1])] if test else []
    lines = [_line(translate(text).format(n=f"{count:,}"), color) for count, color, text in parts if count]
    return f'<div class="picture" aria-hidden="true">{"".join(bar)}</div>{"".join(lines)}'


def _about_test(images: int, *, sealed: bool) -> str:
    """What becomes of the test images: their curve is drawn along with the others, unless they are sealed."""
    if sealed:
        return (
            N_("{n} test image: never trained on, and sealed")
            if images == 1
            else N_("{n} test images: never trained on, and sealed")
        )
    return (
        N_("{n} test image: never trained on, only measured")
        if images == 1
        else N_("{n} test images: never trained on, only measured")
    )


def _updates(config: RunConfig, description: Description, dark: bool, translate: Translate) -> str:
    """A block for each epoch, the first of them with its steps."""
    color = _color("train", dark)
    # Of many steps as many as there is room for: narrower ones would be drawn unevenly.
    ticks = (
        f"repeating-linear-gradient(90deg,{theme.paper(dark)} 0 2px,"
        f"{color} 2px max({NARROWEST}px,calc(100% / {config.steps_per_epoch})))"
    )
    blocks = [f'<i style="flex:3;background:{ticks}"></i>']
    blocks += [f'<i style="flex:1;background:{theme.transparent(color, 0.4)}"></i>'] * (min(config.epochs, EPOCHS) - 1)
    blocks += ["…"] if config.epochs > EPOCHS else []
    lines = (
        translate(
            N_("{batch} image makes one step") if config.batch_size == 1 else N_("{batch} images make one step")
        ).format(batch=f"{config.batch_size:,}"),
        translate(
            N_("{steps} step per epoch × {epochs} = {total} step")
            if config.total_steps == 1
            else N_("{steps} step per epoch × {epochs} = {total} steps")
            if config.steps_per_epoch == 1
            else N_("{steps} steps per epoch × {epochs} = {total} steps")
        ).format(steps=f"{config.steps_per_epoch:,}", epochs=f"{config.epochs:,}", total=f"{config.total_steps:,}"),
        translate(N_("Each step moves all {n} weights and biases a little")).format(n=f"{description.parameters:,}"),
    )
    return f'<div class="picture" aria-hidden="true">{"".join(blocks)}</div>{"".join(map(_line, lines))}'


def _curves(config: RunConfig, dark: bool, translate: Translate) -> str:
    """The axes of the loss with what is known before: where it begins."""
    chance = chance_loss(config)
    begin = 100 * (1 - ENDS)
    grid, quiet = theme.faint(dark), theme.quiet(dark)
    lines = "".join(
        f'<path d="{path}" stroke="{color}" stroke-width="{width}" stroke-dasharray="{dash}" fill="none" '
        'vector-effect="non-scaling-stroke"/>'
        for path, color, width, dash in (
            ("M0 0V100H100", quiet, 1.5, ""),
            (f"M0 {begin}H100", quiet, 1.5, "7 5"),
            ("M50 0V100M100 0V100", grid, 1, ""),
        )
    )
    loss = _safe(translate(METRICS["loss"]))
    ends = f'<span style="top:0">{loss}</span><span style="top:{begin}%">{chance:.3g}</span><span style="top:100%">0</span>'
    picture = (
        f'<div class="chart" aria-hidden="true"><div class="up">{ends}</div>'
        f'<div class="in"><svg viewBox="0 0 100 100" preserveAspectRatio="none">{lines}</svg></div>'
        f'<div class="across"><span>0</span><span>{config.total_steps:,}</span></div></div>'
    )
    sentences = (
        translate(N_("The curves begin near {chance}, the loss of a guess")).format(chance=number_text(chance, 3)),
        translate(
            N_("If it learns well, they fall; if it overfits, validation turns up")
            if config.validation_size
            else N_("If it learns well, they fall; only a validation set would show whether it overfits")
        ),
        translate(N_("If it breaks, they leave the chart or stay where they began")),
    )
    return picture + "".join(map(_line, sentences))


def _block(count: int, color: str) -> str:
    return f'<i style="flex:{count};background:{color}"></i>'


def _line(text: str, color: str = "") -> str:
    sign = f'<i style="background:{color}"></i>' if color else ""
    return f'<div class="line">{sign}<span>{_safe(text)}</span></div>'


def _color(split: Split, dark: bool) -> str:
    return theme.SPLIT_STYLES[split].color(dark)


def _safe(text: str) -> str:
    return html.escape(text)
