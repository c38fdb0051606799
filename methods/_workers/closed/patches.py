"""A change to a photo on its way into the room, beside the photo's file, and how it is saved."""

from __future__ import annotations

import mmap
from collections.abc import Iterator

import numpy as np

from methods._photo.decode import Limits, read_source
from methods._saving.contract import MadeBy, SavedFile, SavingWish
from methods._saving.samples.patch import Patch
from methods._saving.save import save_patch
from methods._workers.closed.talk import Saving, Wish


def saving_of(original: bytes, patch: Patch, made_by: MadeBy, wish: SavingWish) -> Saving:
    """What is said of it."""
    height, width = patch.mask.shape
    return Saving(
        bytes=len(original),
        size=patch.size,
        place=(patch.top, patch.left, height, width),
        alpha=patch.alpha is not None,
        program=made_by.program,
        steps=made_by.steps,
        format=wish.format,
        keep_location=wish.keep_location,
    )


def parts_of(original: bytes, patch: Patch) -> Iterator[memoryview]:
    """What goes along, in its order."""
    yield memoryview(original)
    for part in (patch.rgb, patch.alpha, patch.mask):
        if part is not None:
            yield np.ascontiguousarray(part).view(np.uint8).data.cast("B")


def saved(wish: Wish, saving: Saving, given: int, limits: Limits) -> SavedFile:
    """In the room: the file that is to be kept. given: a descriptor. Raises BadInput."""
    along = mmap.mmap(given, 0, access=mmap.ACCESS_READ)
    original = read_source(along[: saving.bytes], wish.name, limits)
    made_by = MadeBy(saving.program, saving.steps)
    asked = SavingWish(saving.format, saving.keep_location)
    return save_patch(original, _patch(along, saving), made_by, asked, wish.name, limits)


def _patch(along: mmap.mmap, saving: Saving) -> Patch:
    top, left, height, width = saving.place
    count = height * width
    pixels = np.frombuffer(along, np.uint8, offset=saving.bytes)
    rgb, rest = pixels[: 3 * count].reshape(height, width, 3), pixels[3 * count :]
    alpha = rest[:count].reshape(height, width) if saving.alpha else None
    mask = rest[-count:].reshape(height, width).view(np.bool_)
    return Patch(saving.size, top, left, rgb, alpha, mask)
