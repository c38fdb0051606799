"""A picture in memory that worker processes see, too: written once, read in place.

On Linux it has no name and no file (memfd), elsewhere on POSIX it is a file that has been removed
already; both are gone with the last process that has them open, whatever ends it. Windows knows
such memory by a name only.
"""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from methods._engine.worker import Picture
from methods._workers.messages import PictureNote

if sys.platform == "win32":
    from multiprocessing.shared_memory import SharedMemory


class SharedPicture:
    """The home's side."""

    def __init__(self, picture: Picture) -> None:
        """picture: its arrays are copied."""
        self._lay_down(note_of(picture), _arrays(picture))

    @classmethod
    def of(cls, note: PictureNote, content: NDArray[np.uint8]) -> SharedPicture:
        """One whose bytes have come another way. content: see `whole`."""
        made = cls.__new__(cls)
        made._lay_down(note, [content])
        return made

    def _lay_down(self, note: PictureNote, arrays: Sequence[NDArray[np.uint8]]) -> None:
        self.nbytes = sum(array.nbytes for array in arrays)
        name, self.files = self._laid_down(arrays)
        self.note = replace(note, handle=name)

    def _laid_down(self, arrays: Sequence[NDArray[np.uint8]]) -> tuple[str, list[int]]:
        """The memory's name, and the files by which it is reached instead."""
        if sys.platform == "win32":
            memory = SharedMemory(create=True, size=self.nbytes)
            memory.buf[: self.nbytes] = b"".join(array.tobytes() for array in arrays)
            weakref.finalize(self, memory.close)
            return memory.name, []
        file = _nameless_file()
        weakref.finalize(self, os.close, file)
        for array in arrays:
            _write(file, np.ascontiguousarray(array).data.cast("B"))
        return "", [file]


def note_of(picture: Picture) -> PictureNote:
    """What is to be known of a picture beside its bytes."""
    height, width = picture.mask.shape
    return PictureNote(picture.key, (height, width), picture.alpha is not None, handle="")


def whole(picture: Picture) -> NDArray[np.uint8]:
    """All bytes of a picture, as they lie in shared memory: (n,) uint8."""
    return np.concatenate([array.reshape(-1) for array in _arrays(picture)])


def _arrays(picture: Picture) -> list[NDArray[np.uint8]]:
    found: list[NDArray[np.uint8]] = [picture.image, picture.mask.view(np.uint8)]
    return found if picture.alpha is None else [*found, picture.alpha]


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("picture")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(file: int, content: memoryview) -> None:
    """All of it: a call writes two gigabytes at most, and maps no pages here."""
    while content:
        content = content[os.write(file, content) :]


def opened(note: PictureNote, files: Sequence[int]) -> Picture:
    """The worker's side: a picture that lies in the shared memory, to be read only."""
    height, width = note.size
    memory = _memory(note, files)
    pixels = height * width
    image = np.frombuffer(memory, np.uint8, 3 * pixels).reshape(height, width, 3)
    mask = np.frombuffer(memory, np.bool_, pixels, 3 * pixels).reshape(height, width)
    alpha = None
    if note.alpha:
        alpha = np.frombuffer(memory, np.uint8, pixels, 4 * pixels).reshape(height, width)
    return Picture(image, mask, alpha)


def _memory(note: PictureNote, files: Sequence[int]) -> mmap.mmap | memoryview:
    if sys.platform == "win32":
        memory = SharedMemory(note.handle)
        _kept.append(memory)  # closing it would pull the arrays away
        del _kept[:-3]
        return memory.buf.toreadonly()
    return mmap.mmap(files[0], 0, access=mmap.ACCESS_READ)


if sys.platform == "win32":
    _kept: list[SharedMemory] = []
