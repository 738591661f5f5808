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
class Seen:
    """A group that could be a digit, and its pixels."""

    group: Group
    mask: Mask  # in the group's box
    length: float  # of its largest part, by the width of its lines: of digits 10 to 50, of gaps between lines below 10

    @property
    def prominence(self) -> float:
        """How much it strikes the eye; less where it reaches the picture's rim, or has very wide lines."""
        doubts = (1 if self.group.touches else 0) + (1 if self.group.wide else 0)
        return float(self.group.contrast * self.group.area**0.5 / 2**doubts)


def add(found: list[Seen], side: Side) -> None:
    """Add what could be a digit, each at the lowest level at which it does."""
    before = list(found)
    for level in side.levels():
        pieces, at_level = groups(side, level)
        for group in at_level:
            if not could_be_digit(side, pieces, group):
                continue
            new = _seen(pieces, group)
            same = [
                one
                for one in found
                if one.group.light == side.light and _shared(one, new) > 0.5 * min(one.mask.sum(), new.mask.sum())
            ]
            # The lowest level has the most of it; but what is joined to the picture's rim by a ruled line is more than it.
            if all(_gives_way(one, new, one in before) for one in same):
                found[:] = [one for one in found if one not in same] + [new]


def _gives_way(old: Seen, new: Seen, narrow: bool) -> bool:
    """Whether `new` is more of a digit than `old`, which was found before; `narrow`: among narrower lines."""
    return old.group.touches > new.group.touches or _sheds(new, old) or (narrow and _completes(new, old))


def _completes(whole: Seen, part: Seen) -> bool:
    """Whether `whole` is the digit of which `part` has the thin lines only: what it adds is as dark."""
    if whole.group.touches > part.group.touches:
        return False  # a shadow with the digit in it
    darker, more = whole.group.contrast / part.group.contrast, whole.mask.sum() / part.mask.sum()
    return bool(darker >= 1 and (more > 1.4 or (darker > 1.3 and more >= 1)))


def _sheds(new: Seen, old: Seen) -> bool:
    """Whether `new`, at a higher level, is the same without something faint that reached far: a piece of a rule, a smear."""
    size = [(one.group.height * one.group.width, one.group.contrast * one.group.area) for one in (new, old)]
    smaller, kept = (first / second for first, second in zip(*size, strict=True))
    return smaller < 0.75 and kept > 0.7 and new.group.level < 0.55 * new.group.contrast


def _shared(one: Seen, other: Seen) -> int:
    """Pixels of both."""
    return int((one.mask & _moved(other, one.group.box)).sum())


def _seen(pieces: Components, group: Group) -> Seen:
    largest = max(group.parts, key=lambda part: int(pieces.areas[part]))
    thickness = max(1.0, 2 * float(pieces.areas[largest]) / float(pieces.edges[largest]))
    return Seen(group, mask_of(pieces, group), float(pieces.areas[largest]) / thickness**2)


def chosen(seen: list[Seen]) -> list[Seen]:
    """Those that could be meant: no frame around another, nothing far less prominent than the most prominent."""
    left = seen
    for needless in (_is_sheet, _is_gap, _is_frame_of, _is_shadow_beside):
        left = [one for one in left if not any(needless(one, other) for other in left)]
    ranked = sorted(left, key=lambda one: -one.prominence)
    found: list[Seen] = []
    for one in ranked:
        first = ranked[0]
        faint = one.prominence < 0.35 * first.prominence or one.group.contrast < 0.45 * first.group.contrast
        if not faint and not any(_same_place(one.group.box, other.group.box) for other in found):
            found.append(one)
    return found


def _same_place(one: Box, other: Box) -> bool:
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return overlap(one, other) > 0.4 * min(areas)


def _is_gap(one: Seen, other: Seen) -> bool:
    """Whether `one` is ground between the lines of `other`, which is of the other polarity: its rim is ink in good part."""
    if one.group.light == other.group.light or one.mask.size > other.mask.size or one.length > other.length:
        return False
    return _around(one, other) > 0.25


def _around(one: Seen, other: Seen) -> float:
    """How much of the rim of `one` belongs to `other`."""
    grown = np.pad(one.mask, 3).astype(np.uint8)
    rim = (dilated(grown, 7) & ~dilated(grown, 3)).astype(np.bool_)
    top, left, bottom, right = one.group.box
    there = _moved(other, (top - 3, left - 3, bottom + 3, right + 3))
    return float((rim & there).sum() / max(1, rim.sum()))


def _moved(seen: Seen, box: Box) -> Mask:
    """Its pixels in another box."""
    page = np.zeros((box[2] - box[0], box[3] - box[1]), np.bool_)
    top, left, bottom, right = common(seen.group.box, box)
    if top < bottom and left < right:
        up, west = seen.group.box[:2]
        part = seen.mask[top - up : bottom - up, left - west : right - west]
        page[top - box[0] : bottom - box[0], left - box[1] : right - box[1]] = part
    return page


def _is_sheet(one: Seen, other: Seen) -> bool:
    """Whether `one` is the sheet that `other` is written on: it is around lines that are longer and thinner than it is."""
    top, left, bottom, right = one.group.box
    margin = round(0.05 * one.group.longer)
    free = (top + margin, left + margin, bottom - margin, right - margin)
    if one.group.light == other.group.light or common(other.group.box, free) != other.group.box:
        return False
    clear = other.group.longer >= 0.15 * one.group.longer and other.group.contrast > 0.15 * one.group.contrast
    return clear and other.length > max(12.0, one.length) and _around(other, one) > 0.5


def _is_frame_of(one: Seen, other: Seen) -> bool:
    """Whether `one` is drawn around `other`: a box, a rim."""
    outer, inner = one.group, other.group
    if outer is inner or outer.light != inner.light or not inside(inner.box, outer.box):
        return False
    clear = inner.height >= 0.15 * outer.height and inner.contrast > 0.4 * outer.contrast
    return clear and not _shared(one, other)


def _is_shadow_beside(one: Seen, other: Seen) -> bool:
    """Whether `one` is a band of shadow, or a piece of one: it comes from the rim, is wider and fainter than the lines of `other`."""
    from_rim = one.group.touches > 0 and other.group.touches == 0
    return from_rim and other.length > 2 * one.length and other.group.contrast > 1.2 * one.group.contrast
