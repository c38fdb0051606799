"""What this program's own processes say to each other: plain values and names.

    home ──── Start ────▶ template, which forks ▶ worker
    home ──── Order, Stop ──────────────────────▶ worker
    home ◀─── Up, Told, Done, Retired ─────────── worker
    home ──── Call, Cleared ────────────────────▶ worker that helps
    home ◀─── Up, Answer, Crowded ─────────────── worker that helps
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
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from methods._base import UserError
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
    order; "" = nothing. background: it works on the CPU, where clicks come first. entry:
    "module:function", which gives the calls that it answers by name; "" = it erases.
    """

    path: tuple[str, ...]
    environment: Mapping[str, str]
    setup: str = ""
    background: bool = False
    entry: str = ""


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
class ArraysNote:
    """Arrays in memory that both sides see; see `shared_arrays`. items: shape and dtype of each,
    one behind the other. handle: the memory's name, "" = its file comes along."""

    key: str
    items: tuple[tuple[tuple[int, ...], str], ...]
    handle: str


PictureNote: TypeAlias = ArraysNote
"""Of a picture: image, mask and, where there is one, alpha."""


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


# --- to and from a worker that helps ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """A question to one that answers many at once. arrays: notes of what comes along; its own, by
    the key "", are for this call alone. local: see `Order`."""

    id: int
    name: str
    arguments: tuple[object, ...]
    arrays: tuple[ArraysNote, ...]
    local: Mapping[str, Path]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """To a call. error: what it has raised for the user. is_bug: it has raised something else,
    which the log has. missing: the key of arrays that it cannot do without. held: names of the
    files whose networks are loaded now."""

    call: int
    value: object = None
    error: UserError | None = None
    is_bug: bool = False
    missing: str = ""
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Crowded:
    """A device that both use has no room left: idle erasers may be unloaded."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """The answer to it: that has been done, as far as it could be."""


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
