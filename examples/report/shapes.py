"""The shape of a report's data: what stands in table.json, and what the other files are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypedDict

from methods import PlainReading, PlainText, SettingValue

PlainFailure: TypeAlias = PlainText
"""What went wrong, in every language, and beside these its `code`."""


class PlainMetric(TypedDict):
    """A number's definition, as `methods.Metric` has it. source: a paper's title, or "ours"."""

    name: PlainText
    formula: PlainText
    better: str
    unit: str
    needs: str
    source: str


class PlainNote(TypedDict):
    """What is said of one of the table's parts. document: where it stands, "" for ours."""

    title: PlainText
    text: PlainText
    document: str


class PlainLine(TypedDict):
    """One eraser over all cases; see `examples.report.data.summary`.

    median_seconds, peak_memory: None where it has finished none, or was given. absent: cases
    for which nothing was given. means: by metric.
    """

    id: str
    label: PlainText
    done: int
    failed: int
    absent: int
    median_seconds: float | None
    peak_memory: int | None
    changed_outside: int
    remarks: int
    truth_cases: int
    means: dict[str, float]


class PlainPhoto(TypedDict):
    """width, height: 0 where it could not be opened. url: "" for a file."""

    name: str
    width: int
    height: int
    url: str


class PlainCell(TypedDict):
    """One result; its fields are those of `examples.running.records.Cell`, and label, failure
    (of a cell that is not done) and remark (a person's, "" for none). load_seconds, erase_seconds,
    peak_memory, device, seed: None of one that was given, since nothing ran here."""

    id: str
    eraser: str
    name: str
    state: str
    key: str
    file: str
    box: tuple[int, int, int, int] | None
    load_seconds: float | None
    erase_seconds: float | None
    pieces: int
    peak_memory: int | None
    memory_kind: str
    device: str | None
    seed: int | None
    settings: Mapping[str, SettingValue]
    changed_settings: Mapping[str, SettingValue]
    axes: Mapping[str, SettingValue]
    weights: Mapping[str, str]
    changed_outside: int
    given: str
    result_notes: Sequence[PlainText]
    readings: Sequence[PlainReading]
    label: PlainText
    failure: PlainFailure | None
    remark: str


class PlainCase(TypedDict):
    """One case with its cells. base, dilate: the case that it has been made of and the pixels by
    which its mask has grown, where that is swept; else "" and None. masked: share of the photo,
    0 … 1. mask_notes: how the mask was read, where that is not plain. truth: whether it is known.
    failure: why it could not be opened."""

    id: str
    base: str
    dilate: float | None
    title: PlainText
    problem: PlainText | None
    document_remark: PlainText
    settings_note: PlainText
    credit: str
    shares: list[str]
    stand_ins: list[str]
    photo: PlainPhoto
    masked: float
    mask_notes: list[PlainText]
    truth: bool
    failure: PlainFailure | None
    remark: str
    cells: list[PlainCell]


class PlainReport(TypedDict):
    """The whole file. created: ISO 8601, UTC. versions: by package. metrics: by id."""

    format: int
    title: PlainText
    created: str
    seed: int  # the first of the seeds
    seeds: list[int]
    versions: dict[str, str]
    metrics: dict[str, PlainMetric]
    notes: list[PlainNote]
    summary: list[PlainLine]
    cases: list[PlainCase]
