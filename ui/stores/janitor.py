"""Clears away old photos, old runs and forgotten uploads, by age and by total size."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ui.common.names import is_id
from ui.stores.runs import MARK_SECONDS, RUNNING_MARK

log = logging.getLogger(__name__)

HOUR = 3600.0
GIB = 2**30
SWEEP_SECONDS = 600.0
"""Well below MARK_SECONDS: every sweep renews the marks of this process's runs."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How much is kept. Ages in seconds; bytes of photos, runs and uploads together."""

    photos: float = 24 * HOUR
    runs: float = 7 * 24 * HOUR
    uploads: float = 1 * HOUR
    bytes: int = 4 * GIB

    @classmethod
    def from_environment(cls) -> Keep:
        """ERASER_LAB_MAX_GB and ERASER_LAB_RUN_DAYS; raises ValueError for nonsense."""
        return cls(
            runs=_number("ERASER_LAB_RUN_DAYS", 7) * 24 * HOUR,
            bytes=int(_number("ERASER_LAB_MAX_GB", 4) * GIB),
        )


def _number(name: str, default: float) -> float:
    text = os.environ.get(name, "").strip()
    try:
        number = float(text) if text else default
    except ValueError:
        number = -1.0
    if not 0 < number < 1e6:
        raise ValueError(f"{name} must be a number above 0, such as {default}.")
    return number


@dataclass(frozen=True, slots=True)
class _Folder:
    """A photo's or a run's folder. used: time of the last use, seconds since the epoch."""

    path: Path
    used: float
    size: int
    age_limit: float


class Janitor:
    """Sweeps now and again, in a daemon thread.

    Only folders whose names are ids are ever removed, never a link, and never the folder
    of a run in progress, be it of this process or of another one that shares the data.
    uploads: Gradio's upload folder where it is our own, else None.
    running: the ids of this process's runs. on_photo_removed: told the id.
    """

    def __init__(
        self,
        photos: Path,
        runs: Path,
        uploads: Path | None,
        keep: Keep,
        *,
        running: Callable[[], list[str]],
        renew: Callable[[str], None],
        on_photo_removed: Callable[[str], None],
    ) -> None:
        self._photos = photos
        self._runs = runs
        self._uploads = uploads
        self._keep = keep
        self._running = running
        self._renew = renew
        self._on_photo_removed = on_photo_removed
        self._ending = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._go_on, name="janitor", daemon=True).start()

    def close(self) -> None:
        self._ending.set()

    def _go_on(self) -> None:
        while True:
            try:
                self.sweep()
            except Exception:  # a sweep that fails today is tried again tomorrow
                log.exception("the janitor could not finish its sweep")
            if self._ending.wait(SWEEP_SECONDS):
                return

    def sweep(self, now: float | None = None) -> int:
        """Remove what is too old or too much; the number of folders removed."""
        now = time.time() if now is None else now
        for run_id in self._running():
            self._renew(run_id)
        self._clear_uploads(now)
        folders = sorted(self._folders(now), key=lambda folder: folder.used)
        total = sum(folder.size for folder in folders) + self._uploaded()
        removed = 0
        for folder in folders:
            if now - folder.used > folder.age_limit or total > self._keep.bytes:
                self._remove(folder.path)
                total -= folder.size
                removed += 1
        return removed

    def _folders(self, now: float) -> Iterator[_Folder]:
        """All that may be removed."""
        for path in _id_folders(self._photos):
            yield _Folder(path, _used(path, "photo.json"), _size(path), self._keep.photos)
        running = set(self._running())
        for path in _id_folders(self._runs):
            if path.name not in running and now - _marked(path) > MARK_SECONDS:
                yield _Folder(path, _used(path, "run.json"), _size(path), self._keep.runs)

    def _remove(self, path: Path) -> None:
        shutil.rmtree(path, ignore_errors=True)
        if path.parent == self._photos:
            self._on_photo_removed(path.name)

    def _uploaded(self) -> int:
        """Bytes of what waits to be opened: it counts, and goes by its own age."""
        if self._uploads is None:
            return 0
        folders = [folder for folder, _, _ in os.walk(self._uploads)]
        return sum(_size(Path(folder)) for folder in folders)

    def _clear_uploads(self, now: float) -> None:
        if self._uploads is None:
            return
        for folder, _names, files in os.walk(self._uploads, topdown=False):
            for name in files:
                path = Path(folder, name)
                if now - _changed(path) > self._keep.uploads:
                    path.unlink(missing_ok=True)
            if Path(folder) != self._uploads and now - _changed(Path(folder)) > HOUR:
                _remove_empty(Path(folder))


def _id_folders(parent: Path) -> Iterator[Path]:
    for path in parent.iterdir():
        if is_id(path.name) and path.is_dir() and not path.is_symlink():
            yield path


def _used(folder: Path, file: str) -> float:
    """When the file was last written or touched; the folder's own time where it has none."""
    return _changed(folder / file) or _changed(folder)


def _marked(folder: Path) -> float:
    return _changed(folder / RUNNING_MARK)


def _changed(path: Path) -> float:
    """Time of the last change; 0 for what is not there (another process may tidy too)."""
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _size(folder: Path) -> int:
    """Bytes of the files in it; 0 for what goes away meanwhile."""
    try:
        return sum(path.lstat().st_size for path in folder.iterdir() if not path.is_dir())
    except OSError:
        return 0


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # not empty after all
