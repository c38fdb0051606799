"""What a user points at: points, boxes, an object made of them.

Coordinates are pixels of the photo, x to the right and y down, as segment-anything counts
them: the centre of the top left pixel is (0, 0). Fractions are welcome. Everything here
comes from the network, so whatever cannot be used raises BadInput with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from methods import BadInput

MAX_POINTS = 64
"""Points of one object; SAM was trained with at most about 16."""

MAX_OBJECTS = 32
"""Objects of one selection."""

MAX_NEGATIVE_BOXES = 16
"""Boxes that cut pieces off one object."""

_LIMIT = 1e6  # no photo is wider; keeps sums of coordinates far from overflow
Coordinate = Annotated[float, Field(ge=-_LIMIT, le=_LIMIT, allow_inf_nan=False)]
View = Annotated[float, Field(ge=1, le=_LIMIT, allow_inf_nan=False, strict=True)]


class Prompt(BaseModel):
    """Frozen, strict about names, and a UserError when it cannot be built."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise _bad_prompt(cls.__name__, error) from None


def _bad_prompt(model: str, error: ValidationError) -> BadInput:
    """One sentence on the first thing that is wrong; never the value itself, it may be huge."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "too_long" and first["loc"][-1:] == ("points",):
        limit = MAX_POINTS
        return BadInput("too_many_points", limit=limit)
    field = ".".join(str(part)[:40] for part in first["loc"]) or "value"
    reason = first["msg"][:120]
    return BadInput("bad_prompt", model=model, field=field, reason=reason)


class Point(Prompt):
    """A click. label: 1 = belongs to the object, 0 = does not."""

    x: Coordinate
    y: Coordinate
    label: Literal[0, 1] = 1


class Box(Prompt):
    """A rectangle around the object; the right and bottom sides are exclusive."""

    x0: Coordinate
    y0: Coordinate
    x1: Coordinate
    y1: Coordinate

    @model_validator(mode="after")
    def _has_area(self) -> Box:
        if self.x1 <= self.x0 or self.y1 <= self.y0:
            raise BadInput("empty_box")
        return self

    def clipped(self, size: tuple[int, int]) -> Box:
        """The part of the box that lies on a photo of size (H, W). BadInput if there is none."""
        height, width = size
        x0, y0 = max(self.x0, 0.0), max(self.y0, 0.0)
        x1, y1 = min(self.x1, float(width)), min(self.y1, float(height))
        if x1 <= x0 or y1 <= y0:
            raise BadInput("box_outside", width=width, height=height)
        return self.model_copy(update={"x0": x0, "y0": y0, "x1": x1, "y1": y1})


class PromptedObject(Prompt):
    """One object: points, a box or both, and which of the segmenter's levels is meant.

    negative_boxes: what lies in them is cut off the object. level: 0 = the smallest
    candidate (a part), 2 = the largest (the whole); None = the segmenter's own choice. A
    segmenter with fewer levels uses its last one. on: False keeps it out of the mask. view: the
    longer side, in pixels of the photo, of the part that was to be seen when the object was
    pointed at; None = all of the photo, or not known. It is written only where it is known.
    """

    points: tuple[Point, ...] = Field(default=(), max_length=MAX_POINTS)
    box: Box | None = None
    negative_boxes: tuple[Box, ...] = Field(default=(), max_length=MAX_NEGATIVE_BOXES)
    level: Literal[0, 1, 2] | None = None
    on: bool = Field(default=True, strict=True)
    view: View | None = None

    @model_serializer(mode="wrap")
    def _without_unknown_view(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """So that files that need nothing new can be opened by older programs."""
        plain: dict[str, Any] = handler(self)
        return {name: value for name, value in plain.items() if name != "view" or value is not None}

    @model_validator(mode="after")
    def _points_at_something(self) -> PromptedObject:
        if self.box is None and not any(point.label == 1 for point in self.points):
            raise BadInput("no_prompts")
        return self

    @property
    def positive(self) -> tuple[Point, ...]:
        """The points that belong to the object."""
        return tuple(point for point in self.points if point.label == 1)

    @property
    def negative(self) -> tuple[Point, ...]:
        """The points that do not."""
        return tuple(point for point in self.points if point.label == 0)

    def on_photo(self, size: tuple[int, int]) -> PromptedObject:
        """This object with its boxes cut to a photo of size (H, W).

        Raises BadInput for a point outside the photo or a box that misses it. A box may
        hang over the edge, since that is how one drags around an object at the edge.
        """
        height, width = size
        for point in self.points:
            if not (0 <= point.x <= width and 0 <= point.y <= height):
                raise BadInput("point_outside", x=point.x, y=point.y, width=width, height=height)
        box = None if self.box is None else self.box.clipped(size)
        negative = tuple(entry.clipped(size) for entry in self.negative_boxes)
        return self.model_copy(update={"box": box, "negative_boxes": negative})

    def asked(self) -> PromptedObject:
        """Only what the segmenter's answer depends on: without level, negative boxes and on."""
        return self.model_copy(update={"level": None, "negative_boxes": (), "on": True})


def parse_objects(data: object) -> tuple[PromptedObject, ...]:
    """The objects in untrusted data: a list of what `PromptedObject` accepts.

    Raises BadInput for anything else, for an empty list and for more than MAX_OBJECTS.
    """
    if not isinstance(data, Sequence) or isinstance(data, str | bytes):
        raise BadInput("bad_prompt.no_list")
    check_count(len(data))
    return tuple(PromptedObject.model_validate(entry) for entry in data)


def check_count(count: int) -> None:
    """Raise BadInput unless 1 … MAX_OBJECTS objects are given."""
    if count == 0:
        raise BadInput("no_prompts")
    check_not_too_many(count)


def check_not_too_many(count: int) -> None:
    """Raise BadInput for more than MAX_OBJECTS objects."""
    if count > MAX_OBJECTS:
        raise BadInput("too_many_objects", count=count, limit=MAX_OBJECTS)


def counted(check: Callable[[int], None]) -> BeforeValidator:
    """For a field that is a list: its length is checked before anything in it is looked at."""

    def before(value: object) -> object:
        if isinstance(value, list | tuple):
            check(len(value))
        return value

    return BeforeValidator(before)


Objects = Annotated[tuple[PromptedObject, ...], counted(check_not_too_many)]
"""A field of a model: any number of objects up to MAX_OBJECTS, also none."""


def shown_size(size: tuple[int, int], longest_side: int | None) -> tuple[int, int]:
    """(H, W) scaled down so that its longer side is at most `longest_side` pixels."""
    longest = max(size)
    if longest_side is None or longest_side >= longest:
        return size
    if longest_side < 1:
        raise BadInput("bad_size")
    height, width = (max(1, round(side * longest_side / longest)) for side in size)
    return height, width
