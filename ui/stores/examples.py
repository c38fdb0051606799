"""The photos that come with the program, to try it without one's own."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypedDict

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from methods import BadInput, EraserId, PlainText, Text, UserError, load_image, view_jpeg
from ui.common.requests import ExampleId

log = logging.getLogger(__name__)

THUMB_SIDE = 320


PREPARED = "prepared"
"""The folder with small pictures of earlier runs, which `python -m examples.prepare` has made."""


class PublicResult(TypedDict):
    """What an eraser made of an example in an earlier run. view: a relative URL."""

    eraser: str
    view: str


class PublicPrepared(TypedDict):
    """An earlier run on an example. before, mask: relative URLs of the place and of what was
    selected on it."""

    before: str
    mask: str
    results: list[PublicResult]


class PublicExample(TypedDict):
    """What the page gets of an example. thumb: a relative URL. prepared: None where there is no
    earlier run."""

    id: str
    title: PlainText
    credit: str
    license: str
    thumb: str
    prepared: PublicPrepared | None


class PreparedResult(BaseModel):
    """One eraser's entry of prepared.json; see `examples.prepare`."""

    model_config = ConfigDict(frozen=True)

    eraser: EraserId
    changed_outside: Literal[0]


class Prepared(BaseModel):
    """One example's entry of prepared.json."""

    model_config = ConfigDict(frozen=True)

    id: ExampleId
    results: tuple[PreparedResult, ...]

    def public(self) -> PublicPrepared:
        at = f"lab/examples/{self.id}/{PREPARED}"
        return {
            "before": f"{at}/before.webp",
            "mask": f"{at}/mask.webp",
            "results": [
                {"eraser": one.eraser, "view": f"{at}/{one.eraser}.webp"} for one in self.results
            ],
        }


class Example(BaseModel):
    """One entry of examples.json. prompt: points, box, level, dilate, as the page takes them."""

    model_config = ConfigDict(frozen=True)

    id: ExampleId
    file: str
    title: Text
    credit: str = ""
    license: str = ""
    prompt: dict[str, JsonValue] = {}

    def public(self, prepared: Prepared | None = None) -> PublicExample:
        return {
            "id": self.id,
            "title": self.title.plain(),
            "credit": self.credit,
            "license": self.license,
            "thumb": f"lab/examples/{self.id}/thumb.jpg",
            "prepared": None if prepared is None else prepared.public(),
        }


@dataclass(frozen=True)
class Examples:
    """What examples.json in `folder` lists; a missing or broken list is an empty one."""

    folder: Path
    listed: dict[str, Example] = field(init=False)
    prepared: dict[str, Prepared] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "prepared", _read_prepared(self.folder / PREPARED))
        object.__setattr__(self, "listed", _read(self.folder / "examples.json"))

    def get(self, example_id: str) -> Example:
        """Raises UserError ("unknown_example")."""
        if example_id not in self.listed:
            raise _unknown()
        return self.listed[example_id]

    def path(self, example_id: str) -> Path:
        """The photo's file, which lies in `folder` itself."""
        path = self.folder / Path(self.get(example_id).file).name
        if not path.is_file():
            raise _unknown()
        return path

    def public(self) -> list[PublicExample]:
        """All of them, as the page gets them."""
        return [each.public(self.prepared.get(each.id)) for each in self.listed.values()]

    def prepared_file(self, example_id: str, name: str) -> Path:
        """A picture of an earlier run: "before", "mask" or an eraser's id. Raises UserError."""
        prepared = self.prepared.get(example_id)
        names = {"before", "mask", *(one.eraser for one in prepared.results)} if prepared else set()
        path = self.folder / PREPARED / example_id / f"{name}.webp"
        if name not in names or not path.is_file():
            raise _unknown()
        return path

    def thumb(self, example_id: str) -> bytes:
        """A small JPEG; made once in a process."""
        return _thumb(self.path(example_id))


def _read(path: Path) -> dict[str, Example]:
    try:
        entries = TypeAdapter(list[Example]).validate_python(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, ValidationError):
        log.warning("There are no examples: examples.json is missing or cannot be read.")
        return {}
    return {entry.id: entry for entry in entries}


def _read_prepared(folder: Path) -> dict[str, Prepared]:
    try:
        content = json.loads((folder / "prepared.json").read_text("utf-8"))
        entries = TypeAdapter(list[Prepared]).validate_python(content["examples"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        log.warning("There are no prepared results of examples: prepared.json cannot be read.")
        return {}
    return {entry.id: entry for entry in entries}


@lru_cache(maxsize=64)
def _thumb(path: Path) -> bytes:
    photo = load_image(path)
    return view_jpeg(photo.rgb, longest_side=THUMB_SIDE, quality=85, alpha=photo.alpha)


def _unknown() -> UserError:
    return BadInput("unknown_example")
