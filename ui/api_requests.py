"""The arguments of the API's endpoints, validated."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from methods import BadInput
from segmentation import MAX_OBJECTS, Box, Point, PromptedObject
from ui.requests import (
    MOST_DILATION,
    MOST_JOBS,
    MOST_POINTS,
    MOST_SETTINGS,
    JobRequest,
    ModelId,
    Request,
    SettingName,
    SettingValue,
)

Number = Annotated[float, Field(allow_inf_nan=False)]
Click = Annotated[tuple[Number, ...], Field(min_length=2, max_length=3)]
Corners = tuple[Number, Number, Number, Number]


class FileArgument(BaseModel):
    """An uploaded file, as Gradio describes it. Its path is checked before it is used."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    path: Annotated[str, Field(min_length=1, max_length=4096)]
    orig_name: str | None = None


class ApiSegment(Request):
    """points, box and level mean one object; objects means several, instead."""

    image: FileArgument
    points: Annotated[tuple[Click, ...], Field(max_length=MOST_POINTS)] = ()
    box: Corners | None = None
    level: Annotated[int, Field(strict=True)] | None = None
    objects: Annotated[tuple[PromptedObject, ...], Field(max_length=MAX_OBJECTS)] = ()
    dilate: int = Field(default=0, strict=True, ge=-MOST_DILATION, le=MOST_DILATION)
    segmenter: ModelId | None = None

    def prompted(self) -> tuple[PromptedObject, ...]:
        """The objects. Raises BadInput, also for two ways of pointing at once."""
        single = bool(self.points) or self.box is not None
        if single and self.objects:
            raise BadInput(
                "Give either points and box, or objects, not both.", "two_kinds_of_prompts"
            )
        return self.objects or (self._single(),)

    def _single(self) -> PromptedObject:
        box = None
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            box = Box(x0=x0, y0=y0, x1=x1, y1=y1)
        points = tuple(_point(click) for click in self.points)
        return PromptedObject.model_validate({"points": points, "box": box, "level": self.level})


class ApiErase(ApiSegment):
    """settings: by eraser's id. mask: instead of prompts."""

    erasers: Annotated[tuple[ModelId, ...], Field(min_length=1, max_length=MOST_JOBS)]
    mask: FileArgument | None = None
    settings: dict[
        ModelId, Annotated[dict[SettingName, SettingValue], Field(max_length=MOST_SETTINGS)]
    ] = Field(default_factory=dict, max_length=MOST_JOBS)
    seed: int = Field(default=0, strict=True, ge=0, le=2**32 - 1)

    @model_validator(mode="after")
    def _one_kind_of_mask(self) -> ApiErase:
        if self.mask is not None and (self.points or self.box or self.objects or self.dilate):
            raise BadInput(
                "Give either a mask, or points, box, objects and dilate, not both.",
                "two_kinds_of_prompts",
            )
        return self

    @model_validator(mode="after")
    def _settings_have_their_eraser(self) -> ApiErase:
        for name in self.settings:
            if name not in self.erasers:
                raise BadInput(
                    f"There are settings for '{name}', which is not among the erasers.",
                    "settings_without_eraser",
                    eraser=name,
                )
        return self

    def jobs(self) -> tuple[JobRequest, ...]:
        return tuple(
            JobRequest(eraser=name, settings=self.settings.get(name, {}), seed=self.seed)
            for name in self.erasers
        )


def _point(click: tuple[float, ...]) -> Point:
    values: dict[str, Any] = dict(zip(("x", "y", "label"), click, strict=False))
    return Point.model_validate(values)
