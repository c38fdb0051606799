"""Results of earlier jobs, so that an equal job is answered at once.

Only the pixels under the mask are kept: everything else is the photo, which whoever asks
again brings along. A result therefore costs 3 bytes for each masked pixel.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._engine.job import SettingValue
from methods._geometry.masks import bounding_box
from methods._system.cache import BoundedCache

Facts = TypeVar("Facts")

DEFAULT_BYTES = 128 * 1024**2


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Facts]):
    pixels: NDArray[np.uint8]  # (number of True in the mask, 3)
    facts: Facts

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes


class ResultCache(Generic[Facts]):
    """Least recently used results out first, within `max_bytes`. Safe between threads.

    Facts: what is kept beside each result, never looked into.
    """

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self._entries: BoundedCache[str, _Entry[Facts]] = BoundedCache(max_bytes, kind="results")

    @property
    def nbytes(self) -> int:
        """What the kept pixels take."""
        return self._entries.size

    def put(self, key: str, result: Image, mask: Mask, facts: Facts) -> None:
        """Keep `result` under `mask`, and `facts` beside it."""
        self.put_pixels(key, under(mask, result), facts)

    def put_pixels(self, key: str, pixels: NDArray[np.uint8], facts: Facts) -> None:
        """Keep what is under a mask, (number of True in it, 3), and `facts` beside it."""
        self._entries.put(key, _Entry(pixels, facts))

    def get(self, key: str, image: Image, mask: Mask) -> tuple[Image, Facts] | None:
        """The result as a new picture and its facts; image and mask are those of the key."""
        entry = self._entries.find(key)
        if entry is None:
            return None
        return filled(image, mask, entry.pixels), entry.facts

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


def under(mask: Mask, image: Image) -> NDArray[np.uint8]:
    """The pixels under the mask, (number of True in it, 3), row by row."""
    window = _around(mask)
    picked: NDArray[np.uint8] = _whole(image[window])[mask[window]].view(np.uint8)
    return picked.reshape(-1, 3)


def filled(image: Image, mask: Mask, pixels: NDArray[np.uint8]) -> Image:
    """A new picture: the given one with these pixels under the mask; see `under`."""
    result, window = image.copy(), _around(mask)
    around = np.ascontiguousarray(result[window])
    _whole(around)[mask[window]] = _whole(pixels)
    result[window] = around
    return result


def _whole(pixels: NDArray[np.uint8]) -> NDArray[np.void]:
    """Pixels as items of three bytes: (..., 3) -> (...). They are picked ten times as fast as
    rows of three items are."""
    return np.ascontiguousarray(pixels).view("V3")[..., 0]


def _around(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns with all of the mask: picking pixels from a whole photo takes long."""
    x0, y0, x1, y1 = bounding_box(mask)
    return slice(y0, y1), slice(x0, x1)


def picture_key(image: Image, mask: Mask, alpha: NDArray[np.uint8] | None = None) -> str:
    """SHA-256 of all these arrays with their shape. alpha: the photo's transparency, if any."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    digest.update(np.packbits(mask).data)
    if alpha is not None:
        digest.update(np.ascontiguousarray(alpha).data)
    return digest.hexdigest()


def job_key(
    picture: str,
    eraser: str,
    settings: Mapping[str, SettingValue],
    seed: int,
    weights: Mapping[str, str],
) -> str:
    """SHA-256 of all that a result depends on."""
    text = json.dumps(
        [picture, eraser, dict(settings), seed, dict(weights)], sort_keys=True, default=repr
    )
    return hashlib.sha256(text.encode()).hexdigest()
