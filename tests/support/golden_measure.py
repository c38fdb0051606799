"""How far a stage may be from the authors', and whether a case can show a mistake at all.

Cases differ: latents of guidance 9 spread ten times as far as those of guidance 1, and rounding,
which another build of torch or another number of threads does otherwise, grows with the spread and
with every step. So no bound here is a plain number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytest

STEP = 3e-5
"""Of what sampling gives: a share of the spread for each step. Another build of torch, or one
thread in place of two, takes up to two thirds of it at guidance 9."""

_LEAST = 1e-3
"""The spread of a stage that is zero everywhere."""


def spread(theirs: Any) -> float:
    """The root of the mean square of a stage's numbers."""
    numbers = np.asarray(theirs, dtype=np.float64)
    return max(float(np.sqrt(np.square(numbers).mean())), _LEAST)


def bound(theirs: Any, share: float, steps: int = 1) -> float:
    """How far a stage may be off: a share of its spread, for each step that led to it."""
    return share * spread(theirs) * steps


def worst(found: Any, theirs: Any) -> float:
    """The greatest difference of two arrays or tensors; their shapes must be equal."""
    ours, expected = (np.asarray(value, dtype=np.float64) for value in (found, theirs))
    assert ours.shape == expected.shape
    return float(np.abs(ours - expected).max())


def ratio(found: Any, theirs: Any, share: float, steps: int = 1) -> float:
    """How far a stage is off, in units of what it may be."""
    return worst(found, theirs) / bound(theirs, share, steps)


def ratios(
    found: Mapping[str, Any],
    theirs: Mapping[str, Any],
    shares: Mapping[str, float],
    steps: Mapping[str, int],
) -> dict[str, float]:
    """The same for the stages that a case has, of those in `shares`; at least one must be there.

    steps: of the stages that sampling leads to. What is a list of times must be theirs exactly.
    """
    names = [name for name in shares if name in theirs]
    assert names
    return {n: ratio(found[n], theirs[n], shares[n], steps.get(n, 1)) for n in names}


def needs(condition: Any, what: str) -> None:
    """Skip a test where its case lacks what it needs."""
    if not condition:
        pytest.skip(f"the case cannot show it: {what}")


def first_that(params: Iterable[Any], fits: Any) -> list[Any]:
    """Of pytest parameters, the first whose case fits, else the first (which then says why not)."""
    every = list(params)
    fitting = [param for param in every if param.values[0] is not None and fits(param.values[0])]
    return (fitting or every)[:1]
