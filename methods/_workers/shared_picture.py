"""A picture in memory that worker processes see, too; see `shared_arrays`."""

from __future__ import annotations

from collections.abc import Sequence

from methods._engine.worker import Picture
from methods._workers.messages import PictureNote
from methods._workers.shared_arrays import SharedArrays, opened_arrays


class SharedPicture:
    """The home's side."""

    def __init__(self, picture: Picture) -> None:
        """picture: its arrays are copied."""
        alpha = () if picture.alpha is None else (picture.alpha,)
        self._arrays = SharedArrays(picture.key, [picture.image, picture.mask, *alpha])
        self.nbytes = self._arrays.nbytes
        self.files = self._arrays.files
        self.note: PictureNote = self._arrays.note


def opened(note: PictureNote, files: Sequence[int]) -> Picture:
    """The worker's side: a picture that lies in the shared memory, to be read only."""
    image, mask, *alpha = opened_arrays(note, files)
    return Picture(image, mask, *alpha)
