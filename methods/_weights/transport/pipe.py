"""From the thread of a request to its reader: bytes joined as they come, within a bound."""

from __future__ import annotations

import threading
import time
from collections import deque
from enum import Enum
from typing import Final, Generic, TypeVar


class Silence(Enum):
    """What stands for an item that did not come in time."""

    NOTHING = "nothing"


NOTHING: Final = Silence.NOTHING

_Other = TypeVar("_Other")

_MOST = 16 << 20
"""Bytes that wait for a reader whose disk is slower than the line."""

_JOINED = 4 << 20


class Pipe(Generic[_Other]):
    """What is put in comes out in order; pieces of bytes that wait come out as one."""

    def __init__(self) -> None:
        self._items: deque[bytes | _Other] = deque()
        self._bytes = 0
        self._moved = threading.Condition()
        self._left = False

    def put(self, item: bytes | _Other) -> bool:
        """Wait for room and hand `item` over; False when the reader has left."""
        with self._moved:
            self._moved.wait_for(lambda: self._left or self._bytes < _MOST)
            if self._left:
                return False
            self._items.append(item)
            self._bytes += len(item) if isinstance(item, bytes) else 0
            self._moved.notify_all()
            return True

    def take(self, seconds: float) -> bytes | _Other | Silence:
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
        while size < _JOINED and self._items and isinstance(piece := self._items[0], bytes):
            self._items.popleft()
            pieces.append(piece)
            size += len(piece)
        return first if len(pieces) == 1 else b"".join(pieces)

    def leave(self) -> None:
        """The reader wants no more; whoever puts is let go."""
        with self._moved:
            self._left = True
            self._moved.notify_all()
