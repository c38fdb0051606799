"""What the second tab gets: tables, their rows, what papers print, what systems there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Required, TypedDict

from methods import JSON, PlainReading, PlainText, SettingValue
from ui.common.errors import Answer, Fault
from ui.common.grid import Grid
from ui.service.answers import JobsAnswer
from ui.service.choices.entries import PlainPaper


class TableEntry(TypedDict):
    """What the rows of one table have in common. document: where it stands, "" for ours."""

    id: str
    title: PlainText
    note: PlainText
    document: str


class PictureEntry(TypedDict):
    """A row's picture. url, host: of its link, None for a file of ours. here: whether it is on
    this machine. small, large: relative URLs."""

    name: str
    url: str | None
    host: str | None
    here: bool
    small: str
    large: str


class RowEntry(TypedDict):
    """A row; see `examples.rows.Row`. method: the name of the method whose table it is, "" for
    none. number: its place in its table, from 1. pictures: by part."""

    id: str
    table: str
    method: str
    number: int
    title: PlainText | None
    problem: PlainText | None
    remark: PlainText | None
    settings_note: PlainText | None
    eraser: str
    settings: Mapping[str, SettingValue]
    shares: list[str]
    stand_ins: list[str]
    credit: str
    pictures: dict[str, PictureEntry]


class SystemEntry(TypedDict):
    """A system; see `examples.systems.System`. eraser, runs_as: the id and the name under which
    it runs here. why: what stands in its way."""

    name: str
    document: str
    group: str | None
    reference: str
    url: str
    what: PlainText
    checked: bool
    state: str
    eraser: str | None
    runs_as: str | None
    why: PlainText | None


class GivenEntry(TypedDict):
    """Results that were made elsewhere; see `methods.GivenResults`. why: what keeps them from
    being used."""

    id: str
    name: str
    summary: PlainText | None
    license: str
    non_commercial: bool
    paper: PlainPaper | None
    notes: list[PlainText]
    why: PlainText | None


class GivenCard(TypedDict, total=False):
    """One of them for a row. error: why there is none (absent), or why it cannot be used (failed).
    small, large: relative URLs. changed_outside: pixels."""

    state: Required[Literal["done", "absent", "failed"]]
    error: Fault
    small: str
    large: str
    changed_outside: int
    result_notes: list[PlainText]
    readings: list[PlainReading]


class GivenAnswer(Answer):
    """What a folder of results has for a row."""

    card: GivenCard


class RowsAnswer(Answer):
    """All tables, their rows in order, and the results made elsewhere that may stand beside."""

    tables: list[TableEntry]
    rows: list[RowEntry]
    given: list[GivenEntry]


class PapersAnswer(Answer):
    """Each an `examples.papers.PaperTable` in plain values, with the best row of each column."""

    papers: list[Mapping[str, JSON]]


class SystemsAnswer(Answer):
    """states: what each is called. documents: by their key."""

    states: dict[str, PlainText]
    documents: dict[str, Mapping[str, JSON]]
    systems: list[SystemEntry]


class RowAnswer(Answer):
    """One row, after its pictures have been fetched."""

    row: RowEntry


class OpenedRowAnswer(JobsAnswer):
    """A row that is ready to be run. notes: how its mask was read."""

    notes: list[PlainText]


class GridsAnswer(Answer):
    """By the ids of the runs; those that are gone are left out."""

    grids: dict[str, Grid]
