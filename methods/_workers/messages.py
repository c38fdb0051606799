"""What this program's own processes say to each other: plain values and names.

    home ──── Start ────▶ template, which forks ▶ worker
    home ──── Order, Stop ──────────────────────▶ worker
    home ◀─── Up, Told, Done, Retired ─────────── worker
    home ◀─── Begun, Ended ── template

On another machine (`cluster`) a foreman stands between: it gets a Place and then the same messages,
and its last word on a worker is Gone.

It is pickled, and comes and goes through sockets that nobody else can open, or inside a cluster
that lets in only who has its token: what a visitor sends is decoded at home, and no worker sees
more of it than pixels and checked settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from methods._engine.events import Event, Failed, Finished
from methods._engine.job import SettingValue

# --- to a template --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Imports:
    """The first message to a template. path: `sys.path` of the program. names: modules, or
    "module:attribute", to be imported before the first fork; those that are not there are left
    out."""

    path: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a worker that listens to the socket that comes along.

    environment: all of its variables. setup: "module:function", called once before the first
    order; "" = nothing. background: it works on the CPU, where clicks come first.
    """

    path: tuple[str, ...]
    environment: Mapping[str, str]
    setup: str = ""
    background: bool = False


@dataclass(frozen=True, slots=True)
class Kill:
    """End a worker, whatever it does, with all processes that it has started."""

    pid: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A template's answer to Start."""

    pid: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker is gone. code: as in `subprocess.Popen.returncode`."""

    pid: int
    code: int


# --- to a worker ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PictureNote:
    """A picture in memory that both sides see; see `shared_picture`. handle: the memory's name,
    "" = its file comes along. size: (H, W)."""

    key: str
    size: tuple[int, int]
    alpha: bool
    handle: str


@dataclass(frozen=True, slots=True)
class Order:
    """One job. weights: SHA-256 by name, "" = any. local: files of the user's own that stand in
    for weights, by name. fetch: see `Ready`."""

    id: int
    eraser: str
    settings: Mapping[str, SettingValue]
    seed: int
    weights: Mapping[str, str]
    local: Mapping[str, Path]
    picture: PictureNote
    fetch: bool | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """An order is no longer wanted: it may end at its next step."""

    order: int


@dataclass(frozen=True, slots=True)
class Up:
    """A worker's first word: it takes orders."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something has happened in an order; its `index` means nothing."""

    order: int
    event: Event


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A result as it travels: what is under the mask, (number of True in it, 3) uint8, row by row,
    since all else is the photo. facts: the rest, without pixels."""

    facts: Finished
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """An order has ended. held: ids of the erasers that stay loaded."""

    order: int
    outcome: Patch | Failed
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retired:
    """A worker's last word: an order that it has not begun by now is for another one."""


# --- of a foreman ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Post:
    """What a foreman is told first. place, kind, program: see `executor.Place`. environment: what
    is set for its workers, given: what is set where its machine says nothing. imports: see
    `Imports`. path: added to its own `sys.path`."""

    place: str
    kind: str
    program: str
    environment: Mapping[str, str]
    given: Mapping[str, str]
    imports: tuple[str, ...]
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """A worker has ended, or none could be begun; see `losses.Lost`."""

    reason: str
    own_fault: bool
    out_of_memory: bool = False
