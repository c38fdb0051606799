"""What a click means, and a box: another object, or more or less of one that is there.

People point at one thing after the other. So what is pointed at outside the mask is another
object, and inside it says more of the object that lies there; a box drawn around what is selected
draws it anew. A further point that makes the segmenter let go of an earlier one, or take more than
FOURFOLD as much, was not meant for that object: it becomes one of its own. The rule is here and
nowhere else; `segmentation._engine.settling` asks the segmenter what the rule has to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from segmentation._prompts.prompts import (
    MAX_OBJECTS,
    MAX_POINTS,
    Box,
    Coordinate,
    Point,
    Prompt,
    PromptedObject,
    View,
)

FOURFOLD = 4.0
"""A refinement leaves an object at most so many times as large."""

_REDRAWN = 0.5  # of what two boxes cover together, what they share where one replaces the other

How = Literal["meant", "refine", "join", "new"]
"""By the rule; as more of an object; as more of it whatever becomes of it; as another one."""

Meant = Literal["new", "apart", "refines", "joins", "excludes"]
"""Another object; another one because it would have spoilt the one that it was to refine; more of
an object; the same, because it was said; less of it."""

Place = Annotated[int, Field(strict=True, ge=0, lt=MAX_OBJECTS)]


class Gesture(Prompt):
    """A click at x, y, or a box that was drawn.

    label: 1 = what is to be selected, 0 = what is not; of a box always 1. near: the place of the
    object that was being worked on; None = the last one. level, view: of a `PromptedObject` that
    begins with it.
    """

    x: Coordinate | None = None
    y: Coordinate | None = None
    label: Literal[0, 1] = 1
    box: Box | None = None
    how: How = "meant"
    near: Place | None = None
    level: Literal[0, 1, 2] | None = None
    view: View | None = None

    @model_validator(mode="after")
    def _points_somewhere(self) -> Gesture:
        if self.box is None:
            _ = self.point
        return self

    @property
    def point(self) -> Point:
        """Where it points. Raises BadInput for one that points nowhere."""
        return Point.model_validate({"x": self.x, "y": self.y, "label": self.label})

    def begins(self) -> PromptedObject:
        """The object that begins with it."""
        points = () if self.box is not None else (self.point,)
        return PromptedObject(points=points, box=self.box, level=self.level, view=self.view)


Gestures = Annotated[tuple[Gesture, ...], Field(max_length=MAX_POINTS)]


class Standing(NamedTuple):
    """How an object stands to a click. area: share of the photo; holds: whether its mask, as grown,
    or its box has the click in it."""

    on: bool
    holds: bool
    area: float


class Reading(NamedTuple):
    """An object as the segmenter reads it. area: share of the photo. holds: for each of its
    earlier points whether it is in the mask."""

    area: float
    holds: tuple[bool, ...]


def target(click: Gesture, standings: Sequence[Standing]) -> int | None:
    """The place of the object that a click says more of; None = it is another object."""
    near = near_of(click, len(standings))
    if click.how == "new" or near is None:
        return None
    if click.how == "join":
        return near
    holding = [place for place, each in enumerate(standings) if each.on and each.holds]
    if near in holding:
        return near
    if holding:
        return min(holding, key=lambda place: standings[place].area)
    return near if click.how == "refine" or not click.label else None


def redrawn(drawn: Gesture, objects: Sequence[PromptedObject]) -> int | None:
    """The place of the object whose box a drawn box is; None = it is another object's."""
    near = near_of(drawn, len(objects))
    if drawn.how == "new" or near is None or drawn.box is None:
        return None
    if drawn.how != "meant":
        return near
    alike = [place for place, each in enumerate(objects) if each.on and _frames(drawn.box, each)]
    return near if near in alike else next(iter(alike), None)


def keeps(before: Reading, after: Reading) -> bool:
    """Whether a further point leaves an object what it was: no earlier point is let go of, and it
    is at most FOURFOLD as large."""
    lost = any(was and not still for was, still in zip(before.holds, after.holds, strict=True))
    return not lost and (before.area == 0 or after.area <= FOURFOLD * before.area)


def near_of(gesture: Gesture, count: int) -> int | None:
    """The place of the object that was being worked on, of `count`; None where there is none."""
    if not count:
        return None
    return count - 1 if gesture.near is None else min(gesture.near, count - 1)


def _frames(box: Box, entry: PromptedObject) -> bool:
    """Whether a box goes around what an object was pointed at by."""
    if entry.box is not None:
        return _overlap(box, entry.box) >= _REDRAWN
    return all(box.x0 <= p.x <= box.x1 and box.y0 <= p.y <= box.y1 for p in entry.positive)


def _overlap(one: Box, other: Box) -> float:
    """What two boxes share, of what they cover together."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    shared = max(width, 0) * max(height, 0)
    return shared / (_area(one) + _area(other) - shared)


def _area(box: Box) -> float:
    return (box.x1 - box.x0) * (box.y1 - box.y0)
