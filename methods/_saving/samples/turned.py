"""Samples turned as the picture is to be looked at, whatever their kind and number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from methods._saving.samples.original import Samples


def turned(samples: Samples, orientation: int) -> Samples:
    """(H, W) or (H, W, C), by EXIF's orientation 1 … 8 (TIFF 6.0 page 36); contiguous, and one's
    own to write into."""
    turn = _TURNS.get(orientation)
    upright = np.ascontiguousarray(samples if turn is None else turn(samples))
    return upright if upright.flags.writeable else upright.copy()


_TURNS: dict[int, Callable[[Samples], Samples]] = {
    2: lambda samples: samples[:, ::-1],
    3: lambda samples: samples[::-1, ::-1],
    4: lambda samples: samples[::-1],
    5: lambda samples: samples.swapaxes(0, 1),
    6: lambda samples: samples[::-1].swapaxes(0, 1),
    7: lambda samples: samples[::-1, ::-1].swapaxes(0, 1),
    8: lambda samples: samples[:, ::-1].swapaxes(0, 1),
}
