"""Remembering within a bound: least recently used goes first, nothing is made twice.

Every memory of the program is one of these: of results, embeddings, masks, pictures, callers. What
holds bytes says of which kind, and stands in the ledger (`_system.ledger.held`).
"""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from methods._system.ledger.held import tick
from methods._system.ledger.ledger import held
from methods._system.ledger.room import is_covered

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def bytes_of(value: Any) -> int:
    """What an array, or another value with `nbytes`, takes."""
    return int(value.nbytes)


class BoundedCache(Generic[K, V]):
    """Values by key, together at most `most` by `size_of`: bytes, where nothing else is said.

    newest_always: the newest value stays even where it alone is larger than `most`; otherwise
    such a one is not kept and drives nothing out. kind: of what is held, where sizes are bytes: it
    shares the ledger's bound with all others. most_values: how many at most, however small: each
    may keep a file open, or be of somebody who is gone. Thread-safe: whoever asks for a key that is
    being made waits for that making, but for whoever has room that the making may wait for.
    """

    def __init__(
        self,
        most: int,
        size_of: Callable[[V], int] = bytes_of,
        *,
        newest_always: bool = False,
        kind: str = "",
        most_values: int = sys.maxsize,
    ) -> None:
        self._most_values = most_values
        self.kind = kind
        self._most = most
        self._size_of = size_of
        self._least_kept = 1 if newest_always else 0
        self._lock = threading.Lock()
        self._values: OrderedDict[K, V] = OrderedDict()
        self._under_way: dict[K, Future[V]] = {}
        self._used: dict[K, int] = {}
        self._size = 0
        if kind:
            held.join(self)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of `key`; if need be, `make` makes it, once, in the thread that came first.

        What `make` raises is raised to all who waited, and is not remembered.
        """
        with self._lock:
            if key in self._values:
                return self._use(key)
            others = self._under_way.get(key)
            if others is None:
                mine = self._under_way[key] = Future()
        if others is None:
            return self._made(key, make, mine)
        if not is_covered():
            return others.result()
        value = make()
        self.put(key, value)
        return value

    def find(self, key: K) -> V | None:
        """The value of `key`, used just now; None where it is not here."""
        with self._lock:
            return self._use(key) if key in self._values else None

    def put(self, key: K, value: V) -> None:
        """Keep one more, in place of an earlier one of this key."""
        with self._lock:
            self._keep(key, value)
        self._settle()

    def forget(self, key: K) -> None:
        """Drop the value of `key`, where there is one."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._values.clear()
            self._used.clear()
            self._size = 0

    def oldest(self) -> int | None:
        """See `Shelf`."""
        with self._lock:
            may_go = len(self._values) > self._least_kept
            return self._used[next(iter(self._values))] if may_go else None

    def drop_oldest(self) -> None:
        """See `Shelf`."""
        with self._lock:
            if len(self._values) > self._least_kept:
                self._drop(next(iter(self._values)))

    def after_fork(self) -> None:
        """In a copy of this process nobody makes anything; see `_system.forked`."""
        self._under_way.clear()

    @property
    def size(self) -> int:
        """What is held at the moment, as `size_of` counts."""
        return self._size

    def __len__(self) -> int:
        return len(self._values)

    def _made(self, key: K, make: Callable[[], V], future: Future[V]) -> V:
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._under_way[key]
            future.set_exception(error)
            raise
        with self._lock:
            self._keep(key, value)
            del self._under_way[key]
        future.set_result(value)
        self._settle()
        return value

    def _use(self, key: K) -> V:
        self._values.move_to_end(key)
        self._used[key] = tick()
        return self._values[key]

    def _settle(self) -> None:
        if self.kind:
            held.settle()

    def _keep(self, key: K, value: V) -> None:
        self._drop(key)
        size = self._size_of(value)
        if size > self._most and not self._least_kept:
            return
        self._values[key], self._used[key] = value, tick()
        self._size += size
        while self._is_full() and len(self._values) > self._least_kept:
            self._drop(next(iter(self._values)))

    def _is_full(self) -> bool:
        return self._size > self._most or len(self._values) > self._most_values

    def _drop(self, key: K) -> None:
        if key in self._values:
            self._size -= self._size_of(self._values.pop(key))
            del self._used[key]
