"""What the page shows of a run: its grid, with a card for each job, as plain values."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict

from methods import PlainReading, PlainText, SettingValue
from ui.common.errors import Fault

CardState: TypeAlias = Literal[
    "queued",
    "waiting",
    "borrowing",
    "fetching",
    "loading",
    "running",
    "stopping",
    "done",
    "failed",
    "stopped",
]
"""The last three are ends."""

RunState: TypeAlias = Literal["running", "done", "failed", "stopped"]


class PublicTiles(TypedDict):
    """What the page gets of a photo's tiles. url: relative; a tile's name comes after it. side:
    pixels of a tile. levels: how many there are; each has half of the last one's pixels across."""

    url: str
    side: int
    levels: int


class PublicStep(TypedDict):
    """An erase by which a photo came of another one. photo: the id of what it was made of. run,
    index: the card whose result it is."""

    photo: str
    run: str
    index: int
    eraser: str
    name: str


class PublicPhoto(TypedDict):
    """What the page gets of a photo. view: a relative URL. notes: what opening it has changed.
    growth: by how many pixels a selection grows at first. full: of a run's photo, its pixels as
    the results have them, a relative URL; missing where they are gone. chain: the erases before, of
    one that came of a result."""

    id: str
    name: str
    width: int
    height: int
    alpha: bool
    view: str
    full: NotRequired[str]
    tiles: PublicTiles
    notes: list[PlainText]
    growth: int
    chain: NotRequired[list[PublicStep]]


class CardProgress(TypedDict, total=False):
    """Where a card stands. ahead: jobs before it; after: seconds until it begins, about; step of
    total; done of size: bytes of file; notice: what is to be said of the download now."""

    ahead: int
    after: float
    step: int
    total: int
    done: int
    size: int
    file: str
    notice: Fault


class EarlierRemark(TypedDict):
    """What stood beside a result before. at: seconds since the epoch; None = not known."""

    text: str
    at: float | None


class CardFigures(TypedDict, total=False):
    """What is known of a card's result: `methods.Finished` says what each figure is.

    pieces: known from the start. error: why there is no result. readings: the numbers it is judged
    by. remark: a person's; remarks: those before it, oldest first. result_notes: what the eraser
    says of this result.
    """

    load_seconds: float
    erase_seconds: float
    pieces: int
    peak_memory: int
    memory_kind: str
    device: str
    changed_outside: int
    cached: bool
    weights: dict[str, str]
    error: Fault
    result_notes: list[PlainText]
    readings: list[PlainReading]
    remark: str
    remarks: list[EarlierRemark]


class _Job(TypedDict):
    index: int
    eraser: str
    name: str
    state: CardState
    seed: int
    settings: dict[str, SettingValue]
    notes: list[PlainText]


class Card(_Job, CardProgress, CardFigures, total=False):
    """One job and its result. axes: where it stands in a sweep. view, close, full: relative URLs,
    to look at, to look at closely (only where the mask has a close-up), and lossless, to keep."""

    axes: dict[str, SettingValue]
    view: str
    close: str
    full: str


class GridClose(TypedDict):
    """The neighbourhood of what is erased. box: as in `GridMask`. view, overlay: relative URLs."""

    box: list[int]
    view: str
    overlay: str


class GridMask(TypedDict):
    """What is erased. url, overlay: relative URLs. area: share of the photo, 0 … 1. box: x0, y0,
    x1, y1 in pixels, right and bottom exclusive. close: its neighbourhood at the photo's own
    pixels; missing where the view has them. notes: how the file that it comes from was read;
    older runs have none."""

    url: str
    overlay: str
    area: float
    box: list[int]
    close: NotRequired[GridClose]
    notes: NotRequired[list[PlainText]]


class _Begun(TypedDict):
    run: str
    state: RunState
    cards: list[Card]


class Grid(_Begun, total=False):
    """A run. zip: the relative URL of all its files, once they are there. judging: numbers are
    still to come. error: what broke the run off. private: whether its owner alone is shown it.
    shown: what stands for it in addresses, where that is more than its id."""

    photo: PublicPhoto
    mask: GridMask
    seconds: float
    judging: bool
    zip: str
    error: Fault
    private: bool
    shown: str


class RefusedGrid(TypedDict):
    """A run that could not begin. run: None where what was sent is no id."""

    run: str | None
    state: RunState
    error: Fault
    cards: list[Card]
