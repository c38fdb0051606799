"""Whether a written file holds, outside the mask, what the opened one held."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from methods._saving.samples.original import Original, Samples, in_planes
from methods._saving.samples.patch import Patch

_ROWS = 64


def outside_digest(original: Original, patch: Patch) -> bytes:
    """Of all samples outside the mask and how they lie, so that two pictures can be compared while
    only one of them is in memory."""
    digest = blake2b(repr((original.size, original.samples.dtype.str)).encode())
    for band, mask in _bands(original, patch):
        if mask is not None:
            band = band.copy()
            band[mask] = 0
        digest.update(band.data)
    return digest.digest()


def changed_samples(one: Original, other: Original, patch: Patch) -> int:
    """How many samples outside the mask differ; all of them where the pictures differ in kind."""
    if one.size != other.size:
        return one.samples.size
    count = 0
    for (band, mask), (again, _) in zip(_bands(one, patch), _bands(other, patch), strict=True):
        if band.shape != again.shape or band.dtype != again.dtype:
            return one.samples.size
        differ = band.view(_bits(band)) != again.view(_bits(again))  # NaN is like itself
        count += int((differ if mask is None else differ & ~mask[..., None]).sum())
    return count


def _bits(band: Samples) -> str:
    return f"u{band.dtype.itemsize}"


def _bands(original: Original, patch: Patch) -> Iterator[tuple[Samples, NDArray[np.bool_] | None]]:
    """(n, W, C) rows, and where they are masked, None = nowhere. Of a palette its colours."""
    down, across = patch.box
    for top in range(0, original.size[0], _ROWS):
        band = original.samples[top : top + _ROWS]
        if original.palette is not None:
            band = original.palette[band]
        band = np.ascontiguousarray(in_planes(band))
        first, last = max(top, down.start), min(top + len(band), down.stop)
        mask = None
        if first < last:
            mask = np.zeros(band.shape[:2], np.bool_)
            reached = patch.mask[first - down.start : last - down.start]
            mask[first - top : last - top, across] = reached
        yield band, mask
