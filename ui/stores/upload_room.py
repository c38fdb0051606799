"""Room on the disk for uploads: asked for before, within a budget, cleared of what was cut off."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile

from methods import Unavailable

RESERVE = 64 * 2**20
"""Bytes that stay free for the results of what has been uploaded."""

PARTIAL = "tmp*"
"""How Gradio calls a file while it arrives."""


class UploadRoom:
    """The folder that uploads arrive in.

    most: bytes that it may hold; None = the folder is not our own, and nothing in it is touched.
    share: bytes of one visitor, in files that have not been opened. What is beyond goes, the oldest
    first: a file is opened, and thereby moved, in the moment after it came.
    """

    def __init__(self, folder: Path, most: int | None, share: int) -> None:
        self._folder = folder
        self._most = most
        self._share = share
        self._lock = threading.Lock()
        self._of_visitor: dict[str, list[Path]] = {}
        self._arriving: dict[int, float] = {}
        self._number = 0

    def begin(self, needed: int) -> int:
        """Before an upload of so many bytes; a number to `end` it by.

        Raises Unavailable ("disk_full") and OSError, where the folder cannot be asked.
        """
        with self._lock:
            self._number += 1
            self._arriving[self._number] = time.time()
            number = self._number
        try:
            self._demand(needed)
        except BaseException:
            self.end(number)
            raise
        return number

    def end(self, number: int) -> None:
        with self._lock:
            self._arriving.pop(number, None)

    def _demand(self, needed: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._most is not None:
            _remove_oldest(self._files(), self._most - needed)
        if shutil.disk_usage(self._folder).free < needed + RESERVE:
            raise Unavailable("disk_full")

    def is_open(self) -> bool:
        """Whether an upload would be taken now."""
        try:
            self._demand(0)
            with TemporaryFile(dir=self._folder):
                return True
        except (OSError, Unavailable):
            return False

    def bytes(self) -> int:
        """Of all that waits to be opened."""
        return sum(_size(path) or 0 for path in self._files())

    def keep(self, visitor: str, paths: Iterable[Path]) -> None:
        """Note what a visitor has uploaded; the oldest of it goes where it is too much."""
        if self._most is None:
            return
        with self._lock:
            held = [*self._of_visitor.pop(visitor, []), *filter(self._is_inside, paths)]
            self._of_visitor[visitor] = _remove_oldest(held, self._share)
            for other in [name for name, files in self._of_visitor.items() if not files]:
                del self._of_visitor[other]

    def clear_cut_off(self) -> None:
        """Remove what uploads have left that did not come to their end.

        Not what is younger than the oldest upload that is still arriving: it may be part of it.
        """
        if self._most is None:
            return
        with self._lock:
            begun = min(self._arriving.values(), default=time.time() + 1)
        for path in self._folder.glob(PARTIAL):
            if path.is_file() and _changed(path) < begun:
                path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        found = (path for path in self._folder.rglob("*") if path.is_file())
        return sorted((path for path in found if not path.is_symlink()), key=_changed)

    def _is_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._folder.resolve())


def _remove_oldest(files: list[Path], most: int) -> list[Path]:
    """Of files, oldest first, those that are still there and together within `most` bytes."""
    sizes = {path: size for path in files if (size := _size(path)) is not None}
    total = sum(sizes.values())
    kept = []
    for path, size in sizes.items():
        if total <= most:
            kept.append(path)
            continue
        path.unlink(missing_ok=True)
        total -= size
    return kept


def _size(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except OSError:
        return None


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0
