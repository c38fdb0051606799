"""What the page may ask for: one model per server function, strict about everything.

Names that are not listed, numbers that are not finite, ids of another shape and lists that
are too long are refused before anything is looked up or computed.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from methods import BadInput
from segmentation import MAX_OBJECTS, PromptedObject
from ui.names import ID_PATTERN, photo_name

MOST_JOBS = 24
MOST_POINTS = 1000
MOST_DILATION = 1000
"""Pixels; the segmentation has its own, narrower range and says so in its own words."""

MOST_SETTINGS = 64
LARGEST_NUMBER = 2**53
"""What a number can be in JavaScript without losing its last digit."""

Id = Annotated[str, Field(pattern=ID_PATTERN)]
ExampleId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
ModelId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
SettingName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
WholeNumber = Annotated[int, Field(strict=True, ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Fraction = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Switch = Annotated[bool, Field(strict=True)]
Words = Annotated[str, Field(strict=True, max_length=4000)]

# Only plain values: a dictionary in here would come back to Gradio in the grid's value,
# and Gradio takes dictionaries of a certain shape for files to hand out.
SettingValue = Switch | WholeNumber | Fraction | Words | None


def _as_photo_name(name: Any) -> Any:
    return photo_name(name) if isinstance(name, str) else name


class Request(BaseModel):
    """Frozen, and an unknown name is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Request):
    """A request that says nothing."""


class OpenPhoto(Request):
    path: Annotated[str, Field(min_length=1, max_length=4096)]
    name: Annotated[str, BeforeValidator(_as_photo_name)] = "photo"


class OpenExample(Request):
    id: ExampleId


class OnePhoto(Request):
    photo: Id


class Prompts(Request):
    """A selection on a photo. dilate: pixels of the photo; negative shrinks."""

    photo: Id
    objects: tuple[PromptedObject, ...] = Field(min_length=1, max_length=MAX_OBJECTS)
    dilate: int = Field(default=0, strict=True, ge=-MOST_DILATION, le=MOST_DILATION)
    segmenter: ModelId | None = None

    @model_validator(mode="after")
    def _not_too_many_points(self) -> Prompts:
        points = sum(len(entry.points) for entry in self.objects)
        if points > MOST_POINTS:
            text = f"{points} points are too many at once; the limit is {MOST_POINTS}."
            raise BadInput(text, "too_many_points", count=points, limit=MOST_POINTS)
        return self


class Segment(Prompts):
    n: int = Field(default=0, strict=True, ge=0, le=LARGEST_NUMBER)


class JobRequest(Request):
    eraser: ModelId
    settings: dict[SettingName, SettingValue] = Field(
        default_factory=dict, max_length=MOST_SETTINGS
    )
    seed: int = Field(default=0, strict=True, ge=0, le=2**32 - 1)


class Erase(Prompts):
    """run: a random id that the page makes, so that it can press Stop at once."""

    run: Id
    jobs: tuple[JobRequest, ...] = Field(min_length=1, max_length=MOST_JOBS)


class OneRun(Request):
    run: Id


class FetchWeights(Request):
    name: Annotated[str, Field(min_length=1, max_length=200)]
