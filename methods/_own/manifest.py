"""What an owner's NAME.toml may say: its keys, their types and their bounds.

docs/own-eraser.schema.json is made of these models, so that editors complete them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from methods._base import Canvas, Text
from methods._own import template
from methods._own.faults import Fault, of_manifest, of_toml, suggested

Line = Annotated[str, Field(min_length=1, max_length=300)]
Words: TypeAlias = (
    Line | dict[Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[A-Za-z0-9]{2,8})*$")], Line]
)
"""A sentence, or one by language; English, or else the first, speaks for those that it lacks."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

MOST_BYTES = 256 * 1024
"""Of a manifest."""


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


class CommandPart(Part):
    """How the program is called. run: its name and its arguments. folder: where it runs, beside the
    manifest. environment: further variables; keep: names of variables of this program's own
    environment that it gets. seconds: for one picture, and for loading."""

    run: Annotated[
        list[Annotated[str, Field(max_length=4000)]], Field(min_length=1, max_length=200)
    ]
    folder: str = "."
    environment: dict[Variable, str] = {}
    keep: list[Variable] = []
    seconds: Annotated[float, Field(gt=0, le=86400)] = 600
    stays: bool = False


class CommandManifest(Manifest):
    """A program of its own environment: once for each picture, or kept running (`stays`)."""

    kind: Literal["command"]
    learned: bool = True
    seeded: bool = True
    devices: Annotated[list[Literal["cuda", "mps", "cpu"]], Field(min_length=1)] = ["cpu"]
    memory_gb: Annotated[float, Field(ge=0, le=1000)] = 0
    sees_object: bool | None = None
    command: CommandPart
    pictures: PicturesPart = PicturesPart()
    canvas: CanvasPart = CanvasPart()
    settings: Annotated[dict[Name, SettingPart], Field(max_length=60)] = {}

    @model_validator(mode="after")
    def _names(self) -> Self:
        known = [*template.PICTURES, *template.VALUES, *(f"settings.{n}" for n in self.settings)]
        used = [name for word in self.command.run for name in template.names_in(word)]
        for name in used:
            if name not in known:
                raise Fault(suggested(name, known), place=("command", "run"))
        if not self.command.stays and not {"image", "output"} <= set(used):
            raise Fault(Text("own.fault.placeholders"), place=("command", "run"))
        return self


class ResultsPart(Part):
    """Where the pictures lie. folder: beside the manifest. pattern: the name of a row's picture,
    with {row}, the row's id, or {photo}, the name of its photo's file without the ending; without
    an ending of its own, png, jpg, jpeg and webp are looked for."""

    folder: Annotated[str, Field(min_length=1, max_length=1000)]
    pattern: Annotated[str, Field(min_length=1, max_length=200)] = "{row}"

    @model_validator(mode="after")
    def _names(self) -> Self:
        used = set(template.names_in(self.pattern))
        for name in used - set(template.OF_ROW):
            raise Fault(suggested(name, template.OF_ROW), place=("pattern",))
        parts = self.pattern.replace("\\", "/").split("/")
        if not used or parts[0] == "" or ".." in parts or "\0" in self.pattern:
            raise Fault(Text("own.fault.pattern"), place=("pattern",))
        return self


class ResultsManifest(Manifest):
    """Pictures that were made elsewhere: a column of tables, and no eraser."""

    kind: Literal["results"]
    results: ResultsPart


KINDS: dict[str, type[CommandManifest | ResultsManifest]] = {
    "command": CommandManifest,
    "results": ResultsManifest,
}
"""By the word after `kind`."""


def read_manifest(file: Path) -> CommandManifest | ResultsManifest:
    """What the file says. Raises Fault."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
        found = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(Text("own.fault.unreadable", reason=str(error)[:200])) from error
    except tomllib.TOMLDecodeError as error:
        raise of_toml(error, text) from error
    if len(data) > MOST_BYTES:
        raise Fault(Text("own.fault.unreadable", reason=f"{MOST_BYTES // 1024} KB at most"))
    kind = found.get("kind")
    if not isinstance(kind, str):
        raise Fault(Text("own.fault.kind", kinds=", ".join(KINDS)))
    if kind not in KINDS:
        raise Fault(suggested(kind, KINDS))
    try:
        return KINDS[kind].model_validate(found)
    except ValidationError as error:
        fault = of_manifest(error, text, KINDS[kind])
        fault.kind = kind
        raise fault from error


def own_schema() -> dict[str, object]:
    """JSON Schema of all kinds, for editors."""
    kinds = Annotated[CommandManifest | ResultsManifest, Field(discriminator="kind")]
    made = TypeAdapter(kinds).json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
