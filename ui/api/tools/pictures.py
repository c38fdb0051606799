"""Pictures that agents hand over and get.

What they hand over may be an address under which this program shows a picture of its own: it is
looked up in the folders of photos and runs by its id, never fetched, whatever machine it names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

import cv2
import numpy as np
from numpy.typing import NDArray

from methods import Mask, reduce_mask, write_atomic
from ui.api.pictures import picture_of
from ui.api.requests import FileArgument
from ui.common.errors import photo_gone, run_gone
from ui.common.files import link_or_copy, private_folder
from ui.service.service import Service

ROOM = 640_000
"""Bytes of all pictures of one answer: in base64 they stay below the 2**20 bytes of an event that
the protocol's own client takes."""

SIDES = (1600, 1200, 900, 640, 448, 320, 224, 160, 112)
TINT = (200, 0, 255)
"""BGR, for what is selected."""

LONGEST_ADDRESS = 4096

_KEPT = re.compile(r"(?:https?://.+/|/)?lab/(photos|runs)/([\w.-]+)/([\w.-]+)(?:\?[^/]*)?")
_RESULT = re.compile(r"(\d{1,2}-[a-z0-9_]{1,40})\.(?:jpg|png)")


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture in an answer. data: the file's bytes; lossless: every pixel is in it."""

    data: bytes
    kind: str
    lossless: bool


def given_picture(text: str, service: Service) -> FileArgument:
    """A picture as the endpoints take it, always as a file among the uploads.

    Raises UserError: it is none of what `ui.api.pictures` takes, or was kept here and is gone.
    """
    found = _KEPT.fullmatch(text) if len(text) < LONGEST_ADDRESS else None
    if found is not None:
        source: Path | bytes = _kept(service, *found.groups())
        name = found[3]
    else:
        given = picture_of(FileArgument(path=text), service.uploads, service.limits.megabytes)
        source, name = given.source, given.name
    if isinstance(source, bytes) or found is not None:
        source = _placed(source, service)
    return FileArgument(path=str(source), orig_name=name)


def _placed(source: Path | bytes, service: Service) -> Path:
    """A file of its own, which the janitor clears away with the uploads."""
    place = private_folder(service.uploads.folder / "api" / token_urlsafe(16)) / "picture"
    if isinstance(source, bytes):
        write_atomic(place, source)
        return place
    try:
        link_or_copy(source, place)
    except FileNotFoundError:
        raise photo_gone() from None
    return place


def _kept(service: Service, shelf: str, owner: str, file: str) -> Path:
    """The file behind an address. What is shown reduced stands for the whole picture."""
    if shelf == "photos":
        record = service.photos.record(owner)
        whole = service.photos.original(record.id)
        path = whole if file == "view.jpg" else service.photos.file(owner, file)
        error = photo_gone
    else:
        path = _of_run(service, service.owners.named(owner), file)
        error = run_gone
    if path is None or not path.is_file():
        raise error()
    return path


def _of_run(service: Service, run: str, file: str) -> Path | None:
    if service.runs.file(run, file) is None:
        return None
    if file in ("original.jpg", "original.png"):
        return service.runs.original(run)
    result = _RESULT.fullmatch(file)
    name = f"{result[1]}.png" if result else file
    return service.runs.file(run, name) if result or file == "mask.png" else None


def shown(lossless: Path, view: Path, room: int) -> Shown:
    """The picture itself where it takes at most `room` bytes, else its view, reduced until it
    does. view: a JPEG of it."""
    if lossless.stat().st_size <= room:
        return Shown(lossless.read_bytes(), "image/png", lossless=True)
    return Shown(_fitting(_read(view), room), "image/jpeg", lossless=False)


def tinted(view: Path, mask: Mask, room: int) -> Shown:
    """A photo's view on which the selection is coloured, to see whether it is the right one."""
    picture = _read(view)
    where = reduce_mask(mask, (picture.shape[0], picture.shape[1]), "half")
    picture[where] = (0.45 * picture[where] + 0.55 * np.array(TINT)).astype(np.uint8)
    return Shown(_fitting(picture, room), "image/jpeg", lossless=False)


def _read(jpeg: Path) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.fromfile(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def _fitting(picture: NDArray[np.uint8], room: int) -> bytes:
    """A JPEG of at most `room` bytes, or the smallest there is."""
    data = b""
    for side in SIDES:
        data = _jpeg(picture, side)
        if len(data) <= room:
            break
    return data


def _jpeg(picture: NDArray[np.uint8], side: int) -> bytes:
    height, width = picture.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
