"""Arrays in memory that worker processes see, too: written once, read in place.

On Linux it has no name and no file (memfd), elsewhere on POSIX it is a file that has been removed
already; both are gone with the last process that has them open, whatever ends it. Windows knows
such memory by a name only.
"""

from __future__ import annotations

import math
import mmap
import os
import sys
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from methods._workers.process.messages import ArraysNote

if sys.platform == "win32":
    from multiprocessing.shared_memory import SharedMemory

Arrays = tuple[NDArray[Any], ...]
"""Of any shapes and of kinds of one byte: pictures and masks. To be read only."""


class SharedArrays:
    """The home's side. files: descriptors by which the memory is reached, beside `note`."""

    def __init__(self, key: str, arrays: Sequence[NDArray[Any]]) -> None:
        """key: by which they are asked for. arrays: of kinds of one byte; they are copied."""
        self._lay_down(note_of_arrays(key, arrays), arrays)

    @classmethod
    def of(cls, note: ArraysNote, content: NDArray[np.uint8]) -> Self:
        """Those whose bytes have come another way. content: one behind the other, (n,)."""
        made = cls.__new__(cls)
        made._lay_down(note, [content])
        return made

    def _lay_down(self, note: ArraysNote, arrays: Sequence[NDArray[Any]]) -> None:
        self.nbytes = sum(array.nbytes for array in arrays)
        name, self.files = self._laid_down(arrays)
        self.note = replace(note, handle=name)

    def _laid_down(self, arrays: Sequence[NDArray[Any]]) -> tuple[str, list[int]]:
        """The memory's name, and the files by which it is reached instead."""
        if sys.platform == "win32":
            memory = SharedMemory(create=True, size=self.nbytes)
            memory.buf[: self.nbytes] = b"".join(array.tobytes() for array in arrays)
            weakref.finalize(self, memory.close)
            return memory.name, []
        file = _nameless_file()
        weakref.finalize(self, os.close, file)
        for array in arrays:
            _write(file, np.ascontiguousarray(array).view(np.uint8).data.cast("B"))
        return "", [file]


def note_of_arrays(key: str, arrays: Sequence[NDArray[Any]]) -> ArraysNote:
    """What is to be known of arrays beside their bytes."""
    return ArraysNote(key, tuple((array.shape, array.dtype.str) for array in arrays), handle="")


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("picture")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(file: int, content: memoryview) -> None:
    """All of it: a call writes two gigabytes at most, and maps no pages here."""
    while content:
        content = content[os.write(file, content) :]


def opened_arrays(note: ArraysNote, files: Sequence[int]) -> Arrays:
    """The worker's side: the arrays as they lie in the shared memory."""
    memory, start, found = _memory(note, files), 0, []
    for shape, kind in note.items:
        count = math.prod(shape)
        found.append(np.frombuffer(memory, np.dtype(kind), count, start).reshape(shape))
        start += count
    return tuple(found)


def _memory(note: ArraysNote, files: Sequence[int]) -> mmap.mmap | memoryview:
    if sys.platform == "win32":
        memory = SharedMemory(note.handle)
        _kept.append(memory)  # closing it would pull the arrays away
        del _kept[:-3]
        return memory.buf.toreadonly()
    return mmap.mmap(files[0], 0, access=mmap.ACCESS_READ)


if sys.platform == "win32":
    _kept: list[SharedMemory] = []
