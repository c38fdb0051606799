"""An upright change, laid into a picture as the file stores it, in the file's own colours."""

from __future__ import annotations

import numpy as np

from methods._base import BadInput, Image
from methods._saving.jpeg.fill import Placed
from methods._saving.jpeg.layout import Layout, Unkept
from methods._saving.samples.fill import colours_for
from methods._saving.samples.original import Original
from methods._saving.samples.patch import Patch
from methods._saving.samples.turned import turned

_BACK = {6: 8, 8: 6}
"""What turns an upright picture back; every other orientation undoes itself."""

_UPSIDE_DOWN, _MIRRORED, _ASIDE = {3, 4, 6, 7}, {2, 3, 7, 8}, {5, 6, 7, 8}
"""Where rows come in the other order, columns do, and rows become columns after that."""


def placed_in(layout: Layout, patch: Patch) -> Placed:
    """Raises BadInput where the patch is of a picture of another size, Unkept where a profile does
    not tell which inks a colour needs."""
    way = _BACK.get(layout.orientation, layout.orientation)
    size = (patch.size[1], patch.size[0]) if way in _ASIDE else patch.size
    if size != layout.size:
        height, width = layout.size
        raise BadInput(
            "mask_shape",
            mask_width=size[1],
            mask_height=size[0],
            photo_width=width,
            photo_height=height,
        )
    top, left = _corner(patch, way)
    colours = _colours(turned(patch.rgb, way), _as_original(layout))
    return Placed(top, left, colours, turned(patch.mask, way))


def _corner(patch: Patch, way: int) -> tuple[int, int]:
    (height, width), (rows, columns) = patch.size, patch.mask.shape
    top = height - patch.top - rows if way in _UPSIDE_DOWN else patch.top
    left = width - patch.left - columns if way in _MIRRORED else patch.left
    return (left, top) if way in _ASIDE else (top, left)


def _colours(rgb: Image, original: Original) -> Image:
    try:
        return colours_for(rgb, original)
    except Exception as error:  # LittleCMS's, of several classes
        raise Unkept("inks") from error


def _as_original(layout: Layout) -> Original:
    """What its colours are, without its samples."""
    none = np.empty((0, 0, 3), np.uint8)
    if layout.space == "grey":
        return Original(none, "grey", "JPEG", icc=layout.icc)
    inks = layout.space in ("cmyk", "ycck")
    return Original(none, "cmyk" if inks else "rgb", "JPEG", icc=layout.icc)
