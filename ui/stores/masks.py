"""Masks that visitors upload, kept beside the photo that they belong to.

    photos/<id>/upload-<mask id>.png    1 bit a pixel, of the photo's size, white = erase

Whoever knows a photo's id and a mask's may use it, on that photo only.
"""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_urlsafe

import numpy as np
from PIL import Image as PilImage
from PIL import UnidentifiedImageError

from methods import BadInput, BoundedCache, Limits, Mask, Text, load_mask, write_atomic
from segmentation import mask_png, shown_mask
from ui.common.files import link_or_copy
from ui.common.names import is_id
from ui.stores.photos import PhotoRecord, PhotoStore

KEPT_UPLOADS = 64
"""Of one photo; the oldest go first."""

KEPT_BYTES = 96 * 2**20

EMPTY = Text("note.mask.empty")


class MaskUploads:
    """Takes uploaded masks in, and gives them back at any size.

    Raises UserError: "upload_gone" for a mask that is not here, "photo_gone", and what
    `load_mask` raises for a file that is no mask of the photo.
    """

    def __init__(self, photos: PhotoStore, limits: Limits) -> None:
        self._photos = photos
        self._limits = limits
        self._read: BoundedCache[str, Mask] = BoundedCache(KEPT_BYTES)

    def take(self, photo_id: str, file: Path, name: str) -> tuple[str, Mask, list[Text]]:
        """Keep the mask in an uploaded file: its id, the mask, what the user should know."""
        record = self._photos.record(photo_id)
        size = record.height, record.width
        mask = load_mask(file, size, name=name, limits=self._limits)
        notes = [] if mask.any() else [EMPTY]
        return self.put(photo_id, mask), mask, [*notes, *_resized(file, record)]

    def put(self, photo_id: str, mask: Mask) -> str:
        """Keep a mask of the photo's size; its id."""
        self._photos.record(photo_id)
        mask_id = token_urlsafe(16)
        self._make_room(photo_id)
        write_atomic(self._path(photo_id, mask_id), mask_png(mask))
        return mask_id

    def load(self, photo_id: str, mask_id: str, longest_side: int | None = None) -> Mask:
        """The mask, of the photo's size or reduced. Read-only, since it is shared."""
        path = self.file(photo_id, mask_id)
        return self._read.get(
            f"{photo_id}/{mask_id}/{longest_side}", lambda: read_upload(path, longest_side)
        )

    def file(self, photo_id: str, mask_id: str) -> Path:
        """The PNG of a mask of this photo."""
        path = self._path(photo_id, mask_id)
        if not is_id(photo_id) or not is_id(mask_id) or not path.is_file():
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


def upload_gone() -> BadInput:
    return BadInput("upload_gone")


def read_upload(path: Path, longest_side: int | None = None) -> Mask:
    """The mask in one of our own files. Raises UserError ("upload_gone")."""
    try:
        with PilImage.open(path) as picture:
            # By way of grey: Pillow's own arrays of one bit have True as 255, not 1.
            mask = shown_mask(np.asarray(picture.convert("L")) > 127, longest_side)
    except FileNotFoundError:
        raise upload_gone() from None
    mask = np.ascontiguousarray(mask)
    mask.setflags(write=False)
    return mask


def _resized(file: Path, record: PhotoRecord) -> list[Text]:
    """A remark where the mask came in another size than the photo's."""
    try:
        with PilImage.open(file) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError, ValueError):
        return []  # a format that Pillow alone does not read; nothing need be said
    if {width, height} == {record.width, record.height}:
        return []
    was, now = f"{width} × {height}", f"{record.width} × {record.height}"
    return [Text("note.mask.resized", was=was, now=now)]
