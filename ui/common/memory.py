"""Values kept in memory up to a number of bytes, the longest unused dropped first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class ByteCache(Generic[Value]):
    """An LRU by bytes; callers that want the same missing value share one making of it.

    size_of: bytes of a value. A value larger than the whole cache is made and not kept.
    """

    def __init__(self, most_bytes: int, size_of: Callable[[Value], int]) -> None:
        self._most = most_bytes
        self._size_of = size_of
        self._lock = threading.Lock()
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._gates: dict[str, threading.Lock] = {}
        self._bytes = 0

    def get(self, key: str, make: Callable[[], Value]) -> Value:
        """The value of `key`, made by `make` if it is not here. Raises what `make` raises."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            gate = self._gates.setdefault(key, threading.Lock())
        with gate:
            return self._get_or_make(key, make)

    def _get_or_make(self, key: str, make: Callable[[], Value]) -> Value:
        with self._lock:
            if key in self._values:  # made while this caller waited at the gate
                self._values.move_to_end(key)
                return self._values[key]
        try:
            value = make()
            self.put(key, value)
            return value
        finally:
            with self._lock:
                self._gates.pop(key, None)

    def put(self, key: str, value: Value) -> None:
        with self._lock:
            self._drop(key)
            if self._size_of(value) > self._most:
                return
            self._values[key] = value
            self._bytes += self._size_of(value)
            while self._bytes > self._most:
                self._drop(next(iter(self._values)))

    def forget(self, key: str) -> None:
        with self._lock:
            self._drop(key)

    def _drop(self, key: str) -> None:
        if key in self._values:
            self._bytes -= self._size_of(self._values.pop(key))
