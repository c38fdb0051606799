"""The sentences about weights that a user may read, each in one place.

None of them holds a path, a token or a program's own error text: a package client's
output, for instance, can quote an index address with a password in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from methods._base import Text, WeightFile, WeightsUnavailable
from methods._weights.progress import Notice

REFUSALS = frozenset(
    {
        "weights_login",
        "weights_licence",
        "weights_permission",
        "weights_token",
        "weights_no_model",
    }
)
"""Codes of a model hub's refusals: whoever asks for the next file of the model gets the same."""

_OFFLINE_NOTE = "ERASER_LAB_OFFLINE=1 is set, so nothing was fetched"


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
        f"{weight.name} ({megabytes(weight.size)}) could not be fetched. Tried: {listed}. "
        f"Connect to the internet and run `{command(weight.name)}`, or give the file yourself: "
        f"set {variable(weight.name)} to it, or put it into a folder and set "
        "ERASER_LAB_LOCAL_WEIGHTS to that folder.",
        code="weights_unavailable",
        name=weight.name,
        size=weight.size,
        tried=listed,
        command=command(weight.name),
        variable=variable(weight.name),
    )


def web_page(weight: WeightFile, host: str, tried: list[str]) -> WeightsUnavailable:
    """Every source was tried in vain, and one of them sent a page for people."""
    return WeightsUnavailable(
        f"{host} sent a web page instead of {weight.name}: a network's log-in page, or a limit of "
        "the host for today. Log in to the network, or wait, and run "
        f"`{command(weight.name)}`; or give the file yourself: set {variable(weight.name)} to it. "
        f"Tried: {'; '.join(tried)}.",
        code="weights_web_page",
        name=weight.name,
        host=host,
        tried="; ".join(tried),
        command=command(weight.name),
        variable=variable(weight.name),
    )


def changed_by_publisher(weight: WeightFile, tried: list[str]) -> WeightsUnavailable:
    """The publisher has put another file in the place of the one that was known."""
    return _changed_unpinned(weight, tried) if weight.sha256 is None else _changed(weight, tried)


def _changed(weight: WeightFile, tried: list[str]) -> WeightsUnavailable:
    own = variable(weight.name)
    text = (
        f"The publisher has changed {weight.name}: it is not the file that this program was "
        f"checked with any more. Choose: keep using the old one by setting {own} to a copy of it; "
        "update this program, whose newer versions may know the new file; or take the new file "
        f"at your own risk by setting {own} to a copy of that. Tried: {'; '.join(tried)}."
    )
    return WeightsUnavailable(
        text,
        "weights_changed_pinned",
        name=weight.name,
        tried="; ".join(tried),
        variable=own,
    )


def _changed_unpinned(weight: WeightFile, tried: list[str]) -> WeightsUnavailable:
    own, model = variable(weight.name), weight.name.partition("/")[0]
    again = f"{command(model)} --again"
    text = (
        f"The publisher has changed {weight.name}: it is not the file that was fetched here first "
        f"any more. Choose: keep using the old one by setting {own} to a copy of it; or take the "
        f"new one with `{again}`, which replaces all files of {model} together. "
        f"Tried: {'; '.join(tried)}."
    )
    return WeightsUnavailable(
        text,
        "weights_changed_unpinned",
        name=weight.name,
        model=model,
        tried="; ".join(tried),
        again=again,
        variable=own,
    )


def no_room_for_all(names: Sequence[str], needed: int, free: int) -> WeightsUnavailable:
    """The disk has less room than all files of a model need together; bytes."""
    return WeightsUnavailable(
        f"There is not enough free space for these {len(names)} files together: "
        f"{megabytes(needed)} are needed and {megabytes(free)} are free where the weights are "
        "kept, so nothing was fetched. Free some space, or set ERASER_LAB_WEIGHTS to a folder on "
        "a larger disk, then fetch again.",
        code="weights_no_room",
        files=len(names),
        needed=needed,
        free=free,
    )


def pausing(host: str, seconds: float, *, asked: bool) -> Notice:
    """A wait before the next try; asked: the server wants it so."""
    shown = max(1, round(seconds))
    if asked:
        text = f"Waiting {shown} s for {host}: the server asked for it."
        return Notice(text, "waiting_asked", seconds=shown, host=host)
    text = f"Waiting {shown} s for {host}: the connection failed or the server is busy."
    return Notice(text, "waiting_busy", seconds=shown, host=host)


def to_be_brought(weight: WeightFile, where: Text) -> WeightsUnavailable:
    """Only the user can bring the file; `where` says from where, and into what folder."""
    name = weight.name.partition("/")[0]
    return WeightsUnavailable(
        f"{weight.name} is not on this machine and no program can fetch it. {where.en} Then set "
        f"{variable(name)} to that folder, or name the folder {name} and set "
        "ERASER_LAB_LOCAL_WEIGHTS to the one that it lies in.",
        code="weights_by_hand",
        name=weight.name,
        where=where.en,
        where_zh=where.zh,
        variable=variable(name),
        folder=name,
    )


def offline(weight: WeightFile) -> WeightsUnavailable:
    """The user has forbidden the network."""
    return WeightsUnavailable(
        f"{weight.name} ({megabytes(weight.size)}) is not on this machine, and {_OFFLINE_NOTE}. "
        f"Unset it and run `{command(weight.name)}`, or give the file yourself: set "
        f"{variable(weight.name)} to it, or put it into a folder and set "
        "ERASER_LAB_LOCAL_WEIGHTS to that folder.",
        code="weights_offline",
        name=weight.name,
        size=weight.size,
        command=command(weight.name),
        variable=variable(weight.name),
    )


def no_room(weight: WeightFile, full: DiskFull, free: int) -> WeightsUnavailable:
    """The disk is full, found out before or during the download; free: bytes left."""
    needed = full.needed or weight.size
    return WeightsUnavailable(
        f"There is not enough free space for {weight.name}: about {megabytes(needed)} are needed "
        f"and {megabytes(free)} are free where the weights are kept. Free some space, or "
        "set ERASER_LAB_WEIGHTS to a folder on a larger disk, then fetch again.",
        code="weights_disk_full",
        name=weight.name,
        needed=needed,
        free=free,
    )


def folder_unusable(weight: WeightFile, reason: str) -> WeightsUnavailable:
    """The cache folder cannot be written; `reason` is the system's word for it."""
    return WeightsUnavailable(
        f"{weight.name} could not be stored: the folder for weights cannot be used ({reason}). "
        "Set ERASER_LAB_WEIGHTS to a folder that can be written.",
        code="weights_folder",
        name=weight.name,
        reason=reason,
    )


def set_aside(weight: WeightFile, kept: str) -> WeightsUnavailable:
    """The file in the cache is not the pinned one; `kept` is its new name, "" = left there."""
    moved = f" and was set aside as {kept}" if kept else ""
    return WeightsUnavailable(
        f"The {weight.name} on this machine is not the expected file (its SHA-256 differs)"
        f"{moved}. Run `{command(weight.name)} --again` to fetch it again.",
        code="weights_changed",
        name=weight.name,
        command=f"{command(weight.name)} --again",
    )


def local_missing(name: str, file: str, where: str) -> WeightsUnavailable:
    """The user named a local file or folder that is not there; `where` says how."""
    return WeightsUnavailable(
        f"The local file for {name} given {where} ({file}) does not exist or is empty. "
        "Correct it, or remove it to fetch the file.",
        code="weights_local_missing",
        name=name,
        file=file,
        where=where,
    )


def record_damaged(file: str) -> WeightsUnavailable:
    """The record of first downloads cannot be read, so nothing can be checked by it."""
    return WeightsUnavailable(
        f"{file} in the folder for weights is damaged. Repair it, or delete it to trust the "
        "files that are there now.",
        code="weights_record",
        file=file,
    )


def unforeseen(weight: WeightFile) -> WeightsUnavailable:
    """Something that is our fault; the console has the details."""
    return WeightsUnavailable(
        f"Fetching {weight.name} failed for an unforeseen reason; the console shows it. "
        f"Try again, or run `{command(weight.name)}`.",
        code="weights_bug",
        name=weight.name,
        command=command(weight.name),
    )
