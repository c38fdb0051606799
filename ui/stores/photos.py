"""The photos that visitors have opened: on disk under random ids, decoded ones in memory.

    photos/<id>/original     the bytes as they were uploaded, never changed; or a run's result
                photo.json   what is known about them
                first, …     of a run's result: see `ui.stores.chain`
                view.jpg     what the page shows, longer side at most 1600 pixels
                mask-….png   masks that were asked for as files

Whoever knows an id may see its photo; ids are 128 random bits and are never listed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import NotRequired, TypedDict

from pydantic import JsonValue

from methods import (
    DECODING,
    BoundedCache,
    Limits,
    Photo,
    PlainText,
    Text,
    Verbatim,
    full_size,
    load_image,
    pixels_told,
    view_jpeg,
    write_atomic,
)
from segmentation import usual_growth
from ui.common.errors import photo_gone
from ui.common.files import link_or_copy, own_file, private_folder, writable_folder, write_json
from ui.common.grid import PublicPhoto
from ui.common.names import is_id
from ui.stores.chain import FIRST, REACHED, Chain, carry, own_limits
from ui.stores.tiles import SIDE, levels_of

VIEW_SIDE = 1600
KEPT_BYTES = 512 * 2**20
KEPT_PHOTOS = 24
"""Small ones are soon decoded again, and most visitors do not come back."""

TOUCH_SECONDS = 600.0
KEPT_MASKS = 8
PUBLIC_FILE = re.compile(r"view\.jpg|mask-[0-9a-f]{16}\.png")


class SavedPhoto(TypedDict):
    """A `PhotoRecord` as it stands in photo.json and run.json. notes: by language; in older
    files pairs, English and Chinese. chain: a `Chain`, of a result that was gone on with."""

    id: str
    name: str
    format: str
    width: int
    height: int
    alpha: bool
    key: str
    sha256: str
    notes: Sequence[PlainText | Sequence[str]]
    chain: NotRequired[dict[str, JsonValue]]


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """What is kept about a photo. key: of the pixels; sha256: of the uploaded file. chain: where it
    came of a result."""

    id: str
    name: str
    format: str
    width: int
    height: int
    alpha: bool
    key: str
    sha256: str
    notes: tuple[Text, ...] = ()
    chain: Chain | None = None

    def public(self) -> PublicPhoto:
        """The part that the page gets."""
        told: PublicPhoto = {
            "id": self.id,
            "name": self.name,
            "width": self.width,
            "height": self.height,
            "alpha": self.alpha,
            "view": f"lab/photos/{self.id}/view.jpg",
            "tiles": {
                "url": f"lab/photos/{self.id}/tiles/",
                "side": SIDE,
                "levels": levels_of((self.height, self.width), VIEW_SIDE),
            },
            "notes": [note.plain() for note in self.notes],
            "growth": usual_growth((self.height, self.width)),
        }
        if self.chain is not None:
            told["chain"] = self.chain.public()
        return told

    def saved(self) -> SavedPhoto:
        """For JSON."""
        kept: SavedPhoto = {
            "id": self.id,
            "name": self.name,
            "format": self.format,
            "width": self.width,
            "height": self.height,
            "alpha": self.alpha,
            "key": self.key,
            "sha256": self.sha256,
            "notes": [note.plain() for note in self.notes],
        }
        if self.chain is not None:
            kept["chain"] = self.chain.plain()
        return kept

    @classmethod
    def from_json(cls, value: SavedPhoto) -> PhotoRecord:
        """Raises KeyError, TypeError or ValueError for what `saved` has not written."""
        return cls(
            id=value["id"],
            name=value["name"],
            format=value["format"],
            width=value["width"],
            height=value["height"],
            alpha=value["alpha"],
            key=value["key"],
            sha256=value["sha256"],
            notes=tuple(map(_note, value.get("notes", ()))),
            chain=Chain.model_validate(value["chain"]) if "chain" in value else None,
        )


def _note(said: PlainText | Sequence[str]) -> Text:
    return Verbatim(
        said if isinstance(said, Mapping) else dict(zip(("en", "zh"), said, strict=False))
    )


class PhotoStore:
    """Opens photos, and gives them back by id.

    Raises UserError ("photo_gone") for an id that is not here; what `load_image` raises
    for a file that is no usable photo; OSError.
    """

    def __init__(self, folder: Path, limits: Limits, kept_bytes: int = KEPT_BYTES) -> None:
        self.folder = writable_folder(folder)
        self._limits = limits
        self._decoded: BoundedCache[str, Photo] = BoundedCache(
            kept_bytes, _bytes_of, kind="photos", most_values=KEPT_PHOTOS
        )
        self._records: dict[str, PhotoRecord] = {}
        self._touched: dict[str, float] = {}

    def take(self, upload: Path, name: str) -> PhotoRecord:
        """Move an uploaded file in here and open it."""
        with self._new_folder() as folder:
            shutil.move(upload, folder / "original")
            return self._open(folder, name)

    def add_copy(self, source: Path, name: str) -> PhotoRecord:
        """Open a photo from a file that stays where it is."""
        with self._new_folder() as folder:
            shutil.copyfile(source, folder / "original")
            return self._open(folder, name)

    def add_again(self, photo_id: str, name: str) -> PhotoRecord:
        """Open the same file a second time, under an id of its own."""
        self.record(photo_id)
        with self._new_folder() as folder:
            link_or_copy(self.original(photo_id), folder / "original")
            return self._open(folder, name)

    def add_result(
        self, result: Path, name: str, chain: Chain, first: Path, reached: bytes
    ) -> PhotoRecord:
        """Open a run's result as a photo; what belongs to its chain is kept with it."""
        with self._new_folder() as folder:
            link_or_copy(result, folder / "original")
            link_or_copy(first, folder / FIRST)
            write_atomic(folder / REACHED, reached)
            return self._open(folder, name, chain)

    def keep_chain(self, photo_id: str, folder: Path) -> None:
        """What belongs to a photo's chain, also beside a run of it."""
        carry(self.record(photo_id).chain, self.folder / photo_id, folder)

    def restore(self, record: PhotoRecord, original: Path) -> PhotoRecord:
        """Bring back a photo that was cleared away, from a copy, under its old id; what belongs to
        its chain lies beside the copy."""
        if not is_id(record.id):
            raise photo_gone()
        if (self.folder / record.id / "photo.json").is_file():
            return record
        folder = private_folder(self.folder / record.id)
        part = folder / f".original.{token_urlsafe(6)}"
        try:
            link_or_copy(original, part)
            part.replace(folder / "original")
        finally:
            part.unlink(missing_ok=True)  # two links to one file: replace leaves the first
        carry(record.chain, original.parent, folder)
        return self._open(folder, record.name, record.chain)

    def record(self, photo_id: str) -> PhotoRecord:
        """What is known about a photo. Raises UserError ("photo_gone")."""
        path = self.folder / photo_id / "photo.json"
        if not is_id(photo_id) or own_file(path) is None:
            self._records.pop(photo_id, None)
            self._decoded.forget(photo_id)
            raise photo_gone()
        self._touch(photo_id, path)
        if photo_id not in self._records:
            self._records[photo_id] = _read_record(path)
        return self._records[photo_id]

    def load(self, photo_id: str) -> Photo:
        """The decoded photo, from memory or from disk."""
        record = self.record(photo_id)
        return self._decoded.get(
            photo_id, lambda: self._decode_own(self.original(photo_id), record)
        )

    def _decode_own(self, path: Path, record: PhotoRecord) -> Photo:
        if own_file(path) is None:
            raise photo_gone()
        return self.decode(path, record.name, record.chain)

    def in_memory(self, photo_id: str) -> bool:
        """Whether `load` need not decode."""
        return self._decoded.find(photo_id) is not None

    def decode(self, path: Path, name: str, chain: Chain | None = None) -> Photo:
        """Decode any file, when there is room for it. chain: of one that is a result of ours.
        Raises "photo_gone" where there is none."""
        limits = own_limits(self._limits, chain)
        with full_size.work(DECODING * pixels_told(path, limits)):
            if not path.is_file():
                raise photo_gone()
            return load_image(path, name=name, limits=limits)

    def original(self, photo_id: str) -> Path:
        return self.folder / photo_id / "original"

    def view(self, photo_id: str) -> Path:
        return self.folder / photo_id / "view.jpg"

    def put_mask(self, photo_id: str, png: bytes) -> str:
        """Keep a mask beside its photo, to be downloaded; its relative URL."""
        name = f"mask-{sha256(png).hexdigest()[:16]}.png"
        folder = self.folder / photo_id
        for old in sorted(folder.glob("mask-*.png"), key=os.path.getmtime)[: -KEPT_MASKS + 1]:
            old.unlink(missing_ok=True)
        write_atomic(folder / name, png)
        return f"lab/photos/{photo_id}/{name}"

    def file(self, photo_id: str, name: str) -> Path | None:
        """A file that the page may have, or None."""
        if not is_id(photo_id) or PUBLIC_FILE.fullmatch(name) is None:
            return None
        return own_file(self.folder / photo_id / name)

    @contextmanager
    def _new_folder(self) -> Iterator[Path]:
        """A folder under a new random id; it goes again if the photo cannot be opened."""
        folder = self.folder / token_urlsafe(16)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _open(self, folder: Path, name: str, chain: Chain | None = None) -> PhotoRecord:
        original = folder / "original"
        if not stat.S_ISREG(original.lstat().st_mode):
            raise photo_gone()
        photo = self.decode(original, name, chain)
        record = replace(_record_of(folder.name, name, photo, original), chain=chain)
        write_atomic(folder / "view.jpg", _view_of(photo))
        write_json(folder / "photo.json", record.saved())
        self._records[record.id] = record
        self._decoded.put(record.id, photo)
        return record

    def _touch(self, photo_id: str, path: Path) -> None:
        """Tell the janitor that the photo is in use; not with every click."""
        now = time.monotonic()
        if now - self._touched.get(photo_id, 0.0) > TOUCH_SECONDS:
            self._touched[photo_id] = now
            os.utime(path)

    def forget(self, photo_id: str) -> None:
        """Drop what is in memory of a photo whose folder has been removed."""
        self._records.pop(photo_id, None)
        self._touched.pop(photo_id, None)
        self._decoded.forget(photo_id)


def _read_record(path: Path) -> PhotoRecord:
    try:
        return PhotoRecord.from_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise photo_gone() from error


def _record_of(photo_id: str, name: str, photo: Photo, original: Path) -> PhotoRecord:
    height, width = photo.size
    with original.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return PhotoRecord(
        id=photo_id,
        name=name,
        format=photo.format,
        width=width,
        height=height,
        alpha=photo.alpha is not None,
        key=photo.key,
        sha256=digest,
        notes=tuple(photo.notes),
    )


def _view_of(photo: Photo) -> bytes:
    return view_jpeg(photo.rgb, longest_side=VIEW_SIDE, alpha=photo.alpha)


def _bytes_of(photo: Photo) -> int:
    return photo.rgb.nbytes + (0 if photo.alpha is None else photo.alpha.nbytes)
