"""The photos behind links, fetched on the user's own machine and kept there.

<cache>/<host>/<name>        a photo that was looked at: a picture, and within the limits
<cache>/photos.lock.json     the digest of each link's first download

The cache is ERASER_LAB_PHOTOS, else the user's own. Where this machine may not fetch, a file
that the user saved there under the name that the message gives is taken as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

import platformdirs
from filelock import FileLock

from examples.rows import FOLDER, PhotoRef
from methods import BadInput, Limits, Unavailable, download, load_image, write_atomic

RECORD = "photos.lock.json"


class Download(TypedDict, total=False):
    """A link's first download in the record. sha256: hex; recorded: the day, ISO 8601."""

    sha256: str
    bytes: int
    recorded: str


def photo_cache() -> Path:
    """The folder for fetched photos; may not exist yet."""
    chosen = os.environ.get("ERASER_LAB_PHOTOS")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_cache_path("eraser-lab", appauthor=False) / "photos"


def place_of(ref: PhotoRef) -> Path:
    """Where the file lies or will lie. Raises BadInput for a link that is none."""
    if ref.path:
        return FOLDER / ref.path  # an absolute path stands for itself
    parts = urlsplit(ref.url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise BadInput("photo_address", name=ref.name)
    return photo_cache() / _plain(parts.hostname) / _plain(parts.path.strip("/") or "photo")


def is_here(ref: PhotoRef) -> bool:
    """Whether `bring` would need no network."""
    return place_of(ref).is_file()


def bring(
    ref: PhotoRef,
    *,
    accept_changed: bool = False,
    should_stop: Callable[[], bool] | None = None,
) -> Path:
    """The file of the picture, on this machine when this returns.

    A link's file is fetched once, within `methods.Limits`, and taken only when it is a picture
    that `load_image` reads. Its digest is recorded; content that has changed since is refused
    unless accept_changed. Raises BadInput (not a picture, too large), Unavailable (codes
    "photo_unreachable", "photo_offline", "photo_changed") and Stopped.
    """
    place = place_of(ref)
    if ref.path:
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(_beside(place, ".lock")):
        expected = ref.sha256 or _recorded(ref.url)
        if place.is_file() and _digest(place) == (expected or _digest(place)):
            _accept(ref, place, place)
        else:
            part = _beside(place, ".part")
            _fetch(ref, part, place, should_stop)
            _compare(ref, part, None if accept_changed else expected)
            _accept(ref, part, place)
    return place


def _fetch(ref: PhotoRef, part: Path, place: Path, should_stop: Callable[[], bool] | None) -> None:
    most = int(Limits.from_environment().megabytes * 1e6)
    where = f"{place.parent.name}/{place.name}"
    try:
        download(ref.url, part, most, should_stop)
    except Unavailable as error:
        reason = str(error.details.get("reason", ""))
        if error.code == "download_offline":
            raise _offline(ref, where) from error
        raise _unreachable(ref, reason, where) from error


def _compare(ref: PhotoRef, part: Path, expected: str | None) -> None:
    if expected and _digest(part) != expected:
        part.unlink()
        raise _changed(ref)


def _accept(ref: PhotoRef, file: Path, place: Path) -> None:
    """Move the file to its place and record it, once it has been read as a picture."""
    entry: Download = {"sha256": _digest(file), "bytes": file.stat().st_size}
    known = _read_record().get(ref.url, {})
    if file == place and known.get("sha256") == entry["sha256"]:
        return
    try:
        load_image(file, name=ref.name)
    except BadInput:
        file.unlink()
        raise
    os.replace(file, place)
    _record(ref.url, {**entry, "recorded": datetime.now(UTC).date().isoformat()})


# --- the record of first downloads -------------------------------------------------------


def _recorded(url: str) -> str | None:
    return _read_record().get(url, {}).get("sha256")


def _read_record() -> dict[str, Download]:
    """A record that is missing or damaged is an empty one: then the digests are taken anew."""
    with suppress(OSError, ValueError):
        entries: dict[str, Download] = json.loads((photo_cache() / RECORD).read_text("utf-8"))
        if isinstance(entries, dict):
            return {url: entry for url, entry in entries.items() if isinstance(entry, dict)}
    return {}


def _record(url: str, entry: Download) -> None:
    file = photo_cache() / RECORD
    with FileLock(_beside(file, ".lock")):
        entries = _read_record() | {url: entry}
        write_atomic(file, json.dumps(entries, indent=1, sort_keys=True).encode())


# --- small things ------------------------------------------------------------------------


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _plain(text: str) -> str:
    """A part of an address as a file name: no folder, no hidden file, nothing special."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", text).lstrip(".")[-120:] or "photo"


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


def _host(ref: PhotoRef) -> str:
    return urlsplit(ref.url).hostname or "the host"


# --- sentences ---------------------------------------------------------------------------


def _unreachable(ref: PhotoRef, reason: str, where: str) -> Unavailable:
    return Unavailable("photo_unreachable", name=ref.name, reason=reason, url=ref.url, file=where)


def _offline(ref: PhotoRef, where: str) -> Unavailable:
    return Unavailable("photo_offline", name=ref.name, url=ref.url, file=where, host=_host(ref))


def _changed(ref: PhotoRef) -> Unavailable:
    since = _read_record().get(ref.url, {}).get("recorded", "")
    return Unavailable(
        "photo_changed.since" if since else "photo_changed",
        name=ref.name,
        host=_host(ref),
        recorded=str(since),
        url=ref.url,
    )
