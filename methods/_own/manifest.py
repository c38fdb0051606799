"""What an owner's NAME.toml may say: its keys, their types and their bounds.

docs/own-eraser.schema.json is made of these models, so that editors complete them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from methods._base import Text
from methods._own import template
from methods._own.faults import Fault, of_manifest, of_toml, suggested
from methods._own.parts import (
    CanvasPart,
    Manifest,
    Name,
    Part,
    PicturesPart,
    SettingPart,
    Variable,
)
from methods._own.server_manifest import (
    ComfyuiManifest,
    GradioManifest,
    HttpManifest,
    IopaintManifest,
    OpenaiManifest,
)

MOST_BYTES = 256 * 1024
"""Of a manifest."""


class CommandPart(Part):
    """How the program is called. run: its name and its arguments. folder: where it runs, beside the
    manifest. environment: further variables; keep: names of variables of this program's own
    environment that it gets. seconds: for one picture, and for loading."""

    run: Annotated[
        list[Annotated[str, Field(max_length=4000)]], Field(min_length=1, max_length=200)
    ]
    folder: str = "."
    environment: dict[Variable, str] = Field({})
    keep: list[Variable] = Field([])
    seconds: Annotated[float, Field(gt=0, le=86400)] = 600
    stays: bool = False


class CommandManifest(Manifest):
    """A program of its own environment: once for each picture, or kept running (`stays`)."""

    kind: Literal["command"]
    learned: bool = True
    seeded: bool = True
    devices: Annotated[list[Literal["cuda", "mps", "cpu"]], Field(min_length=1)] = Field(["cpu"])
    memory_gb: Annotated[float, Field(ge=0, le=1000)] = 0
    sees_object: bool | None = None
    command: CommandPart
    pictures: PicturesPart = PicturesPart()
    canvas: CanvasPart = CanvasPart()
    settings: Annotated[dict[Name, SettingPart], Field(max_length=60)] = Field({})

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


AnyManifest: TypeAlias = (
    CommandManifest
    | ResultsManifest
    | GradioManifest
    | IopaintManifest
    | ComfyuiManifest
    | OpenaiManifest
    | HttpManifest
)

KINDS: dict[str, type[AnyManifest]] = {
    "command": CommandManifest,
    "results": ResultsManifest,
    "gradio": GradioManifest,
    "iopaint": IopaintManifest,
    "comfyui": ComfyuiManifest,
    "openai": OpenaiManifest,
    "http": HttpManifest,
}
"""By the word after `kind`."""


def read_manifest(file: Path) -> AnyManifest:
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
    kinds = Annotated[AnyManifest, Field(discriminator="kind")]
    made = TypeAdapter(kinds).json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
