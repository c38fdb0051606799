"""A result as a file: the whole photo, or only the box around its mask.

Outside the mask a result is the photo itself, so the box holds all that is new. Of 12 megapixels
with a twentieth masked it takes a tenth of the disk and of the time; the photo is needed to see
the whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from methods import Image, Mask, Photo, load_image, png_bytes

Kind = Literal["whole", "box"]

KINDS: tuple[Kind, ...] = ("whole", "box")

MANY = 2000
"""From so many results on a table keeps boxes, unless it is told otherwise."""

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in the photo's pixels; the last two are exclusive."""

Alpha = NDArray[np.uint8]


def box_of(mask: Mask) -> Box:
    """The smallest box that holds the mask, which must not be empty."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def png_of(rgb: Image, alpha: Alpha | None, box: Box | None) -> bytes:
    """Lossless; the box alone where there is one."""
    return png_bytes(_cut(rgb, box), None if alpha is None else _cut(alpha, box))


def read_result(file: Path, box: Box | None, photo: Photo) -> tuple[Image, Alpha | None]:
    """The whole result: (H, W, 3) uint8 and, of a photo with transparency, (H, W) uint8.
    Raises UserError for a file that is no picture, ValueError for one that is not of the photo's
    or the box's size."""
    kept = load_image(file)
    if box is None:
        if kept.size != photo.size:
            raise ValueError(f"{kept.size} is not the photo's {photo.size}")
        return kept.rgb, kept.alpha
    rgb = _pasted(photo.rgb, kept.rgb, box)
    if photo.alpha is None:
        return rgb, None
    alpha = np.full(kept.size, 255, np.uint8) if kept.alpha is None else kept.alpha
    return rgb, _pasted(photo.alpha, alpha, box)


def _cut(pixels: NDArray[np.uint8], box: Box | None) -> NDArray[np.uint8]:
    if box is None:
        return pixels
    left, top, right, bottom = box
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def _pasted(pixels: NDArray[np.uint8], part: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    if part.shape != pixels[top:bottom, left:right].shape:
        raise ValueError(f"{part.shape} does not fit the box {box}")
    whole = pixels.copy()
    whole[top:bottom, left:right] = part
    return whole
