"""Results of earlier jobs, so that an equal job is answered at once.

Only the pixels under the mask are kept: everything else is the photo, which whoever asks
again brings along. A result therefore costs 3 bytes for each masked pixel.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._geometry.masks import bounding_box

DEFAULT_BYTES = 128 * 1024**2


@dataclass(frozen=True, slots=True)
class _Entry:
    pixels: NDArray[np.uint8]  # (number of True in the mask, 3)
    facts: Any


class ResultCache:
    """Least recently used results out first, within `max_bytes`. Safe between threads."""

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """What the kept pixels take."""
        return self._bytes

    def put(self, key: str, result: Image, mask: Mask, facts: Any) -> None:
        """Keep `result` under `mask`, and `facts` (never looked into) beside it."""
        window = _around(mask)
        entry = _Entry(result[window][mask[window]], facts)
        if entry.pixels.nbytes > self._max_bytes:
            return
        with self._lock:
            self._drop(key)
            self._entries[key] = entry
            self._bytes += entry.pixels.nbytes
            while self._bytes > self._max_bytes:
                self._drop(next(iter(self._entries)))

    def get(self, key: str, image: Image, mask: Mask) -> tuple[Image, Any] | None:
        """The result as a new picture and its facts; image and mask are those of the key."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
        result, window = image.copy(), _around(mask)
        result[window][mask[window]] = entry.pixels
        return result, entry.facts

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.pixels.nbytes


def _around(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns with all of the mask: picking pixels from a whole photo takes long."""
    x0, y0, x1, y1 = bounding_box(mask)
    return slice(y0, y1), slice(x0, x1)


def picture_key(image: Image, mask: Mask) -> str:
    """SHA-256 of both arrays with their shape."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    digest.update(np.packbits(mask).data)
    return digest.hexdigest()


def job_key(
    picture: str, eraser: str, settings: Mapping[str, Any], seed: int, weights: Mapping[str, str]
) -> str:
    """SHA-256 of all that a result depends on."""
    text = json.dumps(
        [picture, eraser, dict(settings), seed, dict(weights)], sort_keys=True, default=repr
    )
    return hashlib.sha256(text.encode()).hexdigest()
