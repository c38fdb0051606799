"""Which programs that share a folder are still there: each holds a lock for as long as it lives.

A time would have to be long enough for the slowest, and a number of a process means nothing in
another container; the lock is given up by the system, however the program ends.
"""

from __future__ import annotations

import threading
from pathlib import Path
from secrets import token_hex

from filelock import FileLock, Timeout

from ui.common.files import private_folder


class Alive:
    """The lock of this program, and those of others in the same folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = token_hex(8)
        self._lock: FileLock | None = None
        self._taking = threading.Lock()

    def name(self) -> str:
        """This program's, from now on alive."""
        with self._taking:
            if self._lock is None:
                lock = FileLock(private_folder(self._folder) / f"{self._own}.lock")
                lock.acquire()
                self._lock = lock
        return self._own

    def is_alive(self, name: str) -> bool:
        """Whether the program of that name, as `name` gave it, is still there."""
        if name == self._own:
            return True
        path = self._folder / f"{name}.lock"
        if not name.isalnum() or not path.is_file():
            return False
        try:
            with FileLock(path, timeout=0):
                path.unlink(missing_ok=True)
                return False
        except Timeout:
            return True
