"""What goes into a saved file, and what is said of it.

Erasers see and fill the working picture (`_photo.load.Photo`: upright, 8-bit sRGB). A file to keep
is composed anew from the bytes that were opened: outside the mask with their own samples, inside
with the fill, brought to their colours and depth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask, Text

FileFormat = Literal["png", "tiff", "jpeg", "webp", "avif"]
WantedFormat = Literal["auto", "png", "tiff", "jpeg", "webp", "avif"]
"""auto: as the opened file was, where that can be written without loss outside the mask."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What has become of a photo, in one erase or in several one after the other.

    result: (H, W, 3) uint8, upright sRGB. alpha: (H, W) uint8, None where all is opaque. mask:
    (H, W) bool, where result and alpha may differ from the photo: of several, their union.
    """

    result: Image
    alpha: NDArray[np.uint8] | None
    mask: Mask


@dataclass(frozen=True, slots=True)
class MadeBy:
    """Who changed the photo, for its metadata. program: with its version. steps: one line for each
    erase, the eraser with its settings; never anything that tells of a visitor."""

    program: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SavingWish:
    """How a result is to be saved. keep_location: also places and serial numbers of devices."""

    format: WantedFormat = "auto"
    keep_location: bool = True


Wish = SavingWish
"""Its name in here; the door of `methods` has another `Wish`."""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """data: the whole file. samples_changed_outside: counted after writing, in the file's own
    samples; for a JPEG whose blocks were kept, coefficients_changed_outside counts those of the
    blocks that the mask does not reach, and is None else. removed: kinds of metadata that did not
    come along, as names of sentences ("thumbnail", "location", "serial", "depth_map", "gain_map",
    "motion"). holds: kinds that are in it, what concerns people
    first. notes: what the user should know."""

    data: bytes
    format: FileFormat
    samples_changed_outside: int
    coefficients_changed_outside: int | None = None
    removed: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    notes: tuple[Text, ...] = ()
