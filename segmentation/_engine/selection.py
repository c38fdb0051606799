"""From the objects that a user points at, and all that goes with them, to one mask.

`looking` finds the answers to each object, one of them is chosen, and what follows is `compose`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from methods import Mask
from segmentation._engine.closer import EVERYTHING
from segmentation._engine.looking import Answers, Look, Tiles, found
from segmentation._masks.compose import Spots, box_pixels, compose
from segmentation._prompts.prompts import Box, Point, PromptedObject, check_count
from segmentation._prompts.shape import Shape, check_dilate
from segmentation._prompts.strokes import Stroke
from segmentation._segmenter import Embedding, Segmenter

_SOUND = 0.75  # score of a smaller candidate that is taken rather than nearly the whole photo


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
    looks: for each object whether its whole photo or a closer look has answered; "waiting" where
    one is due and `tiles` could not give it. everything: whether an object is nearly the whole
    photo although nobody has drawn a box or chosen that level: it is not to be taken silently.
    """

    mask: Mask
    core: Mask
    levels: tuple[tuple[Level, ...], ...]
    chosen: tuple[int | None, ...]
    extents: tuple[Extent | None, ...]
    area: float
    looks: tuple[Look, ...] = ()
    everything: bool = False


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
    tiles: Tiles | None = None,
) -> Selected:
    """The union of the objects that are on, with strokes and an uploaded mask, in its shape.

    upload, strokes, shape: see `compose`. dilate: instead of a shape, pixels of the photo,
    -64 … 256, negative shrinks. longest_side: the mask's longer side for showing;
    None = the photo's own size, for erasing. tiles: gives parts of the photo, for what the whole
    is too coarse for; None = only the whole photo is looked at. The same objects with another
    level, shape or size run no network. Raises BadInput for no objects, too many, or what lies
    outside the photo.
    """
    check_count(len(objects))
    if dilate is not None:
        check_dilate(dilate)
    placed = [entry.on_photo(embedding.size) for entry in objects]
    shape = shape or Shape(dilate=dilate or 0.0)
    each = [found(segmenter, embedding, entry, shape.drop_speckles, tiles) for entry in placed]
    answers = [one.answers for one in each]
    chosen = tuple(map(chosen_level, placed, answers))
    extents: list[Extent | None] = [None] * len(placed)
    on = [place for place, entry in enumerate(placed) if entry.on]

    def masks() -> Iterator[tuple[Mask, Sequence[Box]]]:
        """One after the other, since many at the photo's full size need much memory."""
        for place in on:
            mask, boxes = (
                answers[place].mask(chosen[place], longest_side),
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
        tuple(Level(float(s), a) for s, a in zip(one.scores, one.areas, strict=True))
        for one in answers
    )
    return Selected(
        composed.mask,
        composed.core,
        levels,
        chosen,
        tuple(extents),
        area_of(composed.mask),
        tuple(one.look for one in each),
        any(map(_is_everything, placed, answers, chosen)),
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


def chosen_level(entry: PromptedObject, answers: Answers) -> int | None:
    """Which of its answers an object is in the mask with; None where it is off."""
    if not entry.on:
        return None
    if entry.level is not None:
        return min(entry.level, len(answers.scores) - 1)
    if not _is_everything(entry, answers, answers.best):
        return answers.best
    return max(_smaller(answers), key=lambda level: answers.areas[level], default=answers.best)


def _smaller(answers: Answers) -> list[int]:
    """The levels that are sound, and not nearly the whole photo."""
    rated = enumerate(zip(answers.scores, answers.areas, strict=True))
    return [n for n, (score, area) in rated if score >= _SOUND and 0 < area <= EVERYTHING]


def _is_everything(entry: PromptedObject, answers: Answers, level: int | None) -> bool:
    """Whether a level is nearly the whole photo, and nobody has said that it is meant."""
    if level is None or entry.level is not None or entry.box is not None:
        return False
    return answers.areas[level] > EVERYTHING


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
