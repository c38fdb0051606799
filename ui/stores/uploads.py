"""Gradio's upload folder: what may be taken out of it, and by whom."""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path

from ui.common.errors import not_an_upload
from ui.common.files import private_folder
from ui.stores.photos import PhotoRecord, PhotoStore

GRADIO_FOLDER = "GRADIO_TEMP_DIR"

DOORS = 16
REMEMBERED = 256
REMEMBERED_SECONDS = 120.0


def own_upload_folder(data_dir: Path) -> Path | None:
    """Make Gradio keep uploads under `data_dir`, and return that folder.

    Must be called before the first Gradio component is made. Gradio's default folder is
    shared with every other Gradio program of the machine, so nobody could tidy it up.
    None when the user has chosen a folder: it stays, and is left alone by the janitor.
    """
    chosen = os.environ.get(GRADIO_FOLDER)
    folder = data_dir.resolve() / "uploads"
    if chosen and Path(chosen).resolve() != folder:
        return None
    os.environ[GRADIO_FOLDER] = str(private_folder(folder))
    return folder


class Uploads:
    """Moves uploaded files into the photo store.

    The same file uploaded twice gets the same path from Gradio (a salted hash of its
    bytes), so the second visitor's path may have been taken by the first. For that case
    the last paths taken are remembered: whoever names one has uploaded the same bytes.
    """

    def __init__(self, folder: Path, photos: PhotoStore) -> None:
        self.folder = folder.resolve()
        self._photos = photos
        # Whoever comes for the same path waits until the first one's photo is remembered.
        self._doors = tuple(threading.Lock() for _ in range(DOORS))
        self._lock = threading.Lock()
        self._taken: dict[Path, tuple[str, float]] = {}

    def find(self, path: str) -> Path:
        """The uploaded file, resolved. Raises UserError ("not_an_upload") for any other path."""
        try:
            found = Path(path).resolve()
            allowed = found.is_relative_to(self.folder) and not Path(path).is_symlink()
        except (OSError, ValueError, RuntimeError):  # too long, a zero byte, a loop of links
            allowed = False
        if not allowed:
            raise not_an_upload()
        return found

    def existing(self, path: str) -> Path:
        """The uploaded file, to be read where it is. Raises UserError ("not_an_upload")."""
        found = self.find(path)
        _check_regular(found)
        return found

    def open(self, path: str, name: str) -> PhotoRecord:
        """Move an uploaded file into the photo store and open it there."""
        found = self.find(path)
        with self._doors[hash(found) % DOORS]:
            if not found.exists():
                return self._open_again(found, name)
            _check_regular(found)
            record = self._photos.take(found, name)
            self._remember(found, record.id)
            return record

    def _remember(self, path: Path, photo_id: str) -> None:
        with self._lock:
            self._taken.pop(path, None)
            self._taken[path] = (photo_id, time.monotonic() + REMEMBERED_SECONDS)
            while len(self._taken) > REMEMBERED:
                self._taken.pop(next(iter(self._taken)))

    def _open_again(self, path: Path, name: str) -> PhotoRecord:
        with self._lock:
            photo_id, until = self._taken.get(path, ("", 0.0))
        if time.monotonic() > until:
            raise not_an_upload()
        return self._photos.add_again(photo_id, name)


def _check_regular(path: Path) -> None:
    try:
        regular = stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        regular = False
    if not regular:
        raise not_an_upload()
