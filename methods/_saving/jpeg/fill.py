"""A fill in a JPEG's own components, at their own resolution, laid into its blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._saving.jpeg.coefficients import Coefficients, Plane
from methods._saving.jpeg.dct import Floats, coefficients_for, samples_of
from methods._saving.jpeg.layout import BLOCK, Layout

_INSIDE_WEIGHS, _BEYOND_WEIGHS = 0.03, 0.001
"""How much an error matters, where it is 1 in a sample of the photo, in one of the fill, and in one
that completes a block beyond the picture's edge."""

_BAND_PIXELS = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A fill as the file is stored: not upright. top, left: of its box. colours: (h, w, C) uint8 in
    the file's colours. mask: (h, w) bool."""

    top: int
    left: int
    colours: Image
    mask: Mask


@dataclass(slots=True)
class Counted:
    """blocks: coded anew, of all components. samples: outside the mask, in those blocks, that are
    not what they were when rounded to 8 bits; most: by how many levels at most."""

    blocks: int = 0
    samples: int = 0
    most: int = 0


def fill_blocks(layout: Layout, given: Coefficients, placed: Placed) -> Counted:
    """Code the blocks that the mask reaches anew, in place; no other one is touched. given: the
    rows of blocks that `box_rows` says, and no others."""
    counted, starts = Counted(), [rows.start for rows in box_rows(layout, placed)]
    for top, left, colours, mask, inside in _bands(layout, placed):
        components = cv2.split(_components(colours, layout))
        shares = {cover: _shared(mask, inside, cover) for cover in layout.covers}
        for number, cover in enumerate(layout.covers):
            share, beyond = shares[cover]
            wanted = _averaged(np.asarray(components[number]), mask, cover)
            rows, columns = top // cover[0] // BLOCK - starts[number], left // cover[1] // BLOCK
            area = _cropped(given.planes[number][rows:, columns:], share.shape)
            _code(area, given.tables[number], _Samples(share, wanted, beyond), counted)
    return counted


def box_rows(layout: Layout, placed: Placed) -> list[slice]:
    """For each component, the rows of blocks in which the box lies."""
    unit, bottom = layout.unit[0], placed.top + placed.mask.shape[0]
    first, last = placed.top // unit * unit, -(-bottom // unit) * unit
    return [slice(first // down // BLOCK, last // down // BLOCK) for down, _ in layout.covers]


def reached(layout: Layout, placed: Placed) -> list[NDArray[np.bool_]]:
    """For each component, (rows, columns) bool: blocks with any sample that the mask reaches."""
    found = [np.zeros(each.blocks, np.bool_) for each in layout.components]
    for top, left, _, mask, inside in _bands(layout, placed):
        for blocks, (down, across) in zip(found, layout.covers, strict=True):
            hit = _any(mask & inside, BLOCK * down, BLOCK * across)
            rows, columns = top // down // BLOCK, left // across // BLOCK
            area = blocks[rows : rows + hit.shape[0], columns : columns + hit.shape[1]]
            area |= hit[: area.shape[0], : area.shape[1]]
    return found


# --- the box in whole blocks -------------------------------------------------------------

_Band = tuple[int, int, Image, Mask, Mask]
"""Top, left, colours, mask, and which pixels are in the picture: of whole units."""


def _bands(layout: Layout, placed: Placed) -> Iterator[_Band]:
    """The box, widened to whole units; a few rows of them at a time."""
    (down, across), (height, width) = layout.unit, layout.size
    bottom, right = placed.top + placed.mask.shape[0], placed.left + placed.mask.shape[1]
    left, end = placed.left // across * across, -(-right // across) * across
    step = max(1, _BAND_PIXELS // (end - left) // down) * down
    for top in range(placed.top // down * down, bottom, step):
        last = min(top + step, -(-bottom // down) * down)
        mask = _laid(placed.mask[..., None], placed, (top, last), (left, end))[..., 0]
        if not mask.any():
            continue
        colours = _laid(placed.colours, placed, (top, last), (left, end))
        inside = np.zeros(mask.shape, np.bool_)
        inside[: max(0, height - top), : width - left] = True
        yield top, left, colours, mask, inside


def _laid(
    part: NDArray[Any], placed: Placed, rows: tuple[int, int], columns: tuple[int, int]
) -> NDArray[Any]:
    """That part of the box in an area that may be larger, in zeros."""
    area = np.zeros((rows[1] - rows[0], columns[1] - columns[0], part.shape[2]), part.dtype)
    first, last = max(rows[0], placed.top), min(rows[1], placed.top + part.shape[0])
    start = placed.left - columns[0]
    rows_there = part[first - placed.top : last - placed.top]
    area[first - rows[0] : last - rows[0], start : start + part.shape[1]] = rows_there
    return area


def _components(colours: Image, layout: Layout) -> Floats:
    """(h, w, C) float32, 0 = the middle (JFIF 1.02). Inks are stored inverted; in YCCK, three of
    them as if they were red, green and blue (Adobe's technical note 5116, section 18)."""
    if layout.space == "ycck":
        three = _luma_first(np.ascontiguousarray(colours[..., :3]))
        return np.dstack((three, 127 - colours[..., 3].astype(np.float32)))
    if layout.space == "cmyk":
        return 127 - colours.astype(np.float32)
    return _luma_first(colours) if layout.space == "ycc" else colours.astype(np.float32) - 128


def _luma_first(colours: Image) -> Floats:
    luma_first = cv2.cvtColor(colours.astype(np.float32) / 255, cv2.COLOR_RGB2YCrCb)
    return luma_first[..., (0, 2, 1)] * 255 - 128


# --- samples that cover several pixels ---------------------------------------------------


def _averaged(values: Floats, counts: Mask, cover: tuple[int, int]) -> Floats:
    """Over each sample's pixels, of those that count; 0 where none does."""
    if cover == (1, 1):
        return values * counts
    numbers = _summed(counts.astype(np.float32), cover)
    return np.asarray(_summed(values * counts, cover) / np.maximum(numbers, 1), np.float32)


def _shared(mask: Mask, inside: Mask, cover: tuple[int, int]) -> tuple[Floats, Mask]:
    """Of each sample's pixels in the picture, how many are masked: 0 … 1; and whether none is in
    the picture."""
    share = _averaged(mask.astype(np.float32), inside, cover)
    return share, ~_any(inside, *cover)


def _summed(values: Floats, cover: tuple[int, int]) -> Floats:
    """Whole rows are added at once: numpy's own sum over few neighbours takes ten times as long."""
    down, across = cover
    tall = np.add.reduce([values[row::down] for row in range(down)], dtype=np.float32)
    wide = [tall[:, column::across] for column in range(across)]
    return np.asarray(np.add.reduce(wide, dtype=np.float32))


def _any(values: NDArray[np.bool_], down: int, across: int) -> Mask:
    """Whether anything is true in each piece of so many rows and columns."""
    rows, columns = values.shape
    tall = values.reshape(rows // down, down, columns).any(axis=1)
    return np.asarray(tall.reshape(rows // down, columns // across, across).any(axis=2))


# --- blocks ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    """All (h, w) of a component. share: of the mask in each sample. wanted: the fill. beyond: the
    picture's edge."""

    share: Floats
    wanted: Floats
    beyond: NDArray[np.bool_]


def _cropped(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """A view of the blocks of so many samples."""
    return plane[: shape[0] // BLOCK, : shape[1] // BLOCK]


def _code(area: Plane, table: NDArray[np.uint16], given: _Samples, counted: Counted) -> None:
    hit = _any(given.share > 0, BLOCK, BLOCK)[: area.shape[0], : area.shape[1]]
    share, wanted, beyond = (
        _in_blocks(each, hit) for each in (given.share, given.wanted, given.beyond)
    )
    before = samples_of(area[hit], table)
    target = np.asarray(before + share * (wanted - before), np.float32)
    weights = np.asarray(1 - share * (1 - _INSIDE_WEIGHS), np.float32)
    weights[beyond] = _BEYOND_WEIGHS
    coded = coefficients_for(target, table, weights)
    area[hit] = coded
    _count(before, samples_of(coded, table), (share == 0) & ~beyond, counted)


def _in_blocks(values: NDArray[Any], hit: Mask) -> NDArray[Any]:
    """(h, w) → (n, 64): the blocks that are hit, and no copy of the others."""
    split = values.reshape(values.shape[0] // BLOCK, BLOCK, -1, BLOCK).swapaxes(1, 2)
    return split[: hit.shape[0], : hit.shape[1]][hit].reshape(-1, BLOCK * BLOCK)


def _count(before: Floats, after: Floats, outside: NDArray[np.bool_], counted: Counted) -> None:
    moved = np.abs(_eight_bits(after) - _eight_bits(before))[outside]
    counted.blocks += len(before)
    counted.samples += int(np.count_nonzero(moved))
    counted.most = max(counted.most, int(moved.max(initial=0)))


def _eight_bits(samples: Floats) -> NDArray[np.int16]:
    return np.clip(np.rint(samples + 128), 0, 255).astype(np.int16)
