"""What the endpoints for programs answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from methods import JSON, PlainReading, PlainText, SettingValue
from segmentation import Rle
from ui.api.saving import SavedResult
from ui.service.answers import DetectAnswer, Figures, PlainDetection, PlainUnderstood


class Note(TypedDict):
    """Something that should be known. code: for programs; text: the sentence in English; details:
    the values in it; said: the sentence by language."""

    code: str
    text: str
    details: Mapping[str, str | int | float]
    said: PlainText


class NumberedReading(Note):
    """A way to read a mask: its number, as mask_reading takes it, and the share of the photo that
    it marks; the rest says what is erased."""

    number: int
    area: float


class OfMask(TypedDict):
    """mask_notes: how the mask was read, where it is not just black and white. mask_reading: the
    number of the reading that was taken, None without a mask. mask_readings: all of them, where
    there are several."""

    mask_notes: list[Note]
    mask_reading: int | None
    mask_readings: list[NumberedReading]


class OfSelection(OfMask):
    """clicks: what each of the request's points was understood as."""

    clicks: list[PlainUnderstood]


class _OfPhoto(TypedDict):
    """width, height: the photo's, in pixels."""

    width: int
    height: int


class Segmented(Figures, _OfPhoto, OfSelection):
    """A selection. mask: a PNG as Gradio describes files. prompts: its objects in plain values.
    detections: what the text found."""

    mask: Mapping[str, JSON]
    rle: Rle | None
    prompts: list[Mapping[str, JSON]]
    detections: list[PlainDetection]


class Detected(DetectAnswer, _OfPhoto):
    """What the text found."""


class Result(TypedDict):
    """One eraser's. run: in which it is; axes: where it stands in a sweep, {} without one. image: a
    lossless PNG, None where there is none; saved: the same like the photo, where a format was asked
    for; error: a sentence on why. notes: what the eraser says of
    this result. The other names are those of `ui.common.grid.Card`, None where it has none."""

    run: str
    axes: dict[str, SettingValue]
    eraser: str
    name: str
    state: str
    image: Mapping[str, JSON] | None
    error: str | None
    seed: int
    settings: dict[str, SettingValue]
    load_seconds: float | None
    erase_seconds: float | None
    pieces: int | None
    peak_memory: int | None
    memory_kind: str | None
    device: str | None
    changed_outside: int | None
    cached: bool | None
    weights: dict[str, str] | None
    notes: list[PlainText]
    readings: list[PlainReading] | None
    saved: SavedResult | None


class Erased(OfSelection):
    """A run. run: its id. secret: its owner's, of all runs of this call; whoever has it may stop,
    remark, delete and hide them. runs: all of them, one for each mask: several where dilations are
    swept."""

    run: str
    secret: str
    runs: list[str]
    seconds: float
    results: list[Result]
