"""Mask files in: every way of reading one, with what should be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np

from methods._base import BadInput, Mask, Text
from methods._geometry.masks import reduce_mask
from methods._photo.decode import Limits, decode, explained
from methods._photo.mask_levels import MaskReading, meaning_of
from methods._photo.upright import upright


@dataclass(frozen=True, slots=True, eq=False)
class ReadMask:
    """A mask file as it was understood.

    readings: bool masks of the photo's size, read-only, the one that is taken first; others where
    the file may as well mean something else. notes: what the user should know: how it was read, if
    it is not just black and white, and what was lost on the way.
    """

    readings: tuple[MaskReading, ...]
    notes: tuple[Text, ...] = ()

    @property
    def mask(self) -> Mask:
        """The reading that is taken."""
        return self.readings[0].mask

    def taking(self, number: int, name: str = "") -> ReadMask:
        """The same file with the reading of that number, from 1, as the one that is taken, and with
        what is to be said of that one.

        name: what to call the file. Raises BadInput, with the readings that there are, for a number
        that none has.
        """
        if not 1 <= number <= len(self.readings):
            count = len(self.readings)
            there = numbered(self.readings)
            raise BadInput("no_such_reading", name=name, number=number, count=count, readings=there)
        if number == 1:
            return self
        taken = self.readings[number - 1]
        others = [each for each in self.readings if each is not taken]
        kept = [note for note in self.notes if note.id in OF_EVERY_READING]
        return ReadMask((taken, *others), (taken.said, *kept))


OF_EVERY_READING = {"note.mask.resized", "note.mask.joined"}
"""The notes that are true whichever reading is taken."""


def numbered(readings: Sequence[MaskReading]) -> Text:
    """What each reading erases, with its number."""
    lines = [
        Text("note.mask.numbered", number=number, said=each.said)
        for number, each in enumerate(readings, 1)
    ]
    return reduce(lambda first, then: Text("note.mask.listed", first=first, then=then), lines)


def mask_of(data: bytes, size: tuple[int, int], name: str, limits: Limits) -> ReadMask:
    """Decode a mask in this process; see `files.read_mask`. name: what to call it.

    Raises BadInput.
    """
    with explained(name):
        decoded = decode(data, name, limits)
        meant = meaning_of(decoded)
    taken, *others = [_turned(each, decoded.orientation) for each in meant.readings]
    notes = [*meant.notes] if meant.plain else [taken.said, *meant.notes]
    if not taken.mask.any():
        notes = [nothing_marked(name, *meant.brightest)]
    return fitted(taken, others, notes, size)


def _turned(reading: MaskReading, orientation: int) -> MaskReading:
    turned = upright(reading.mask.view(np.uint8), orientation)
    return MaskReading(turned.view(np.bool_), reading.said)


def nothing_marked(name: str, level: float = 0, white: float = 255) -> Text:
    """What is said of a mask in which nothing is marked."""
    return Text("note.mask.empty", name=name, level=f"{level:.6g}", white=f"{white:.6g}")


def fitted(
    taken: MaskReading,
    others: Sequence[MaskReading],
    notes: Sequence[Text],
    size: tuple[int, int],
) -> ReadMask:
    """The readings at the photo's size = (H, W), with a note where that changes them.

    Raises BadInput for a mask of another shape.
    """
    if taken.mask.shape == tuple(size):
        return ReadMask((taken, *others), tuple(notes))
    _check_shape(taken.mask, size)
    (height, width), (rows, columns) = taken.mask.shape, size
    was, now = f"{width} × {height}", f"{columns} × {rows}"
    told = [*notes, Text("note.mask.resized", was=was, now=now)]
    first = MaskReading(resized(taken.mask, size), taken.said)
    rest = [MaskReading(resized(each.mask, size), each.said) for each in others]
    if lost := _pieces_lost(taken.mask, first.mask):
        told.append(Text("note.mask.pieces_lost", count=lost))
        rest.append(MaskReading(_frozen(reduce_mask(taken.mask, size)), EVERY_PIECE))
    return ReadMask((first, *rest), tuple(told))


EVERY_PIECE = Text("note.mask.every_piece")


def _check_shape(mask: Mask, size: tuple[int, int]) -> None:
    height, width = mask.shape
    across, down = width * size[0], height * size[1]
    # An exporter rounds the shorter side to whole pixels: one pixel, but never two per cent.
    off_by = abs(across - down)
    if off_by > min(max(size), 0.02 * max(across, down)):
        raise BadInput(
            "mask_shape",
            mask_width=width,
            mask_height=height,
            photo_width=size[1],
            photo_height=size[0],
        )


def resized(mask: Mask, size: tuple[int, int]) -> Mask:
    """The mask at another (H, W). Reduced, a pixel is True where at least half of its area is, so
    that areas stay; enlarged, it takes the nearest pixel's value."""
    if size[0] < mask.shape[0]:
        return _frozen(reduce_mask(mask, size, "half"))
    nearest = cv2.resize(mask.view(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return _frozen(np.asarray(nearest).view(np.bool_))


def _frozen(mask: Mask) -> Mask:
    mask.setflags(write=False)
    return mask


def _pieces_lost(before: Mask, after: Mask) -> int:
    """How many pieces (8-connected) have no pixel left in the smaller mask."""
    if after.shape[0] >= before.shape[0]:
        return 0
    count, pieces = cv2.connectedComponents(before.view(np.uint8), connectivity=8)
    there = cv2.resize(
        after.view(np.uint8), before.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT
    )
    kept = np.zeros(count, np.bool_)
    kept[pieces[there > 0]] = True
    return int(count - 1 - np.count_nonzero(kept[1:]))
