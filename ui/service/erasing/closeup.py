"""The neighbourhood of what is erased, at the photo's own pixels, for cards that are looked at
closely. A card of a photo that its view shows whole needs none: the page enlarges the view."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from methods import Image, Mask, view_jpeg, write_atomic
from segmentation import overlay_png, shown_mask
from ui.common.grid import GridClose
from ui.common.requests import OVERLAY_SIDE
from ui.stores.photos import VIEW_SIDE
from ui.stores.runs import close_name, run_url

EXTREME = 4.0
"""From this ratio of its sides on, a photo is a strip on a card: the page knows the same figure."""

TALLEST, FLATTEST = 0.8, 1.5
"""Width over height of a close-up: the mask's own, within these; the page knows the same ones."""

AROUND = 1.6
"""How much larger than the mask the close-up is, unless the photo ends."""

LEAST = 320
"""Pixels of a close-up's longer side: a smaller one has too little around the object."""

WORTH = 1.15
"""A close-up that enlarges less is the photo once more."""


def close_box(box: list[int], size: tuple[int, int]) -> list[int] | None:
    """What the close-up shows: x0, y0, x1, y1 in pixels, right and bottom exclusive.

    box: around the mask, in the same form. size: the photo's (H, W). None where the view is
    enough: it has all of the photo's pixels, or there is hardly anything else on the photo.
    """
    height, width = size
    extreme = max(width, height) >= EXTREME * min(width, height)
    if max(size) <= VIEW_SIDE and not extreme:
        return None
    shape = min(FLATTEST, max(TALLEST, (box[2] - box[0]) / max(1, box[3] - box[1])))
    wide, high = _extent(box, size, shape)
    if wide * WORTH > width and high * WORTH > height:
        return None
    x, y = _start(box[0], box[2], wide, width), _start(box[1], box[3], high, height)
    return [x, y, x + wide, y + high]


def _extent(box: list[int], size: tuple[int, int], shape: float) -> tuple[int, int]:
    """(width, height) of a window in this shape, as far as the photo goes."""
    height, width = size
    least_wide, least_high = AROUND * (box[2] - box[0]), AROUND * (box[3] - box[1])
    high = max(least_high, least_wide / shape, LEAST / max(1.0, shape))
    wide = high * shape
    if high > height:
        wide = max(least_wide, height * shape)
    if wide > width:
        high = max(least_high, width / shape)
    return min(width, round(wide)), min(height, round(high))


def _start(low: int, high: int, extent: int, whole: int) -> int:
    """Where a window begins that has the middle of low … high in its own, inside the photo."""
    return min(max(0, (low + high - extent) // 2), whole - extent)


def described(run_id: str, box: list[int]) -> GridClose:
    """For the page."""
    return {
        "box": box,
        "view": run_url(run_id, close_name("original.jpg")),
        "overlay": run_url(run_id, close_name("overlay.png")),
    }


def write(
    folder: Path, name: str, box: list[int], rgb: Image, alpha: NDArray[np.uint8] | None
) -> None:
    """Write the close-up of a picture whose own view is called `name`. Raises OSError."""
    x0, y0, x1, y1 = box
    place = np.s_[y0:y1, x0:x1]
    see_through = None if alpha is None else alpha[place]
    jpeg = view_jpeg(rgb[place], longest_side=VIEW_SIDE, alpha=see_through)
    write_atomic(folder / close_name(name), jpeg)


def write_overlay(folder: Path, box: list[int], mask: Mask) -> None:
    """The mask's part in it. Raises OSError."""
    x0, y0, x1, y1 = box
    part = shown_mask(np.ascontiguousarray(mask[y0:y1, x0:x1]), OVERLAY_SIDE)
    write_atomic(folder / close_name("overlay.png"), overlay_png(part))
