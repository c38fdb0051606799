"""The cosine transform of blocks (ITU T.81, A.3.3), and rounding where some samples matter more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_MOST_AT_ONCE = 8192
_LARGEST = 1023
"""Of a coefficient in a file of 8 bits (T.81, table F.1 and F.2)."""


def _basis() -> Floats:
    """(64, 64): a row for each frequency, its wave over a block's samples; orthonormal."""
    frequency, sample = np.mgrid[0:8, 0:8]
    line = np.cos((2 * sample + 1) * frequency * np.pi / 16) / 2
    line[0] /= np.sqrt(2)
    return np.kron(line, line).astype(np.float32)


_BASIS = _basis()


def samples_of(coefficients: NDArray[np.int16], table: NDArray[np.uint16]) -> Floats:
    """(n, 64) samples, 0 = the middle of what a sample can be, not rounded nor clipped."""
    return (coefficients * table.astype(np.float32)) @ _BASIS


def coefficients_for(
    wanted: Floats, table: NDArray[np.uint16], weights: Floats
) -> NDArray[np.int16]:
    """(n, 64) for samples as they are wanted. weights: (n, 64), how much each sample matters.

    Where all matter alike the nearest multiples are best. Elsewhere each frequency is set in turn
    to what leaves the least error, so that errors go where they matter little.
    """
    steps = table.astype(np.float32)
    chosen = np.rint(wanted @ _BASIS.T / steps)
    chosen = np.clip(chosen, -_LARGEST, _LARGEST)
    uneven = np.flatnonzero(np.ptp(weights, axis=1) > 0)
    for start in range(0, len(uneven), _MOST_AT_ONCE):
        part = uneven[start : start + _MOST_AT_ONCE]
        chosen[part] = _settled(chosen[part], wanted[part], steps, weights[part])
    return chosen.astype(np.int16)


_SWEEPS = 4


def _settled(chosen: Floats, wanted: Floats, steps: Floats, weights: Floats) -> Floats:
    waves = _BASIS * steps[:, None]
    pull = weights * (wanted - chosen @ waves)
    stiff = weights @ (waves * waves).T
    for _ in range(_SWEEPS):
        still = True
        for place, wave in enumerate(waves):
            step = np.rint(pull @ wave / stiff[:, place])
            step = np.clip(chosen[:, place] + step, -_LARGEST, _LARGEST) - chosen[:, place]
            moved = np.flatnonzero(step)
            chosen[moved, place] += step[moved]
            pull[moved] -= step[moved, None] * weights[moved] * wave
            still &= not len(moved)
        if still:
            break
    return chosen
