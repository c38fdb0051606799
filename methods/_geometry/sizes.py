"""At which size a canvas shows a crop."""

from __future__ import annotations

import math

from methods._base import Canvas
from methods._geometry.masks import Box, round_up

_MAX_ASPECT = 4  # of short_side and area canvases: a strip is padded, not enlarged beyond it


def sizes(crop: tuple[int, ...], canvas: Canvas) -> tuple[tuple[int, int], tuple[int, int]]:
    """(H, W) of a crop of (H, W) resized for the canvas, and of the canvas after padding."""
    longest, shortest = max(crop), min(crop)
    scale, least = 1.0, 1
    if canvas.area:
        return _sizes_of_area(crop, canvas.area, canvas.multiple_of)
    if canvas.square:
        # A crop a little smaller than the canvas is padded; a tiny one, enlarged.
        fits = longest <= canvas.square <= 2 * longest
        scale, least = 1.0 if fits else canvas.square / longest, canvas.square
    elif canvas.longest_side:
        scale = min(1.0, canvas.longest_side / longest)
    elif canvas.short_side:
        least = canvas.short_side
        scale = min(least / shortest, _MAX_ASPECT * least / longest)
    height, width = (max(1, round(side * scale)) for side in crop)
    multiple = 1 if canvas.square else canvas.multiple_of
    padded = (round_up(max(height, least), multiple), round_up(max(width, least), multiple))
    return (height, width), padded


def _sizes_of_area(
    crop: tuple[int, ...], area: int, multiple: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The largest whose canvas, padding included, has no more than `area` pixels."""
    shape = [max(side, -(-max(crop) // _MAX_ASPECT)) for side in crop]
    scale = math.sqrt(area / math.prod(shape))
    while True:
        height, width = (max(1, int(side * scale)) for side in crop)
        padded = [round_up(max(1, int(side * scale)), multiple) for side in shape]
        if math.prod(padded) <= area or max(padded) <= multiple:
            return (height, width), (padded[0], padded[1])
        scale *= math.sqrt(area / math.prod(padded))


def reduced_by(crop: Box, canvas: Canvas) -> float:
    """How many pixels of the photo one of the canvas stands for, along a side; below 1 where the
    canvas enlarges."""
    width, height = crop[2] - crop[0], crop[3] - crop[1]
    shown, _ = sizes((height, width), canvas)
    return max(height, width) / max(shown)


def own_side(canvas: Canvas) -> int | None:
    """Pixels of a side of the largest square crop that the canvas does not reduce; None = any.

    A multiple of `multiple_of`, as the sides of crops are.
    """
    side = canvas.square or canvas.longest_side or canvas.short_side
    side = side or (math.isqrt(canvas.area) if canvas.area else None)
    return side and max(canvas.multiple_of, side - side % canvas.multiple_of)
