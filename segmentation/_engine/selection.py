"""From the objects that a user points at, and all that goes with them, to one mask.

Each object's level is cleaned of the network's speckles and pinholes on its logits, where
that costs a fraction of a millisecond and comes out alike at every size; what follows is
`compose`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np

from methods import BoundedCache, Mask
from segmentation._masks.compose import Spots, box_pixels, compose
from segmentation._masks.masks import SPECKLE, drop_speckles, fill_holes
from segmentation._prompts.prompts import Box, Point, PromptedObject, check_count
from segmentation._prompts.shape import Shape, check_dilate
from segmentation._prompts.strokes import Stroke
from segmentation._segmenter import Candidates, Embedding, Segmenter

_Key = tuple[str, str, tuple[int, int], PromptedObject, bool]
_candidates: BoundedCache[_Key, Candidates] = BoundedCache(64 * 2**20, newest_always=True)


class Level(NamedTuple):
    """One candidate: the segmenter's own estimate of its quality, and its share of the photo."""

    score: float
    area: float


class Extent(NamedTuple):
    """How much of the photo an object covers, 0 … 1, and its box in pixels of the photo,
    x0, y0, x1, y1, right and bottom exclusive."""

    area: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """A mask and how it came about.

    mask: bool, of the photo's size or smaller; may be empty where it was shrunk away.
    core: the same before it was loosened, grown and inverted. levels: for each object its
    candidates, smallest first. chosen: for each object which of them is in the mask, None
    for one that is off. extents: of each object less its negative boxes; None for one that
    is off or of which nothing is left. area: share of the photo that the mask covers.
    """

    mask: Mask
    core: Mask
    levels: tuple[tuple[Level, ...], ...]
    chosen: tuple[int | None, ...]
    extents: tuple[Extent | None, ...]
    area: float


def select(
    segmenter: Segmenter,
    embedding: Embedding,
    objects: Sequence[PromptedObject],
    *,
    upload: Mask | None = None,
    strokes: Sequence[Stroke] = (),
    shape: Shape | None = None,
    dilate: float | None = None,
    longest_side: int | None = None,
) -> Selected:
    """The union of the objects that are on, with strokes and an uploaded mask, in its shape.

    upload, strokes, shape: see `compose`. dilate: instead of a shape, pixels of the photo,
    -64 … 256, negative shrinks. longest_side: the mask's longer side for showing;
    None = the photo's own size, for erasing. The same objects with another level, shape or
    size run no network. Raises BadInput for no objects, too many, or what lies outside the photo.
    """
    check_count(len(objects))
    if dilate is not None:
        check_dilate(dilate)
    placed = [entry.on_photo(embedding.size) for entry in objects]
    shape = shape or Shape(dilate=dilate or 0.0)
    found = [_found(segmenter, embedding, entry, shape.drop_speckles) for entry in placed]
    chosen = tuple(map(_chosen, placed, found))
    extents: list[Extent | None] = [None] * len(placed)
    on = [place for place, entry in enumerate(placed) if entry.on]

    def masks() -> Iterator[tuple[Mask, Sequence[Box]]]:
        """One after the other, since many at the photo's full size need much memory."""
        for place in on:
            mask, boxes = (
                found[place].mask(chosen[place], longest_side),
                placed[place].negative_boxes,
            )
            extents[place] = _extent(mask, boxes, max(embedding.size))
            yield mask, boxes

    composed = compose(
        embedding.size,
        masks(),
        upload=upload,
        strokes=strokes,
        shape=shape,
        wanted=_spots(placed[place].positive for place in on),
        unwanted=_spots(placed[place].negative for place in on),
        longest_side=longest_side,
    )
    levels = tuple(
        tuple(Level(float(s), a) for s, a in zip(each.scores, each.areas, strict=True))
        for each in found
    )
    return Selected(
        composed.mask, composed.core, levels, chosen, tuple(extents), area_of(composed.mask)
    )


def select_drawn(
    size: tuple[int, int],
    *,
    upload: Mask | None = None,
    strokes: Sequence[Stroke] = (),
    shape: Shape | None = None,
    longest_side: int | None = None,
) -> Selected:
    """The same without objects, on a photo of `size` = (H, W): no segmenter is asked.

    Raises BadInput where there is neither an uploaded mask nor a stroke.
    """
    if upload is None:
        check_count(len(strokes) and 1)
    composed = compose(size, upload=upload, strokes=strokes, shape=shape, longest_side=longest_side)
    return Selected(composed.mask, composed.core, (), (), (), area_of(composed.mask))


def area_of(mask: Mask) -> float:
    """The share of the photo that a mask covers, 0 … 1."""
    return int(np.count_nonzero(mask)) / mask.size


def _chosen(entry: PromptedObject, candidates: Candidates) -> int | None:
    if not entry.on:
        return None
    if entry.level is None:
        return candidates.best
    return min(entry.level, len(candidates.scores) - 1)


def _spots(points: Iterable[tuple[Point, ...]]) -> Spots:
    return [(point.x, point.y) for few in points for point in few]


def _extent(mask: Mask, boxes: Sequence[Box], longest: int) -> Extent | None:
    scale = max(mask.shape) / longest
    if boxes:
        mask = mask.copy()
        for box in boxes:
            mask[box_pixels(box, scale)] = False
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return None
    corners = x / scale, y / scale, (x + width) / scale, (y + height) / scale
    return Extent(area_of(mask), corners)


def _found(
    segmenter: Segmenter, embedding: Embedding, entry: PromptedObject, clean: bool
) -> Candidates:
    """The candidates for one object, from the cache where it was asked before."""
    asked = entry.asked()

    def get(clean: bool) -> Candidates:
        key = (embedding.model, embedding.key, embedding.size, asked, clean)
        return _candidates.get(key, make_clean if clean else make)

    def make() -> Candidates:
        return segmenter.segment(embedding, asked)

    def make_clean() -> Candidates:
        return cleaned(get(False), asked)

    return get(clean)


def cleaned(candidates: Candidates, entry: PromptedObject) -> Candidates:
    """Without speckles and pinholes, except where the user has clicked into one.

    Logits of a speckle change their sign: enlarged by interpolation they stay negative,
    so the speckle is gone at every size of the mask.
    """
    frame, (height, width) = candidates.frame, candidates.size
    logits = candidates.logits.copy()
    shown = frame.shown(logits)  # a view
    down, right = shown.shape[1] / height, shown.shape[2] / width

    def moved(points: tuple[Point, ...]) -> list[tuple[float, float]]:
        return [(point.x * right, point.y * down) for point in points]

    for part in shown:
        mask = part > 0
        clean = drop_speckles(mask, SPECKLE, moved(entry.positive))
        clean = fill_holes(clean, SPECKLE, moved(entry.negative))
        part[mask != clean] *= -1
    return replace(candidates, logits=logits)
