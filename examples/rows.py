"""Rows of tables: a photo, what to erase from it, how, and what someone said about the result.

Two sets come with the program. The documents' tables are facts and links: their photos may
not be handed on, so they are fetched where the program runs (see `examples.remote`). The
stand-in cases are shipped with it, freely licensed, each built to pose one of the same
problems; some have a ground truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter

from methods import SettingValue, Text, Verbatim

FOLDER = Path(__file__).resolve().parent

NOTHING = Verbatim("")


@dataclass(frozen=True, slots=True)
class PhotoRef:
    """A picture file: one in the examples' folder (`path`, relative to it), one anywhere on
    this machine (an absolute `path`), or one behind a link (`url`).

    name: what to call it. sha256: hex digest of the file's bytes; None for a link whose
    content nobody has pinned: then the digest of the first download is recorded and
    checked ever after.
    """

    name: str
    path: str = ""
    url: str = ""
    sha256: str | None = None

    def __post_init__(self) -> None:
        if bool(self.path) == bool(self.url):
            raise ValueError(f"{self.name!r}: give either a path or a url")


MaskRef: TypeAlias = PhotoRef
"""A picture that is a mask: white = erase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table.

    eraser: the one whose result the row shows in the document; "" where the row belongs to
    none. settings: of that eraser, as the document used it. remark: the document's own,
    quoted in Chinese and translated; empty where it has none. problem: what makes the case
    hard. shares: the rows with the same photo and mask. stand_ins: the shipped cases that
    pose the same problem. documents_result, detail: the result and the enlargement that the
    document shows. truth: the photo without the object, where it is known: outside the mask the
    two are equal but for the noise of JPEG in the blocks that the mask touches.
    """

    id: str
    table: str
    photo: PhotoRef
    mask: MaskRef
    title: Text = NOTHING
    documents_result: PhotoRef | None = None
    detail: PhotoRef | None = None
    eraser: str = ""
    settings: Mapping[str, SettingValue] = field(default_factory=dict)
    settings_note: Text = NOTHING
    remark: Text = NOTHING
    problem: Text | None = None
    shares: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()
    truth: PhotoRef | None = None
    credit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What the rows of one table have in common. document: where it stands, "" for ours."""

    id: str
    title: Text
    note: Text
    document: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    tables: tuple[Table, ...]
    rows: tuple[Row, ...]


def document_rows() -> tuple[Row, ...]:
    """The 17 rows of the documents, in their order."""
    return _read("documents.json").rows


def document_tables() -> tuple[Table, ...]:
    """The four tables that they stand in."""
    return _read("documents.json").tables


def stand_in_rows() -> tuple[Row, ...]:
    """The cases that come with the program."""
    return _read("stand_ins.json").rows


def stand_in_table() -> Table:
    """What they have in common."""
    return _read("stand_ins.json").tables[0]


@lru_cache(maxsize=4)
def _read(name: str) -> _File:
    return TypeAdapter(_File).validate_json((FOLDER / name).read_bytes())
