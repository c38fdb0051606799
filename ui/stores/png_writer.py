"""Lossless PNG files written in the background, so that no card waits for another's file.

A 16-megapixel result takes seconds to encode. The pictures that wait hold memory, so
handing one in blocks while too many bytes are waiting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from numpy.typing import NDArray

from methods import Image, cores, png_bytes, write_atomic

MOST_WAITING_BYTES = 256 * 2**20

Written = Callable[[Exception | None], None]
"""Called once, in a background thread: None, or what went wrong."""


class PngWriter:
    """Encodes and writes PNG files, a few at a time."""

    def __init__(self, most_bytes: int = MOST_WAITING_BYTES, workers: int | None = None) -> None:
        # Half of the cores: the erasers that are still running need the others.
        workers = workers or max(1, min(4, cores() // 2))
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="png")
        self._most = most_bytes
        self._waiting = 0
        self._room = threading.Condition()

    def write(self, path: Path, rgb: Image, alpha: NDArray | None, written: Written) -> None:
        """Hand in a picture. Returns at once while there is room for its bytes in memory."""
        size = rgb.nbytes
        with self._room:
            # One picture is always let in, however large, or it would wait for ever.
            self._room.wait_for(lambda: not self._waiting or self._waiting + size <= self._most)
            self._waiting += size
        try:
            self._pool.submit(self._encode, path, rgb, alpha, written)
        except RuntimeError as error:  # the pool is shut down: the program is ending
            self._release(size)
            written(error)

    def _encode(self, path: Path, rgb: Image, alpha: NDArray | None, written: Written) -> None:
        failure: Exception | None = None
        try:
            write_atomic(path, png_bytes(rgb, alpha, compress_level=1))
        except Exception as error:  # handed on to whoever waits for the file
            failure = error
        finally:
            self._release(rgb.nbytes)
        written(failure)

    def _release(self, size: int) -> None:
        with self._room:
            self._waiting -= size
            self._room.notify_all()

    def close(self) -> None:
        """Write what is waiting, and take no more."""
        self._pool.shutdown(wait=True)
