"""What manifests of all kinds are made of: what is said of an eraser, its settings, the part of a
photo that it gets, and the files by which it gets that."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from methods._base import Canvas, Text
from methods._own.faults import Fault

Line = Annotated[str, Field(min_length=1, max_length=300)]
Words: TypeAlias = (
    Line | dict[Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[A-Za-z0-9]{2,8})*$")], Line]
)
"""A sentence, or one by language; English, or else the first, speaks for those that it lacks."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Part(BaseModel):
    """A table of the manifest: no key that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PaperPart(Part):
    """Where the method was published."""

    title: Line
    url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=500)]
    year: Annotated[int, Field(ge=1900, le=2200)]


# --- settings ------------------------------------------------------------------------------


class _Setting(Part):
    help: Words


class BoolSetting(_Setting):
    """On or off."""

    type: Literal["bool"]
    default: Annotated[bool, Field(strict=True)]


class IntSetting(_Setting):
    """A whole number."""

    type: Literal["int"]
    default: Annotated[int, Field(strict=True)]
    min: int
    max: int


class FloatSetting(_Setting):
    """A number."""

    type: Literal["float"]
    default: float
    min: float
    max: float


class TextSetting(_Setting):
    """Words."""

    type: Literal["text"]
    default: Annotated[str, Field(max_length=4000)] = ""
    max_length: Annotated[int, Field(ge=1, le=4000)] = 1000


class ChoiceSetting(_Setting):
    """One of several words."""

    type: Literal["choice"]
    choices: Annotated[list[Line], Field(min_length=1, max_length=64)]
    default: Line


SettingPart: TypeAlias = Annotated[
    BoolSetting | IntSetting | FloatSetting | TextSetting | ChoiceSetting,
    Field(discriminator="type"),
]


# --- what all kinds have ---------------------------------------------------------------------


class Manifest(Part):
    """What is said of an eraser, whatever its kind."""

    name: Line | None = None
    summary: Words | None = None
    license: Line = "not stated"
    non_commercial: bool = False
    paper: PaperPart | None = None
    notes: Annotated[list[Words], Field(max_length=10)] = []


class CanvasPart(Part):
    """Which part of a photo the method is given, at which size; see `methods._base.Canvas`.

    whole: the whole picture as it is, neither cropped nor resized.
    """

    whole: bool = False
    square: Annotated[int, Field(ge=8, le=8192)] | None = None
    longest_side: Annotated[int, Field(ge=8, le=16384)] | None = None
    short_side: Annotated[int, Field(ge=8, le=8192)] | None = None
    area: Annotated[int, Field(ge=64, le=64_000_000)] | None = None
    multiple_of: Annotated[int, Field(ge=1, le=1024)] = 1
    context: Annotated[float, Field(ge=0, le=8)] = 0.5
    min_context: Annotated[int, Field(ge=0, le=4096)] = 64
    pieces: Annotated[int, Field(ge=1, le=256)] = 12

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        sizes = (self.square, self.longest_side, self.short_side, self.area)
        given = sum(size is not None for size in sizes)
        if given > 1 or (self.whole and (given or self.multiple_of > 1)):
            raise Fault(Text("own.fault.canvas"))
        return self

    def made(self) -> Canvas:
        """For the geometry."""
        return Canvas(**self.model_dump(exclude={"whole"}))


class PicturesPart(Part):
    """The files that a method reads and writes.

    photo: its format. mask: a picture of one channel, of three, or the photo itself, transparent
    where it is to be erased. erase: the colour of what is to be erased. result: the format that
    is written, by the ending of its name.
    """

    photo: Literal["png", "jpg"] = "png"
    mask: Literal["grey", "rgb", "alpha"] = "grey"
    erase: Literal["white", "black"] = "white"
    result: Literal["png", "jpg", "webp"] = "png"
