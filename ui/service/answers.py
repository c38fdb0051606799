"""What the methods of the service answer; each name is there where `ok` is True.

What the page gets of a run is in `ui.common.grid`, and what there is to choose from in
`ui.service.choices.entries`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from methods import JSON, PlainJob, PlainText
from segmentation import Rle
from ui.common.errors import Answer
from ui.common.grid import EarlierRemark, Grid, PublicPhoto
from ui.service.choices.entries import (
    DetectorEntry,
    DeviceEntry,
    EraserEntry,
    MetricEntry,
    SegmenterEntry,
    WeightEntry,
)
from ui.stores.examples import PublicExample
from ui.stores.views import PlainHint

# --- photos ------------------------------------------------------------------------------


class PhotoAnswer(Answer):
    """A photo that has been opened."""

    photo: PublicPhoto


class PromptedAnswer(PhotoAnswer):
    """A photo with what is pointed at on it: a `Selection` in plain values."""

    prompt: Mapping[str, JSON]


class JobsAnswer(PromptedAnswer):
    """A photo that is ready to be run."""

    jobs: list[PlainJob]


class NewRunAnswer(Answer):
    """A run that may be begun. secret: what its owner has beside its link."""

    run: str
    secret: str


class RunAnswer(JobsAnswer):
    """A run that has been opened again. own: whether by its owner."""

    grid: Grid
    own: bool


# --- selections --------------------------------------------------------------------------


class PlainLevel(TypedDict):
    """A candidate for one object. score: the segmenter's own. area: share of the photo."""

    score: float
    area: float


class PlainExtent(TypedDict):
    """Where an object lies. area: share of the photo; box: x0, y0, x1, y1."""

    area: float
    box: list[float]


class Figures(Answer):
    """The numbers of a selection. levels, chosen, objects: by object; chosen: which level is in
    the mask, None for an object that is not. looks: for each object whether the "whole" photo or a
    "closer" look has answered, or one is "waiting". everything: whether an object that nobody has
    described further covers nearly the whole photo.
    segmenter: who answered; None = nobody was asked."""

    area: float
    levels: list[list[PlainLevel]]
    chosen: list[int | None]
    objects: list[PlainExtent | None]
    looks: list[str]
    everything: bool
    segmenter: str | None
    approximate: bool


class PlainMargin(TypedDict):
    """What erasers fill beyond the mask. width: pixels of the photo."""

    width: int


class PlainUnderstood(TypedDict):
    """What a click was understood as; see `segmentation.Understood`."""

    meant: str
    object: int
    beside: int | None


class PlainSettled(TypedDict):
    """objects: with all clicks in them, in plain values. clicks: for each of them."""

    objects: list[Mapping[str, JSON]]
    clicks: list[PlainUnderstood]


class SegmentAnswer(Figures):
    """overlay: a data URL. margin: what is filled beyond the mask, where it is shown. settled: what
    became of the request's clicks; None where it has none."""

    overlay: str
    settled: PlainSettled | None
    margin: PlainMargin | None
    hints: list[PlainHint]
    milliseconds: float


class MaskAnswer(Answer):
    """url: relative. rle: None where the mask has too many small pieces for it."""

    url: str
    rle: Rle | None


class PlainMaskReading(TypedDict):
    """One way to read a mask file. upload: its id; area: share of the photo; thumb: a data URL;
    said: what is erased."""

    upload: str
    area: float
    thumb: str
    said: PlainText


class UploadAnswer(Answer):
    """A mask that was taken in. upload: its id; area: share of the photo. readings: where the file
    may mean several things, all of them, the one that was taken first; else none."""

    upload: str
    area: float
    notes: list[PlainText]
    readings: list[PlainMaskReading]


class PlainWord(TypedDict):
    """A word of a label and how well it fits the box, 0 … 1."""

    text: str
    score: float


class PlainDetection(TypedDict):
    """What words have found. box: x0, y0, x1, y1 by name."""

    label: str
    score: float
    text_score: float
    words: list[PlainWord]
    box: Mapping[str, float]


class DetectAnswer(Answer):
    """All detections, best first, and how the phrase was read."""

    detections: list[PlainDetection]
    phrase: str
    translated: bool
    backend: str
    notes: list[PlainText]


class ExportAnswer(Answer):
    """case: the content of a case file."""

    case: Mapping[str, JSON]


class ImportAnswer(Answer):
    """prompts: a `Selection` in plain values, with its mask beside the photo."""

    prompts: Mapping[str, JSON]
    jobs: list[PlainJob]
    notes: list[PlainText]


# --- what there is, and runs -------------------------------------------------------------


class PublicLimits(TypedDict):
    """Of a photo that may be opened."""

    megapixels: float
    megabytes: float


class CatalogAnswer(Answer):
    """Everything that the page shows before it has a photo. account: who is signed in."""

    device: DeviceEntry
    erasers: list[EraserEntry]
    segmenters: list[SegmenterEntry]
    detectors: list[DetectorEntry]
    metrics: list[MetricEntry]
    examples: list[PublicExample]
    limits: PublicLimits
    version: str
    account: str | None


class WeightsAnswer(Answer):
    """Every weight file by its name. room: bytes that weights may still take here."""

    weights: dict[str, WeightEntry]
    room: int


class StopAnswer(Answer):
    """stopped: False where the run had ended already."""

    stopped: bool


class GridAnswer(Answer):
    """A run as it is now."""

    grid: Grid


class RemarkAnswer(Answer):
    """remark: as it is kept. remarks: those before it, oldest first."""

    remark: str
    remarks: list[EarlierRemark]


class PrivateAnswer(Answer):
    """private: whether the owner alone is shown the run now."""

    private: bool
