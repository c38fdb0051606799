"""Pictures whose samples are places in a table of 256 colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from methods._saving.samples.original import Original, Samples

Colours = NDArray[np.uint8]
"""(N, 4) uint8, RGBA."""


def with_colours(original: Original, colours: Colours) -> Original | None:
    """The original with a palette that has these, too; None where there is no room for them.

    No sample changes: new colours come to places of the palette that no sample names.
    """
    table = original.palette
    assert table is not None
    free = np.setdiff1d(np.arange(256), original.samples)
    new = np.setdiff1d(_packed(colours), np.delete(_packed(table), free))
    if len(new) > len(free):
        return None
    wider = table.copy()
    wider[free[: len(new)]] = new.view(np.uint8).reshape(-1, 4)
    return replace(original, palette=wider)


def places_of(original: Original, colours: Colours) -> Samples:
    """(N,) uint8, where these colours stand in its palette; all of them do."""
    assert original.palette is not None
    packed = _packed(original.palette)
    order = np.argsort(packed, kind="stable")
    return order[np.searchsorted(packed, _packed(colours), sorter=order)].astype(np.uint8)


def _packed(colours: Colours) -> NDArray[np.uint32]:
    return np.ascontiguousarray(colours).view(np.uint32).ravel()
