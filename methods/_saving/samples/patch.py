"""What an erase has changed, cut out of the whole picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._saving.contract import Change

AROUND = 63
"""Pixels beyond the mask's box that come along: fills are smoothed with what they border on."""

_ROWS = 128


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """The box around the mask. size: (H, W) of the picture. top, left: of the box in it. rgb:
    (h, w, 3) uint8, upright sRGB; alpha: (h, w) uint8 or None; mask: (h, w) bool."""

    size: tuple[int, int]
    top: int
    left: int
    rgb: Image
    alpha: NDArray[np.uint8] | None
    mask: Mask

    @property
    def box(self) -> tuple[slice, slice]:
        """Its place in the picture."""
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def bands(self) -> Iterator[tuple[slice, slice]]:
        """(rows of the box, the same with `AROUND` more on both sides), where anything is masked,
        so that nothing of the box's size is held twice."""
        height = self.mask.shape[0]
        for top in range(0, height, _ROWS):
            rows = slice(top, min(top + _ROWS, height))
            if self.mask[rows].any():
                yield rows, slice(max(0, top - AROUND), min(height, rows.stop + AROUND))


def patch_of(change: Change) -> Patch:
    """The part of a change that its mask reaches; one pixel where it is empty. Raises ValueError
    where its parts are of different sizes."""
    size = change.mask.shape
    for part in (change.result, change.alpha):
        if part is not None and part.shape[:2] != size:
            raise ValueError(f"a mask of {size} for a result of {part.shape}")
    rows, columns = (_reach(np.asarray(change.mask.any(axis=axis))) for axis in (1, 0))
    return Patch(
        (size[0], size[1]),
        rows.start,
        columns.start,
        change.result[rows, columns],
        None if change.alpha is None else change.alpha[rows, columns],
        change.mask[rows, columns],
    )


def _reach(marked: NDArray[np.bool_]) -> slice:
    places = np.flatnonzero(marked)
    if not len(places):
        return slice(0, 1)
    return slice(max(0, int(places[0]) - AROUND), min(len(marked), int(places[-1]) + 1 + AROUND))
