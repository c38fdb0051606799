"""Masks at rest and on their way: a bit for each pixel, and packed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from methods import Mask

_QUICK = 1
"""zlib's level: bits of a mask are long runs, which take a thousandth at any level."""


@dataclass(frozen=True, slots=True, eq=False)
class PackedMask:
    """size: (H, W). data: its bits, row by row, by zlib."""

    size: tuple[int, int]
    data: bytes

    @staticmethod
    def of(mask: Mask) -> PackedMask:
        height, width = mask.shape
        return PackedMask((height, width), zlib.compress(np.packbits(mask).tobytes(), _QUICK))

    @property
    def nbytes(self) -> int:
        """What it takes."""
        return len(self.data)

    @property
    def pixels(self) -> int:
        """How many the mask has."""
        return self.size[0] * self.size[1]

    def mask(self) -> Mask:
        """As it was; a new one."""
        bits = np.frombuffer(zlib.decompress(self.data), np.uint8)
        return np.unpackbits(bits, count=self.pixels).view(np.bool_).reshape(self.size)
