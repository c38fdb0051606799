"""From gestures, in the order in which they were made, to objects: the rule is in `clicks`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from segmentation._engine.closer import Mixed
from segmentation._engine.looking import Answers, Tiles, found
from segmentation._engine.selection import chosen_level
from segmentation._prompts.clicks import Gesture, Meant, Reading, Standing, keeps, redrawn, target
from segmentation._prompts.prompts import (
    Box,
    Point,
    PromptedObject,
    check_count,
    check_not_too_many,
)
from segmentation._prompts.shape import Shape
from segmentation._segmenter import Candidates, Embedding, Segmenter

_RIM = 2.0  # cells of the network's answer by which an outline may move without letting go


class Understood(NamedTuple):
    """What a gesture was understood as. object: the place of the object that has it now; beside:
    of one that it would have spoilt, and may be joined to all the same."""

    meant: Meant
    object: int
    beside: int | None = None


class Settled(NamedTuple):
    """The objects with all gestures in them, and for each gesture what it was understood as."""

    objects: tuple[PromptedObject, ...]
    understood: tuple[Understood, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What gestures are made on. shape, tiles: as in `select`."""

    segmenter: Segmenter
    embedding: Embedding
    shape: Shape = field(default_factory=Shape)
    tiles: Tiles | None = None

    def seen(self, entry: PromptedObject) -> Seen:
        """What the segmenter makes of an object. Raises BadInput for what lies off the photo."""
        placed = entry.on_photo(self.embedding.size)
        clean = self.shape.drop_speckles
        answers = found(self.segmenter, self.embedding, placed, clean, self.tiles).answers
        level = chosen_level(placed.model_copy(update={"on": True}), answers)
        return Seen(placed, answers, answers.best if level is None else level)

    def growth(self, area: float) -> float:
        """By how many pixels of the photo a mask of this share of it is grown; never under 0."""
        if self.shape.dilate_unit == "px":
            return max(0.0, self.shape.dilate)
        return max(0.0, self.shape.dilate / 100 * math.sqrt(area * math.prod(self.embedding.size)))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """An object with the segmenter's answers and the one that is taken."""

    entry: PromptedObject
    answers: Answers
    level: int

    @property
    def area(self) -> float:
        """The share of the photo that it covers."""
        return self.answers.areas[self.level]

    def holds(self, point: Point, reach: float = 0.0) -> bool:
        """Whether a point lies in the mask, or within `reach` pixels of the photo of it."""
        if any(_within(point, box) for box in self.entry.negative_boxes):
            return False
        return _holds(*_single(self.answers, self.level), point, reach)

    def frames(self, point: Point) -> bool:
        """Whether a point lies in the box that was drawn around it."""
        box = self.entry.box
        return box is not None and _within(point, box)

    def reading(self, points: Sequence[Point]) -> Reading:
        """What it holds of some points."""
        rim = _RIM * _cell(_single(self.answers, self.level)[0])
        return Reading(self.area, tuple(self.holds(point, rim) for point in points))


def settle(
    ground: Ground, objects: Sequence[PromptedObject], gestures: Sequence[Gesture]
) -> Settled:
    """The objects, with gestures that were made on them one after the other.

    An object is never taken away, and keeps its place. Points that were excluded before there is
    any object belong to the first one. Raises BadInput for what lies off the photo, for too many
    objects, and where in the end there is none.
    """
    made = list(objects)
    waiting: list[Point] = []
    understood: list[Understood] = []
    for gesture in gestures:
        if not made and not gesture.label and gesture.box is None:
            waiting.append(gesture.point)
            understood.append(Understood("excludes", 0))
            continue
        understood.append(_take(ground, made, gesture))
        if waiting and made:
            made[0] = _with_points(made[0], waiting)
            waiting.clear()
    check_count(len(made))
    return Settled(tuple(made), tuple(understood))


def _take(ground: Ground, made: list[PromptedObject], gesture: Gesture) -> Understood:
    if gesture.box is not None:
        return _take_box(ground, made, gesture)
    point = gesture.point
    seen = [ground.seen(entry) for entry in made]
    standings = [_standing(ground, each, point) for each in seen]
    place = target(gesture, standings)
    if place is None:
        return _begin(ground, made, gesture, "new")
    if not point.label:
        return _exclude(made, standings, place, point)
    more = _with_points(made[place], [point])
    if gesture.how == "join":
        made[place] = more
        return Understood("joins", place)
    earlier = made[place].positive
    if not keeps(seen[place].reading(earlier), ground.seen(more).reading(earlier)):
        return _begin(ground, made, gesture, "apart", beside=place)
    made[place] = more
    return Understood("refines", place)


def _take_box(ground: Ground, made: list[PromptedObject], gesture: Gesture) -> Understood:
    place = redrawn(gesture, made)
    if place is None:
        return _begin(ground, made, gesture, "new")
    update = {"box": gesture.box, "level": gesture.level, "view": gesture.view}
    made[place] = made[place].model_copy(update=update).on_photo(ground.embedding.size)
    return Understood("refines", place)


def _begin(
    ground: Ground,
    made: list[PromptedObject],
    gesture: Gesture,
    meant: Meant,
    beside: int | None = None,
) -> Understood:
    check_not_too_many(len(made) + 1)
    made.append(gesture.begins().on_photo(ground.embedding.size))
    return Understood(meant, len(made) - 1, beside)


def _exclude(
    made: list[PromptedObject], standings: Sequence[Standing], place: int, point: Point
) -> Understood:
    """What does not belong is taken from each object that has it, else it would still be there."""
    having = {n for n, each in enumerate(standings) if each.on and each.holds} | {place}
    for each in having:
        made[each] = _with_points(made[each], [point])
    return Understood("excludes", place)


def _standing(ground: Ground, seen: Seen, point: Point) -> Standing:
    holds = seen.holds(point, ground.growth(seen.area)) or (point.label and seen.frames(point))
    return Standing(seen.entry.on, bool(holds), seen.area)


def _within(point: Point, box: Box) -> bool:
    return box.x0 <= point.x < box.x1 and box.y0 <= point.y < box.y1


def _with_points(entry: PromptedObject, points: Sequence[Point]) -> PromptedObject:
    fields = entry.model_dump() | {"points": (*entry.points, *points)}
    return PromptedObject.model_validate(fields)


# --- the network's answer at a place -------------------------------------------------------


def _single(answers: Answers, level: int) -> tuple[Candidates, int]:
    return (answers.parts[level], 0) if isinstance(answers, Mixed) else (answers, level)


def _holds(answers: Candidates, level: int, point: Point, reach: float) -> bool:
    """Read off the logits, as finely as the mask would show it, which need not be made for it."""
    left, top = (0, 0) if answers.tile is None else answers.tile[:2]
    shown = answers.frame.shown(answers.logits)[level]
    cell = _cell(answers)
    column, row = (point.x - left + 0.5) / cell - 0.5, (point.y - top + 0.5) / cell - 0.5
    if not (-0.5 <= column <= shown.shape[1] and -0.5 <= row <= shown.shape[0]):
        return False
    if float(cv2.getRectSubPix(np.ascontiguousarray(shown), (1, 1), (column, row))[0, 0]) > 0:
        return True
    return _is_near(shown, row, column, reach / cell)


def _is_near(shown: np.ndarray, row: float, column: float, reach: float) -> bool:
    """Whether a cell above 0 lies within `reach` cells."""
    if reach < 0.5:
        return False
    top, left = max(0, math.ceil(row - reach)), max(0, math.ceil(column - reach))
    part = shown[top : math.floor(row + reach) + 1, left : math.floor(column + reach) + 1] > 0
    rows, columns = np.nonzero(part)
    return bool((np.hypot(rows + top - row, columns + left - column) <= reach).any())


def _cell(answers: Candidates) -> float:
    """How many pixels of the photo one of its logits stands for."""
    width = answers.size[1] if answers.tile is None else answers.tile.width
    height = answers.size[0] if answers.tile is None else answers.tile.height
    rows, columns = answers.frame.shown(answers.logits).shape[1:]
    return max(width, height) / max(rows, columns)
