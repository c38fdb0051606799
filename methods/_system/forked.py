"""A copy of this process, as its first thread finds it: whatever other threads held is let go.

A fork copies memory and one thread. A lock that another thread held at that moment stays locked in
the copy, where nobody can open it, and a line of waiting threads keeps those that are not there.
So every lock of ours that can be reached from our modules is replaced by a new one, and objects
that remember who waits, or what is being made, forget it: they have a method `after_fork`.

Locks of a copy are nobody's, so it does no harm to replace one too many. Python's own libraries do
the same for theirs (logging, threading, concurrent.futures); classes have the locks of
functools.cached_property up to Python 3.11.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator, MutableMapping, MutableSequence
from contextlib import contextmanager
from functools import cached_property
from types import ModuleType
from typing import Any

_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())
_LOCKS = (_LOCK, _RLOCK, threading.Condition, threading.Event, threading.Semaphore)
_KEEPERS = (MutableMapping, MutableSequence, tuple)
_FOLDERS = 5
"""How deep our objects keep locks in containers and in each other."""


def renew_after_forks(package: str) -> None:
    """Have every copy that is forked from now on renew the locks of this package's modules."""
    os.register_at_fork(after_in_child=lambda: renew(package))


def renew(package: str) -> None:
    """Replace all locks, and let objects forget what other threads were about."""
    renewal = _Renewal(package)
    with _no_garbage_collected():
        for module in _modules(package):
            renewal.of_module(module)


@contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """Finalizers may import modules, and would change what is being walked through."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _modules(package: str) -> Iterator[ModuleType]:
    for name, module in sys.modules.copy().items():
        if module is not None and (name == package or name.startswith(f"{package}.")):
            yield module


class _Renewal:
    """One walk. A lock that is found at two places becomes the same new one at both."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._new: dict[int, Any] = {}
        self._old: list[object] = []  # as long as ids of theirs are kept
        self._seen: set[int] = set()

    def of_module(self, module: ModuleType) -> None:
        for name, value in list(vars(module).items()):
            if isinstance(value, _LOCKS):
                setattr(module, name, self._renewed(value))
            elif isinstance(value, type):
                self._of_class(value)
            elif not name.startswith("__"):
                self._of_value(value, _FOLDERS)

    def _renewed(self, lock: Any) -> Any:
        if id(lock) not in self._new:
            self._old.append(lock)
            self._new[id(lock)] = self._fresh(lock)
        return self._new[id(lock)]

    def _fresh(self, lock: Any) -> Any:
        if isinstance(lock, threading.Condition):
            return threading.Condition(self._renewed(lock._lock))  # type: ignore[attr-defined]
        if isinstance(lock, threading.Event):
            return _like(lock)
        if isinstance(lock, threading.Semaphore):
            return lock  # it counts what is taken, and what was taken stays so
        return threading.RLock() if isinstance(lock, _RLOCK) else threading.Lock()

    def _of_class(self, kind: type) -> None:
        if not self._is_ours(kind) or self._knows(kind):
            return
        for value in list(vars(kind).values()):
            if isinstance(value, cached_property):
                if hasattr(value, "lock"):
                    value.lock = threading.RLock()
            elif not callable(value):
                self._of_value(value, _FOLDERS)

    def _of_value(self, value: Any, depth: int) -> None:
        if not depth or isinstance(value, str | bytes | int | float | type | ModuleType):
            return
        if isinstance(value, _KEEPERS):
            if not self._knows(value):
                self._of_container(value, depth)
        elif self._is_ours(type(value)) and not self._knows(value):
            self._of_object(value, depth)

    def _of_container(self, value: Any, depth: int) -> None:
        items = list(value.items() if isinstance(value, MutableMapping) else enumerate(value))
        for key, item in items:
            if isinstance(item, _LOCKS) and not isinstance(value, tuple):
                value[key] = self._renewed(item)
            else:
                self._of_value(item, depth - 1)

    def _of_object(self, value: Any, depth: int) -> None:
        for name in _attributes(value):
            held = getattr(value, name, None)
            if isinstance(held, _LOCKS):
                object.__setattr__(value, name, self._renewed(held))
            else:
                self._of_value(held, depth - 1)
        if hasattr(type(value), "after_fork"):
            value.after_fork()

    def _is_ours(self, kind: type) -> bool:
        return f"{kind.__module__}.".startswith(f"{self._package}.")

    def _knows(self, value: object) -> bool:
        known = id(value) in self._seen
        self._seen.add(id(value))
        return known


def _like(event: threading.Event) -> threading.Event:
    new = threading.Event()
    if event.is_set():
        new.set()
    return new


def _attributes(value: object) -> list[str]:
    slots = [name for kind in type(value).__mro__ for name in _slots(kind)]
    return [*getattr(value, "__dict__", {}), *slots]


def _slots(kind: type) -> tuple[str, ...]:
    found = vars(kind).get("__slots__", ())
    return (found,) if isinstance(found, str) else tuple(found)
