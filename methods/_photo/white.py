"""What white is among wide numbers and fractions, which no file says."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.integer | np.floating]

_ROWS_LOOKED_AT = 512


def white_of(numbers: Numbers) -> float:
    """The value of white: 65535 in 16 bits; in 32 it is the least of 1 (fractions only),
    255 and 65535 that no value exceeds, else the largest value."""
    largest = float(numbers.max())
    whites = [65535.0] if numbers.dtype == np.uint16 else [255.0, 65535.0]
    if numbers.dtype.kind == "f":
        whites.insert(0, 1.0)
    return next((white for white in whites if largest <= white), largest)


def white_of_colours(colours: Numbers) -> float:
    """The same of (H, W, 3), NaN and infinity among them. Fractions may hold lights above their
    white of 1: what most of them are decides."""
    rows = colours[:: max(1, len(colours) // _ROWS_LOOKED_AT)]
    if colours.dtype.kind == "f" and np.median(np.nan_to_num(rows)) <= 1:
        return 1.0
    largest = np.max(colours, where=np.isfinite(colours), initial=0)
    return white_of(np.full(1, largest, colours.dtype))
