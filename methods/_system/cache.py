"""Remembering what was computed: least recently used goes first, nothing is computed twice.

Whoever asks for a key that is being computed waits for that computation.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, Protocol, TypeVar


class _Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=_Sized)


class SharedCache(Generic[K, V]):
    """Values by key, at most `max_bytes` of them (but always the newest). Thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._values: OrderedDict[K, V] = OrderedDict()
        self._under_way: dict[K, Future[V]] = {}
        self._bytes = 0

    def get(self, key: K, compute: Callable[[], V]) -> V:
        """The value of `key`; `compute` runs once, in the thread that came first.

        What `compute` raises is raised to all who waited, and is not remembered.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            others = self._under_way.get(key)
            if others is None:
                mine = self._under_way[key] = Future()
        return others.result() if others is not None else self._computed(key, compute, mine)

    def _computed(self, key: K, compute: Callable[[], V], future: Future[V]) -> V:
        try:
            value = compute()
        except BaseException as error:
            with self._lock:
                del self._under_way[key]
            future.set_exception(error)
            raise
        with self._lock:
            self._keep(key, value)
            del self._under_way[key]
        future.set_result(value)
        return value

    def _keep(self, key: K, value: V) -> None:
        self._values[key] = value
        self._bytes += value.nbytes
        while self._bytes > self._max_bytes and len(self._values) > 1:
            _, oldest = self._values.popitem(last=False)
            self._bytes -= oldest.nbytes

    @property
    def nbytes(self) -> int:
        """Bytes held at the moment."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._values)
