"""The kinds of photos that `bench photos` measures: what each changes of the base (`photographs.base`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from PIL import Image

from mnist_core.bench.photographs import (
    F32,
    PENS,
    Digits,
    Photo,
    Scene,
    base,
    colored,
    corners,
    develop,
    file_of,
    gradient,
    shadow,
)

Random = np.random.Generator
Change = Callable[[Scene, Random], Scene]
Encode = Callable[[F32, Scene, Random], bytes]
Kind = Callable[[Digits, Random, tuple[int, int]], Photo]
UPRIGHT = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


LONGER = (900, 2_000)  # pixels, the longer side of a photo


def photo(kind: str, digits: Digits, random: Random, longer: tuple[int, int] = LONGER) -> Photo:
    """One photo of the kind, its longer side between these (A4: twice as long; 12 megapixels: 4,000)."""
    return KINDS[kind](digits, random, longer)


def _jpeg(page: F32, scene: Scene, random: Random) -> bytes:
    return file_of(colored(page, random), "JPEG", quality=scene.quality)


def _kind(change: Change | None = None, encode: Encode = _jpeg, larger: int = 1) -> Kind:
    def make(digits: Digits, random: Random, longer: tuple[int, int]) -> Photo:
        scene = base(random, (larger * longer[0], larger * longer[1]))
        scene = change(scene, random) if change else scene
        page, written = develop(scene, digits, random)
        return Photo(encode(page, scene, random), *written)

    return make


# ---- what a kind changes ---------------------------------------------------------------------------------------


def _anywhere(random: Random) -> float:
    return float(random.uniform(0, 360))


def _hard(scene: Scene, random: Random) -> Scene:
    light = shadow(_anywhere(random), random.uniform(-0.4, 0.4), random.uniform(0.65, 0.7), random.uniform(0.004, 0.04))
    return replace(scene, lights=(*scene.lights, light))


def _soft(scene: Scene, random: Random) -> Scene:
    light = shadow(_anywhere(random), random.uniform(-0.4, 0.4), random.uniform(0.65, 0.7), random.uniform(0.1, 0.7))
    return replace(scene, lights=(*scene.lights, light))


def _band(scene: Scene, random: Random) -> Scene:
    width, at = random.uniform(0.15, 0.7), random.uniform(-0.6, 0.3)
    light = shadow(_anywhere(random), at, random.uniform(0.65, 0.7), random.uniform(0.01, 0.1), width)
    return replace(scene, lights=(*scene.lights, light))


def _deep(scene: Scene, random: Random) -> Scene:
    light = shadow(_anywhere(random), random.uniform(-0.4, 0.4), random.uniform(0.4, 0.6), random.uniform(0.004, 0.3))
    return replace(scene, lights=(*scene.lights, light))


def _corners(scene: Scene, random: Random) -> Scene:
    return replace(scene, lights=(*scene.lights, corners(random.uniform(0.35, 0.6))))


def _half(scene: Scene, random: Random) -> Scene:
    return replace(scene, lights=(gradient(_anywhere(random), random.uniform(0.45, 0.55)),))


def _a4(scene: Scene, random: Random) -> Scene:
    height = 17 / 297 * max(scene.size) * random.uniform(0.8, 1.2)
    places = ((random.uniform(0.1, 0.9), random.uniform(0.1, 0.9)),)
    pen, (dark, pale) = random.uniform(0.5, 1.2) / 17 * height, PENS["ballpoint"][1]
    return replace(scene, height=height, places=places, pen=max(1.5, pen), ink=random.uniform(dark, pale))


def _filled(scene: Scene, random: Random) -> Scene:
    height = min(scene.size) * random.uniform(0.75, 0.95)
    return replace(scene, height=height, pen=scene.pen * height / scene.height, places=((0.5, 0.5),))


def _dark_paper(scene: Scene, random: Random) -> Scene:
    return replace(scene, paper=random.uniform(0.22, 0.45))


def _rules(squared: bool) -> Change:
    def change(scene: Scene, random: Random) -> Scene:
        distance = scene.height * (random.uniform(0.3, 0.7) if squared else random.uniform(0.8, 1.6))
        return replace(scene, rules=(distance, random.uniform(0.1, 0.3), squared))

    return change


def _desk(scene: Scene, random: Random) -> Scene:
    sheet = (random.uniform(0.55, 0.8), random.uniform(0.55, 0.8))
    height = min(scene.height, 0.6 * min(sheet) * min(scene.size))
    scene = replace(scene, height=height, pen=max(1.5, scene.pen * height / scene.height), places=((0.5, 0.5),))
    return replace(scene, sheet=sheet, desk=random.uniform(0.05, 0.35), paper=random.uniform(0.6, 0.95))


def _border(scene: Scene, random: Random) -> Scene:
    return replace(scene, border=(random.uniform(0.02, 0.08), random.uniform(0, 0.1)), places=((0.5, 0.5),))


def _box(scene: Scene, random: Random) -> Scene:
    height = min(scene.height, 0.38 * min(scene.size))
    pen = max(1.5, scene.pen * height / scene.height)
    return replace(scene, height=height, pen=pen, places=((0.5, 0.5),), box=pen * random.uniform(0.5, 1))


def _pen(name: str) -> Change:
    def change(scene: Scene, random: Random) -> Scene:
        (thin, thick), (dark, pale) = PENS[name]
        pen = max(1.5, scene.height * random.uniform(thin, thick))
        return replace(scene, pen=pen, ink=random.uniform(dark, pale))

    return change


def _chalk(scene: Scene, random: Random) -> Scene:
    board = random.uniform(0.08, 0.25)
    return replace(scene, paper=board, ink=random.uniform(0.6, 0.95) / board, grain=random.uniform(0.3, 0.9))


def _blurred(scene: Scene, random: Random) -> Scene:
    return replace(scene, blur=scene.height * random.uniform(0.015, 0.035))


def _noisy(scene: Scene, random: Random) -> Scene:
    return replace(scene, noise=random.uniform(8, 18))


def _rough(scene: Scene, random: Random) -> Scene:
    return replace(scene, quality=int(random.integers(8, 25)))


def _two(scene: Scene, random: Random) -> Scene:
    height = 0.3 * min(scene.size) * random.uniform(0.6, 1)
    offset = height * random.uniform(1, 1.6) / scene.size[0] / 2
    up = height * random.uniform(-0.2, 0.2) / scene.size[1]
    x, y = random.uniform(0.4, 0.6, 2)
    pen = max(1.5, scene.pen * height / scene.height)
    return replace(scene, height=height, pen=pen, places=((x - offset, y - up), (x + offset, y + up)))


def _nothing(scene: Scene, random: Random) -> Scene:
    return replace(_soft(scene, random), places=())


def _everything(scene: Scene, random: Random) -> Scene:
    for change in (_hard, _soft, _band, _corners, _half, _rules(True), _rules(False), _blurred, _noisy, _rough):
        if random.random() < 0.25:
            scene = change(scene, random)
    return scene


# ---- files -----------------------------------------------------------------------------------------------------


def _bytes(page: F32) -> Image.Image:
    return Image.fromarray((page * 255).astype(np.uint8))


def _sixteen(page: F32, _scene: Scene, _random: Random) -> bytes:
    return file_of(Image.fromarray((page * 65_535).astype(np.uint16)), "PNG")


def _palette(page: F32, _scene: Scene, random: Random) -> bytes:
    return file_of(colored(page, random).quantize(32), "PNG")


def _one_bit(page: F32, _scene: Scene, _random: Random) -> bytes:
    return file_of(_bytes(page).convert("1"), "PNG")


def _cmyk(page: F32, scene: Scene, random: Random) -> bytes:
    return file_of(colored(page, random).convert("CMYK"), "JPEG", quality=scene.quality)


def _turned(page: F32, scene: Scene, random: Random) -> bytes:
    tag = int(random.choice(list(UPRIGHT)))
    exif = Image.Exif()
    exif[0x0112] = tag
    return file_of(colored(page, random).transpose(UPRIGHT[tag]), "JPEG", quality=scene.quality, exif=exif)


def _webp(page: F32, scene: Scene, random: Random) -> bytes:
    return file_of(colored(page, random), "WEBP", quality=scene.quality)


def _gif(page: F32, _scene: Scene, _random: Random) -> bytes:
    return file_of(_bytes(page), "GIF", save_all=True, append_images=[_bytes(1 - page)])


def _bare(scene: Scene, _random: Random) -> Scene:
    return replace(scene, paper=1.0, ink=0.0, lights=(), noise=0.0, blur=0.5, grain=0.0)


def _transparent(white: bool) -> Encode:
    def encode(page: F32, _scene: Scene, _random: Random) -> bytes:
        ink = ((1 - page / page.max()) * 255).astype(np.uint8)
        layers = [Image.fromarray(np.full_like(ink, 255 * white))] * 3
        return file_of(Image.merge("RGBA", [*layers, Image.fromarray(ink)]), "PNG")

    return encode


def _twelve(page: F32, scene: Scene, random: Random) -> bytes:
    picture = colored(page, random)
    factor = 4_000 / max(picture.size)
    picture = picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.BICUBIC)
    return file_of(picture, "JPEG", quality=scene.quality)


def _tiny(page: F32, scene: Scene, random: Random) -> bytes:
    picture = _bytes(page)
    side = int(28 / scene.height * max(scene.size))
    picture.thumbnail((side, side), Image.Resampling.BOX)
    return file_of(picture, "PNG")


def _own(factor: int) -> Kind:
    def make(digits: Digits, random: Random, _longer: tuple[int, int]) -> Photo:
        image, label = digits.take(random)
        large = np.kron(image, np.ones((factor, factor), np.uint8))
        return Photo(file_of(Image.fromarray(large), "PNG"), (label,), (image,))

    return make


KINDS: Mapping[str, Kind] = {
    "even light": _kind(),
    "hard shadow, 65–70 %": _kind(_hard),
    "soft shadow, 65–70 %": _kind(_soft),
    "band of shadow, 65–70 %": _kind(_band),
    "deep shadow, 40–60 %": _kind(_deep),
    "dark corners": _kind(_corners),
    "gradient to a half": _kind(_half),
    "17 mm on A4": _kind(_a4, larger=2),
    "12 megapixels": _kind(_hard, _twelve),
    "fills the photo": _kind(_filled),
    "dark gray paper": _kind(_dark_paper),
    "ruled paper": _kind(_rules(False)),
    "squared paper": _kind(_rules(True)),
    "sheet on a dark desk": _kind(_desk),
    "black frame": _kind(_border),
    "box around the digit": _kind(_box),
    "ballpoint": _kind(_pen("ballpoint")),
    "pencil": _kind(_pen("pencil")),
    "marker": _kind(_pen("marker")),
    "chalk on a board": _kind(_chalk),
    "blurred": _kind(_blurred),
    "noisy": _kind(_noisy),
    "strong JPEG": _kind(_rough),
    "several of these at once": _kind(_everything),
    "16-bit gray PNG": _kind(encode=_sixteen),
    "palette PNG": _kind(encode=_palette),
    "1-bit PNG": _kind(encode=_one_bit),
    "CMYK JPEG": _kind(encode=_cmyk),
    "turned by EXIF": _kind(encode=_turned),
    "WebP": _kind(encode=_webp),
    "animated GIF": _kind(encode=_gif),
    "digit of 28 pixels": _kind(encode=_tiny),
    "MNIST's own image": _own(1),
    "the same, 10 times as large": _own(10),
    "white ink on transparency": _kind(_bare, _transparent(True)),
    "black ink on transparency": _kind(_bare, _transparent(False)),
    "two digits": _kind(_two),
    "blank paper": _kind(_nothing),
}
