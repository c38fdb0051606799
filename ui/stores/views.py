"""The photos as the page shows them, in memory: for what needs to look but not at every pixel."""

from __future__ import annotations

import logging
from typing import TypedDict

import cv2
import numpy as np

from methods import BoundedCache, Image, UserError
from segmentation import Selected, find_hints
from ui.stores.photos import PhotoStore

log = logging.getLogger(__name__)

KEPT_BYTES = 64 * 2**20


class PlainHint(TypedDict):
    """What the mask probably leaves behind. strength: 0 … 1."""

    code: str
    strength: float


class Views:
    """Pictures of at most 1600 pixels, read from the photos' own view files or exact."""

    def __init__(self, photos: PhotoStore) -> None:
        self._photos = photos
        self._kept: BoundedCache[str, Image] = BoundedCache(KEPT_BYTES, kind="views")

    def picture(self, photo_id: str) -> Image:
        """(h, w, 3) RGB. Raises OSError where the file is gone."""
        return self._kept.get(photo_id, lambda: self._read(photo_id))

    def at(self, photo_id: str, size: tuple[int, ...]) -> Image:
        """The same at another size: it is looked at after every click. Where that is larger, of
        the photo itself.

        Raises OSError where the file is gone, UserError where the photo is.
        """
        height, width = size
        picture = self.picture(photo_id)
        if picture.shape[:2] == size:
            return picture
        if max(size) > max(picture.shape[:2]):
            return self.exact(photo_id, size)
        return self._kept.get(
            f"{photo_id} {height} {width}",
            lambda: cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA),
        )

    def exact(self, photo_id: str, size: tuple[int, ...]) -> Image:
        """(h, w, 3) RGB from the photo's own pixels: a view's JPEG blurs what is looked at closely.

        Raises UserError where the photo is gone.
        """
        height, width = size
        return self._kept.get(
            f"{photo_id} {height} {width} exact",
            lambda: cv2.resize(
                self._photos.load(photo_id).seen, (width, height), interpolation=cv2.INTER_AREA
            ),
        )

    def hints(self, photo_id: str, selection: Selected) -> list[PlainHint]:
        """What the mask probably leaves behind, strongest first, as the page gets it.

        The selection's mask is at most of the view's size. A hint is not worth an error: where
        the view cannot be read there is none.
        """
        try:
            picture = self.at(photo_id, selection.mask.shape)
        except (OSError, UserError):
            log.warning("A photo's view could not be read; no hints are given", exc_info=True)
            return []
        hints = find_hints(picture, selection.mask, selection.core)
        return [{"code": hint.code, "strength": round(hint.strength, 3)} for hint in hints]

    def _read(self, photo_id: str) -> Image:
        data = np.frombuffer(self._photos.view(photo_id).read_bytes(), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
        if picture is None:
            raise OSError("the view is no picture")
        return picture
