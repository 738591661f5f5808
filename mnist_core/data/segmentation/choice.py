"""Which of the figures that could be a digit are meant: no sheet, no gap between lines, no frame, nothing far less prominent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnist_core.data.segmentation.components import Components, Mask
from mnist_core.data.segmentation.contrast import Side
from mnist_core.data.segmentation.groups import Box, Group, common, groups, inside, overlap
from mnist_core.data.segmentation.morphology import dilated
from mnist_core.data.segmentation.shapes import could_be_digit, mask_of


@dataclass(frozen=True, eq=False)
class Region:
    """A group that could be a digit, and its pixels."""

    group: Group
    mask: Mask  # in the group's box
    length: float  # of its largest part, by the width of its lines: of digits 10 to 50, of gaps between lines below 10

    @property
    def prominence(self) -> float:
        """How much it strikes the eye; less where it reaches the picture's rim, or has very wide lines."""
        doubts = (1 if self.group.touches else 0) + (1 if self.group.wide else 0)
        return float(self.group.contrast * self.group.area**0.5 / 2**doubts)


def add(regions: list[Region], side: Side) -> None:
    """Add what could be a digit, each at the lowest level at which it does."""
    before = list(regions)
    for level in side.levels():
        pieces, at_level = groups(side, level)
        for group in at_level:
            if not could_be_digit(side, pieces, group):
                continue
            new = _region(pieces, group)
            same = [old for old in regions if old.group.light == side.light and _is_same(old, new)]
            # The lowest level has the most of it; but what is joined to the picture's rim by a ruled line is more than it.
            if all(_gives_way(old, new, old in before) for old in same):
                regions[:] = [region for region in regions if region not in same] + [new]


def _is_same(first: Region, second: Region) -> bool:
    return bool(_shared(first, second) > 0.5 * min(first.mask.sum(), second.mask.sum()))


def _gives_way(old: Region, new: Region, narrow: bool) -> bool:
    """Whether `new` is more of a digit than `old`, which came before; `narrow`: among narrower lines."""
    return old.group.touches > new.group.touches or _sheds(new, old) or (narrow and _completes(new, old))


def _completes(whole: Region, part: Region) -> bool:
    """Whether `whole` is the digit of which `part` has the thin lines only: what it adds is as dark."""
    if whole.group.touches > part.group.touches:
        return False  # a shadow with the digit in it
    darker, more = whole.group.contrast / part.group.contrast, whole.mask.sum() / part.mask.sum()
    return bool(darker >= 1 and (more > 1.4 or (darker > 1.3 and more >= 1)))


def _sheds(new: Region, old: Region) -> bool:
    """Whether `new`, at a higher level, is the same without something faint that reached far: a piece of a rule, a smear."""
    first, second = new.group, old.group
    area_ratio = (first.height * first.width) / (second.height * second.width)
    strength_ratio = (first.contrast * first.area) / (second.contrast * second.area)
    return area_ratio < 0.75 and strength_ratio > 0.7 and first.level < 0.55 * first.contrast


def _shared(first: Region, second: Region) -> int:
    """Pixels in common."""
    return int((first.mask & _moved(second, first.group.box)).sum())


def _region(pieces: Components, group: Group) -> Region:
    largest = max(group.parts, key=lambda part: int(pieces.areas[part]))
    thickness = max(1.0, 2 * float(pieces.areas[largest]) / float(pieces.edges[largest]))
    return Region(group, mask_of(pieces, group), float(pieces.areas[largest]) / thickness**2)


def choose(regions: list[Region]) -> list[Region]:
    """The regions that could be meant: no frame around another, nothing far less prominent than the most prominent."""
    remaining = regions
    for needless in (_is_sheet, _is_gap, _is_frame_of, _is_shadow_beside):
        remaining = [region for region in remaining if not any(needless(region, other) for other in remaining)]
    ranked = sorted(remaining, key=lambda region: -region.prominence)
    distinct: list[Region] = []
    for region in ranked:
        first = ranked[0]
        faint = region.prominence < 0.35 * first.prominence or region.group.contrast < 0.45 * first.group.contrast
        if not faint and not any(_same_place(region.group.box, other.group.box) for other in distinct):
            distinct.append(region)
    return distinct


def _same_place(first: Box, second: Box) -> bool:
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return overlap(first, second) > 0.4 * min(areas)


def _is_gap(region: Region, other: Region) -> bool:
    """Whether `region` is ground between the lines of `other`, of the other polarity: much of its rim is ink."""
    if region.group.light == other.group.light or region.mask.size > other.mask.size or region.length > other.length:
        return False
    return _around(region, other) > 0.25


def _around(region: Region, other: Region) -> float:
    """How much of the rim of `region` belongs to `other`."""
    grown = np.pad(region.mask, 3).astype(np.uint8)
    rim = (dilated(grown, 7) & ~dilated(grown, 3)).astype(np.bool_)
    top, left, bottom, right = region.group.box
    mask = _moved(other, (top - 3, left - 3, bottom + 3, right + 3))
    return float((rim & mask).sum() / max(1, rim.sum()))


def _moved(region: Region, box: Box) -> Mask:
    """Its pixels in another box."""
    page = np.zeros((box[2] - box[0], box[3] - box[1]), np.bool_)
    top, left, bottom, right = common(region.group.box, box)
    if top < bottom and left < right:
        up, west = region.group.box[:2]
        part = region.mask[top - up : bottom - up, left - west : right - west]
        page[top - box[0] : bottom - box[0], left - box[1] : right - box[1]] = part
    return page


def _is_sheet(region: Region, other: Region) -> bool:
    """Whether `region` is the sheet that `other` is written on: around lines that are longer and thinner."""
    top, left, bottom, right = region.group.box
    margin = round(0.05 * region.group.longer)
    free = (top + margin, left + margin, bottom - margin, right - margin)
    if region.group.light == other.group.light or common(other.group.box, free) != other.group.box:
        return False
    clear = other.group.longer >= 0.15 * region.group.longer and other.group.contrast > 0.15 * region.group.contrast
    return clear and other.length > max(12.0, region.length) and _around(other, region) > 0.5


def _is_frame_of(region: Region, other: Region) -> bool:
    """Whether `region` is drawn around `other`: a box, a rim."""
    outer, inner = region.group, other.group
    if outer is inner or outer.light != inner.light or not inside(inner.box, outer.box):
        return False
    clear = inner.height >= 0.15 * outer.height and inner.contrast > 0.4 * outer.contrast
    return clear and not _shared(region, other)


def _is_shadow_beside(region: Region, other: Region) -> bool:
    """Whether `region` is a band of shadow, or a piece of one: from the rim, wider and fainter than `other`."""
    from_rim = region.group.touches > 0 and other.group.touches == 0
    return from_rim and other.length > 2 * region.length and other.group.contrast > 1.2 * region.group.contrast
