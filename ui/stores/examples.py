"""The photos that come with the program, to try it without one's own."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from methods import BadInput, PlainText, Text, UserError, load_image, view_jpeg
from ui.common.requests import ExampleId

log = logging.getLogger(__name__)

THUMB_SIDE = 320


class PublicExample(TypedDict):
    """What the page gets of an example. thumb: a relative URL."""

    id: str
    title: PlainText
    credit: str
    license: str
    thumb: str


class Example(BaseModel):
    """One entry of examples.json. prompt: points, box, level, dilate, as the page takes them."""

    model_config = ConfigDict(frozen=True)

    id: ExampleId
    file: str
    title: Text
    credit: str = ""
    license: str = ""
    prompt: dict[str, JsonValue] = {}

    def public(self) -> PublicExample:
        return {
            "id": self.id,
            "title": self.title.plain(),
            "credit": self.credit,
            "license": self.license,
            "thumb": f"lab/examples/{self.id}/thumb.jpg",
        }


@dataclass(frozen=True)
class Examples:
    """What examples.json in `folder` lists; a missing or broken list is an empty one."""

    folder: Path
    listed: dict[str, Example] = field(init=False)

    def __post_init__(self) -> None:
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


@lru_cache(maxsize=64)
def _thumb(path: Path) -> bytes:
    photo = load_image(path)
    return view_jpeg(photo.rgb, longest_side=THUMB_SIDE, quality=85, alpha=photo.alpha)


def _unknown() -> UserError:
    return BadInput("unknown_example")
