"""A picture in memory that worker processes see, too; see `shared_arrays`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from methods._engine.worker import Picture
from methods._workers.process.messages import PictureNote
from methods._workers.process.shared_arrays import SharedArrays, note_of_arrays, opened_arrays


class SharedPicture:
    """The home's side."""

    def __init__(self, picture: Picture) -> None:
        """picture: its arrays are copied."""
        self._take(SharedArrays(picture.key, _arrays(picture)))

    @classmethod
    def of(cls, note: PictureNote, content: NDArray[np.uint8]) -> Self:
        """One whose bytes have come another way. content: see `whole`."""
        made = cls.__new__(cls)
        made._take(SharedArrays.of(note, content))
        return made

    def _take(self, arrays: SharedArrays) -> None:
        self._arrays = arrays
        self.nbytes = arrays.nbytes
        self.files = arrays.files
        self.note: PictureNote = arrays.note


def note_of(picture: Picture) -> PictureNote:
    """What is to be known of a picture beside its bytes."""
    return note_of_arrays(picture.key, _arrays(picture))


def whole(picture: Picture) -> NDArray[np.uint8]:
    """All bytes of a picture, as they lie in shared memory: (n,) uint8."""
    return np.concatenate([array.reshape(-1).view(np.uint8) for array in _arrays(picture)])


def _arrays(picture: Picture) -> list[NDArray[Any]]:
    found: list[NDArray[Any]] = [picture.image, picture.mask]
    return found if picture.alpha is None else [*found, picture.alpha]


def opened(note: PictureNote, files: Sequence[int]) -> Picture:
    """The worker's side: a picture that lies in the shared memory, to be read only."""
    image, mask, *alpha = opened_arrays(note, files)
    return Picture(image, mask, *alpha)
