"""What the endpoints for programs answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from methods import JSON, PlainReading, SettingValue
from segmentation import Rle
from ui.service.answers import DetectAnswer, Figures, PlainDetection


class _OfPhoto(TypedDict):
    """width, height: the photo's, in pixels."""

    width: int
    height: int


class Segmented(Figures, _OfPhoto):
    """A selection. mask: a PNG as Gradio describes files. detections: what the text found."""

    mask: Mapping[str, JSON]
    rle: Rle | None
    detections: list[PlainDetection]


class Detected(DetectAnswer, _OfPhoto):
    """What the text found."""


class Result(TypedDict):
    """One eraser's. image: a lossless PNG, None where there is none; error: a sentence on why.
    The other names are those of `ui.common.grid.Card`, None where it has none."""

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
    readings: list[PlainReading] | None


class Erased(TypedDict):
    """A run. run: its id."""

    run: str
    seconds: float
    results: list[Result]
