"""The sentences about weights that a user may read, each in one place.

None of them holds a path, a token or a program's own error text: a package client's
output, for instance, can quote an index address with a password in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from methods._base import Text, WeightFile, WeightsUnavailable
from methods._system.units import in_bytes
from methods._weights.progress import Notice


class SourceFailed(Exception):
    """One source could not give the file; the text says why and the next one is tried."""


class Busy(SourceFailed):
    """The source is there and wants to be asked later."""


class Changed(SourceFailed):
    """The source has a file of that name, and it is not the one that was there before."""


class WebPage(SourceFailed):
    """A page for people came in place of the file: a network's log-in, or a host's apology."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} (sent a web page instead of the file)")
        self.host = host


class DiskFull(Exception):
    """There is no room for the file; no other source would need less of it."""

    def __init__(self, needed: int = 0) -> None:
        super().__init__("disk full")
        self.needed = needed


def megabytes(size: int) -> str:
    """A number of bytes as people say it, for example "28.1 MB"."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def variable(name: str) -> str:
    """The environment variable that names a local file for the weights `name`."""
    return "ERASER_LAB_WEIGHT_" + re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def command(name: str) -> str:
    """What to type to fetch the weights `name`."""
    return f"python -m methods fetch {name}"


def nothing_worked(weight: WeightFile, tried: list[str]) -> WeightsUnavailable:
    """Every source was tried in vain; `tried` has one clause for each."""
    listed = "; ".join(tried) or "no source is known for it"
    return WeightsUnavailable(
        "weights_unavailable",
        name=weight.name,
        size=weight.size,
        tried=listed,
        command=command(weight.name),
        variable=variable(weight.name),
        shown_size=megabytes(weight.size),
    )


def web_page(weight: WeightFile, host: str, tried: list[str]) -> WeightsUnavailable:
    """Every source was tried in vain, and one of them sent a page for people."""
    return WeightsUnavailable(
        "weights_web_page",
        name=weight.name,
        host=host,
        tried="; ".join(tried),
        command=command(weight.name),
        variable=variable(weight.name),
    )


def changed_by_publisher(weight: WeightFile, tried: list[str]) -> WeightsUnavailable:
    """The publisher has put another file in the place of the one that was known."""
    known = {
        "name": weight.name,
        "tried": "; ".join(tried),
        "variable": variable(weight.name),
    }
    if weight.sha256 is not None:
        return WeightsUnavailable("weights_changed_pinned", **known)
    model = weight.name.partition("/")[0]
    again = f"{command(model)} --again"
    return WeightsUnavailable("weights_changed_unpinned", **known, model=model, again=again)


def no_room_for_all(names: Sequence[str], needed: int, free: int) -> WeightsUnavailable:
    """The disk has less room than all files of a model need together; bytes."""
    return WeightsUnavailable(
        "weights_no_room",
        files=len(names),
        needed=needed,
        free=free,
        shown_needed=megabytes(needed),
        shown_free=megabytes(free),
    )


def pausing(host: str, seconds: float, *, asked: bool) -> Notice:
    """A wait before the next try; asked: the server wants it so."""
    shown = max(1, round(seconds))
    return Notice("waiting_asked" if asked else "waiting_busy", seconds=shown, host=host)


def to_be_brought(weight: WeightFile, where: Text) -> WeightsUnavailable:
    """Only the user can bring the file; `where` says from where, and into what folder."""
    name = weight.name.partition("/")[0]
    return WeightsUnavailable(
        "weights_by_hand", name=weight.name, where=where, variable=variable(name), folder=name
    )


def offline(weight: WeightFile) -> WeightsUnavailable:
    """The user has forbidden the network."""
    return WeightsUnavailable(
        "weights_offline",
        name=weight.name,
        size=weight.size,
        command=command(weight.name),
        variable=variable(weight.name),
        shown_size=megabytes(weight.size),
    )


def larger_than_cap(names: Sequence[str], needed: int, cap: int) -> WeightsUnavailable:
    """The host keeps fewer bytes of weights than these files have."""
    return _capped("weights_too_large", names, needed, cap)


def cap_in_use(names: Sequence[str], needed: int, cap: int) -> WeightsUnavailable:
    """The host would keep these files, but all that could go for them is in use."""
    return _capped("weights_cap_in_use", names, needed, cap)


def _capped(code: str, names: Sequence[str], needed: int, cap: int) -> WeightsUnavailable:
    return WeightsUnavailable(
        code,
        files=len(names),
        needed=needed,
        cap=cap,
        shown_needed=in_bytes(needed),
        shown_cap=in_bytes(cap),
    )


def no_room(name: str, needed: int, free: int) -> WeightsUnavailable:
    """The disk is full, found out before or during the download; bytes."""
    return WeightsUnavailable(
        "weights_disk_full",
        name=name,
        needed=needed,
        free=free,
        shown_needed=megabytes(needed),
        shown_free=megabytes(free),
    )


def folder_unusable(weight: WeightFile, reason: str) -> WeightsUnavailable:
    """The cache folder cannot be written; `reason` is the system's word for it."""
    return WeightsUnavailable("weights_folder", name=weight.name, reason=reason)


def set_aside(weight: WeightFile, kept: str) -> WeightsUnavailable:
    """The file in the cache is not the pinned one; `kept` is its new name, "" = left there."""
    return WeightsUnavailable(
        "weights_changed.set_aside" if kept else "weights_changed",
        name=weight.name,
        command=f"{command(weight.name)} --again",
        **({"kept": kept} if kept else {}),
    )


def local_missing(name: str, file: str, where: str | Text) -> WeightsUnavailable:
    """The user named a local file or folder that is not there; `where` says how."""
    return WeightsUnavailable("weights_local_missing", name=name, file=file, where=where)


def record_damaged(file: str) -> WeightsUnavailable:
    """The record of first downloads cannot be read, so nothing can be checked by it."""
    return WeightsUnavailable("weights_record", file=file)


def unforeseen(weight: WeightFile) -> WeightsUnavailable:
    """Something that is our fault; the console has the details."""
    return WeightsUnavailable("weights_bug", name=weight.name, command=command(weight.name))
