"""The side of a worker that helps: it answers calls, many at once, as long as its home is there.

What it answers is data that its home names (`messages.Start.entry`): nothing here knows it. Each
call has a thread, so that a quick one does not wait for a slow one.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from numpy.typing import NDArray

from methods._base import Image, UserError
from methods._engine import residency
from methods._system.cache import BoundedCache
from methods._weights import uses
from methods._weights.sources import local
from methods._workers.process.messages import Answer, Call, Cleared, Crowded, Up
from methods._workers.process.shared_arrays import Arrays, opened_arrays
from methods._workers.process.wire import Wire

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 64
"""Calls; the page asks fewer."""

_KEPT_BYTES = 2**27
"""Of arrays that a later call may need again; their memory is shared with the home."""

_KEPT = 32
"""Pictures, however small: each keeps a file open."""

Answers = Mapping[str, Callable[..., object]]
"""What an entry gives: by its name, what takes `Given` and the call's arguments."""


class Missing(Exception):
    """Arrays of this key have not come along yet."""


@dataclass(frozen=True, slots=True)
class Given:
    """What came along with a call. own: the arrays that are for it alone."""

    own: Arrays
    _known: Mapping[str, _Kept]
    _kept: BoundedCache[str, _Kept]

    def image(self, key: str) -> Image:
        """The picture of this key, to be read only; where it is not here, the call is asked once
        more, with it."""
        found = self._known.get(key) or self._kept.find(key)
        if found is None:
            raise Missing(key)
        return found.arrays[0]


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    arrays: Arrays

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays)


class Answering:
    """Answers until the home is gone."""

    def __init__(self, wire: Wire, entry: str) -> None:
        """entry: see `messages.Start`."""
        module, _, function = entry.partition(":")
        self._answers: Answers = getattr(import_module(module), function)()
        self._wire = wire
        self._kept: BoundedCache[str, _Kept] = BoundedCache(
            _KEPT_BYTES, newest_always=True, kind="photos", most_values=_KEPT
        )
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="call")
        self._home = _Home(wire)

    def serve(self) -> None:
        """Returns when the home is gone."""
        residency.elsewhere.append(self._home)
        self._wire.send(Up())
        with suppress(EOFError, OSError):
            while True:
                message, files = self._wire.receive()
                if isinstance(message, Call):
                    self._threads.submit(self._answer, message, files)
                elif isinstance(message, Cleared):
                    self._home.cleared.set()

    def _answer(self, call: Call, files: Sequence[int]) -> None:
        with suppress(OSError):  # nobody is left to be told
            self._wire.send(replace(self._answered(call, files), held=_held()))

    def _answered(self, call: Call, files: Sequence[int]) -> Answer:
        try:
            value = self._answers[call.name](self._given(call, files), *call.arguments)
        except Missing as missing:
            return Answer(call.id, missing=str(missing))
        except UserError as error:
            return Answer(call.id, error=error.with_traceback(None))
        except BaseException:
            logger.exception("%s failed", call.name)
            return Answer(call.id, is_bug=True)
        return Answer(call.id, value)

    def _given(self, call: Call, files: Sequence[int]) -> Given:
        if local.chosen() != call.local:
            local.choose(call.local)
        known: dict[str, _Kept] = {}
        for place, note in enumerate(call.arrays):
            known[note.key] = kept = _Kept(opened_arrays(note, files[place : place + 1]))
            if note.key:
                self._kept.put(note.key, kept)
        for file in files:
            os.close(file)
        own: tuple[NDArray[Any], ...] = known[""].arrays if "" in known else ()
        return Given(own, known, self._kept)


def _held() -> tuple[str, ...]:
    """Names of the files of all networks that are loaded here."""
    return tuple(sorted({name for keeper in uses.keepers for name in keeper()}))


class _Home:
    """Where erasers may lie on the same device; see `residency.Holder`."""

    loaded = ("home",)
    """It is not known here; the home looks."""

    _SECONDS = 60.0

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._turn = threading.Lock()
        self.cleared = threading.Event()

    def clear(self) -> None:
        """Have them unloaded; see `residency.Holder`."""
        with self._turn:
            self.cleared.clear()
            self._wire.send(Crowded())
            self.cleared.wait(self._SECONDS)
