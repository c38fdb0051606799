"""From the thread of a request to its reader: bytes joined as they come, within a bound."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

NOTHING = object()

_MOST = 16 << 20
"""Bytes that wait for a reader whose disk is slower than the line."""

_JOINED = 4 << 20


class Pipe:
    """What is put in comes out in order; pieces of bytes that wait come out as one."""

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._bytes = 0
        self._moved = threading.Condition()
        self._left = False

    def put(self, item: Any) -> bool:
        """Wait for room and hand `item` over; False when the reader has left."""
        with self._moved:
            self._moved.wait_for(lambda: self._left or self._bytes < _MOST)
            if self._left:
                return False
            self._items.append(item)
            self._bytes += len(item) if isinstance(item, bytes) else 0
            self._moved.notify_all()
            return True

    def take(self, seconds: float) -> Any:
        """The next item, or all bytes that wait, up to some megabytes; NOTHING after `seconds`."""
        end = time.monotonic() + seconds
        with self._moved:
            while not self._items:
                left = end - time.monotonic()
                if left <= 0:
                    return NOTHING
                self._moved.wait(left)
            item = self._items.popleft()
            if isinstance(item, bytes):
                item = self._joined(item)
                self._bytes -= len(item)
            self._moved.notify_all()
            return item

    def _joined(self, first: bytes) -> bytes:
        pieces, size = [first], len(first)
        while self._items and isinstance(self._items[0], bytes) and size < _JOINED:
            pieces.append(self._items.popleft())
            size += len(pieces[-1])
        return first if len(pieces) == 1 else b"".join(pieces)

    def leave(self) -> None:
        """The reader wants no more; whoever puts is let go."""
        with self._moved:
            self._left = True
            self._moved.notify_all()
