"""The photo of a run as its results are: decoded, upright, lossless, at their own size.

Made when someone first compares, and kept in the run's folder beside the results. It is not the
uploaded file, which no browser may know how to show and none shows with our colours.
"""

from __future__ import annotations

from pathlib import Path

from methods import (
    COMPOSING,
    BoundedCache,
    Photo,
    UserError,
    full_size,
    png_bytes,
    write_atomic,
)
from ui.common.errors import photo_gone
from ui.stores.photos import PhotoRecord, PhotoStore
from ui.stores.runs import ORIGINAL, RunStore


class Originals:
    """Gives the originals, and makes those that are asked for the first time."""

    def __init__(self, photos: PhotoStore, runs: RunStore) -> None:
        self._photos = photos
        self._runs = runs
        self._under_way: BoundedCache[str, Path] = BoundedCache(0, lambda path: 1)

    def find(self, run_id: str) -> Path | None:
        """The file, where it has been made."""
        return self._runs.file(run_id, ORIGINAL)

    def get(self, run_id: str) -> Path:
        """The file, made now if need be. Raises UserError ("run_gone", "photo_gone", or what
        `load_image` raises), OSError."""
        return self.find(run_id) or self._under_way.get(run_id, lambda: self._make(run_id))

    def _make(self, run_id: str) -> Path:
        path = self._runs.folder / run_id / ORIGINAL
        with full_size.work(COMPOSING * pixels_of(run_id, self._runs)):
            photo = photo_of(run_id, self._photos, self._runs)
            write_atomic(path, png_bytes(photo.rgb, photo.alpha))
        return path


def photo_of(run_id: str, photos: PhotoStore, runs: RunStore) -> Photo:
    """A run's photo: from the photos' store where it is still there, else from the run's own copy.

    Raises UserError ("run_gone", "photo_gone", or what `load_image` raises).
    """
    try:
        saved = runs.load(run_id)["photo"]
        photo_id, name, key = str(saved["id"]), str(saved["name"]), saved["key"]
        chain = PhotoRecord.from_json(saved).chain
    except (KeyError, TypeError) as error:
        raise photo_gone() from error
    try:
        photo = photos.load(photo_id)
    except UserError:
        photo = photos.decode(runs.original(run_id), name, chain)
    if photo.key != key:
        raise photo_gone()  # an older program read these bytes as other pixels
    return photo


def pixels_of(run_id: str, runs: RunStore) -> int:
    """How many pixels its photo has. Raises UserError ("run_gone", "photo_gone")."""
    try:
        saved = runs.load(run_id)["photo"]
        return int(saved["width"]) * int(saved["height"])
    except (KeyError, TypeError, ValueError) as error:
        raise photo_gone() from error
