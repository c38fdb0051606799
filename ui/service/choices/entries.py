"""What the page gets of each eraser, segmenter, detector, weight file and number there is."""

from __future__ import annotations

from typing import Literal, Required, TypeAlias, TypedDict

from methods import PlainText, SettingValue
from ui.common.errors import Fault


class PlainPaper(TypedDict):
    """Where something was published."""

    title: str
    url: str
    year: int


# --- settings ----------------------------------------------------------------------------

ControlKind: TypeAlias = Literal["bool", "int", "float", "choice", "text"]


class KindOfControl(TypedDict, total=False):
    """choices: only with "choice"."""

    kind: Required[ControlKind]
    choices: list[SettingValue]


class Limits(TypedDict, total=False):
    """What a setting may be. max_length: characters of a text. optional: None is allowed."""

    min: float
    max: float
    step: float
    max_length: int
    optional: bool


class Control(KindOfControl, Limits):
    """One setting, as the page makes a control of it."""

    name: str
    default: SettingValue
    description: PlainText


# --- models ------------------------------------------------------------------------------


class _Weight(TypedDict):
    name: str
    state: str
    done: int
    size: int
    license: str


class WeightEntry(_Weight, total=False):
    """A weight file. state: of `methods.WeightState`. done, size: bytes. error: why the last try
    to fetch it failed. notice: what is to be said while it is fetched."""

    error: Fault
    notice: Fault


class _Model(TypedDict):
    """What has weights. available: whether it can be used here once they are; why: if not."""

    id: str
    name: str
    summary: PlainText
    paper: PlainPaper
    license: str
    available: bool
    why: PlainText | None
    weights: list[WeightEntry]


class ObstacleEntry(TypedDict):
    """What is in an eraser's way. kind: of `methods.Hurdle`. way: the exact command or page that
    leads out, "" = none."""

    kind: str
    text: PlainText
    way: str


class GpuEntry(TypedDict):
    """What a job costs of the visitor's share of a lent GPU; see `methods.Cost`."""

    fixed: float
    step: float
    steps: int
    least: int
    most: int


class PaceEntry(TypedDict):
    """Seconds of a job here: load, and step for each of `steps` steps; see `methods.Ahead`."""

    load: float
    step: float
    steps: int
    measured: bool


class EraserEntry(_Model):
    """preferred: of the default set; default: of what is used where nothing is chosen. readiness:
    of `methods.Readiness`, without a model hub's word; obstacles: as `methods.Report` has them.
    standing: of `methods.Standing`; family: of `methods.Family`.
    no_fetch: why visitors may not have its weights fetched. gpu: None where no GPU is borrowed for
    it."""

    readiness: str
    standing: str
    family: str
    pace: PaceEntry
    obstacles: list[ObstacleEntry]
    no_fetch: PlainText | None
    gpu: GpuEntry | None

    non_commercial: bool
    sends_to: str
    learned: bool
    seeded: bool
    preferred: bool
    default: bool
    notes: list[PlainText]
    settings: list[Control]


class SegmenterEntry(_Model):
    """memory: bytes. gated: its weights are given to people with a login only."""

    approximate: bool
    levels: int
    gated: bool
    memory: int


class DetectorEntry(_Model):
    """available: its packages are here; ready: its weights too."""

    ready: bool


class DeviceEntry(TypedDict):
    """kind: "cuda", "mps" or "cpu", or "lent": a CPU, and a GPU for each job of a large network;
    name: as its maker calls it; said: the same in all languages, where it is words; memory:
    bytes."""

    kind: str
    name: str
    said: PlainText
    memory: int


class MetricEntry(TypedDict):
    """A number, as `methods.Metric` defines it. missing: why it cannot be had here. source: None
    for a number of ours."""

    id: str
    name: PlainText
    short: PlainText
    formula: PlainText
    range: list[float | None]
    better: str
    needs: str
    missing: PlainText | None
    unit: str
    threshold: float | None
    source: PlainPaper | None
