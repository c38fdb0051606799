"""Masks that visitors upload, kept beside the photo that they belong to.

    photos/<id>/upload-<mask id>.png    1 bit a pixel, of the photo's size, white = erase; as its
                                        comment how the file that it comes from was read

Whoever knows a photo's id and a mask's may use it, on that photo only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

import numpy as np
from PIL import Image as PilImage

from methods import BadInput, BoundedCache, Limits, Mask, MaskReading, PlainText, Text, write_atomic
from segmentation import mask_png, read_mask_file, shown_mask
from ui.common.files import link_or_copy, own_file
from ui.common.names import is_id
from ui.stores.packed import PackedMask
from ui.stores.photos import PhotoStore

KEPT_UPLOADS = 64
"""Of one photo; the oldest go first."""

KEPT_BYTES = 32 * 2**20
"""Packed: some hundred masks of large photos."""


@dataclass(frozen=True, slots=True)
class TakenMask:
    """A mask that has been taken in. readings: each with its id, the one that counts first."""

    readings: tuple[tuple[str, MaskReading], ...]
    notes: tuple[Text, ...]


class MaskUploads:
    """Takes uploaded masks in, and gives them back at any size.

    Raises UserError: "upload_gone" for a mask that is not here, "photo_gone", and what
    `read_mask_file` raises for a file that is no mask of the photo.
    """

    def __init__(self, photos: PhotoStore, limits: Limits) -> None:
        self._photos = photos
        self._limits = limits
        self._read: BoundedCache[str, PackedMask] = BoundedCache(KEPT_BYTES, kind="masks")

    def take(self, photo_id: str, file: Path, name: str) -> TakenMask:
        """Keep the mask in an uploaded file, a picture or run lengths, in each of its readings."""
        record = self._photos.record(photo_id)
        size = record.height, record.width
        read = read_mask_file(file, size, name=name, limits=self._limits)
        kept = [
            (self.put(photo_id, each.mask, read.taking(number).notes), each)
            for number, each in enumerate(read.readings, 1)
        ]
        return TakenMask(tuple(kept), read.notes)

    def put(self, photo_id: str, mask: Mask, notes: Sequence[Text] = ()) -> str:
        """Keep a mask of the photo's size; its id. notes: how it was read."""
        self._photos.record(photo_id)
        mask_id = token_urlsafe(16)
        self._make_room(photo_id)
        write_atomic(self._path(photo_id, mask_id), mask_png(mask, _comment(notes)))
        return mask_id

    def load(self, photo_id: str, mask_id: str, longest_side: int | None = None) -> Mask:
        """The mask, of the photo's size or reduced; a new one."""
        path = self.file(photo_id, mask_id)
        return self._read.get(
            f"{photo_id}/{mask_id}/{longest_side}",
            lambda: PackedMask.of(read_upload(path, longest_side)),
        ).mask()

    def file(self, photo_id: str, mask_id: str) -> Path:
        """The PNG of a mask of this photo."""
        path = self._path(photo_id, mask_id)
        if not is_id(photo_id) or not is_id(mask_id) or own_file(path) is None:
            raise upload_gone()
        return path

    def restore(self, photo_id: str, mask_id: str, copy: Path) -> None:
        """Bring back a mask that was cleared away with its photo, from a copy."""
        path = self._path(photo_id, mask_id)
        if is_id(photo_id) and is_id(mask_id) and copy.is_file() and not path.exists():
            link_or_copy(copy, path)

    def _path(self, photo_id: str, mask_id: str) -> Path:
        return self._photos.folder / photo_id / f"upload-{mask_id}.png"

    def _make_room(self, photo_id: str) -> None:
        files = sorted((self._photos.folder / photo_id).glob("upload-*.png"), key=os.path.getmtime)
        for old in files[: len(files) - KEPT_UPLOADS + 1]:
            old.unlink(missing_ok=True)


def _comment(notes: Sequence[Text]) -> str:
    return json.dumps([note.plain() for note in notes], ensure_ascii=False) if notes else ""


def notes_of(path: Path | None) -> list[PlainText]:
    """How the mask in one of our own files was read; nothing where that is not known."""
    try:
        with PilImage.open(path or "") as picture:
            return json.loads(picture.info.get("Comment", "[]"))
    except (OSError, ValueError):
        return []


def upload_gone() -> BadInput:
    return BadInput("upload_gone")


def read_upload(path: Path, longest_side: int | None = None) -> Mask:
    """The mask in one of our own files. Raises UserError ("upload_gone")."""
    try:
        with PilImage.open(path) as picture:
            # By way of grey: Pillow's own arrays of one bit have True as 255, not 1.
            mask = shown_mask(np.asarray(picture.convert("L")) > 127, longest_side)
    except (OSError, ValueError, SyntaxError):  # gone, or no picture any more
        raise upload_gone() from None
    return np.ascontiguousarray(mask)
