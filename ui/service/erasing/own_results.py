"""Which results a visitor has had before: of these alone it is said that they come from the cache.

The cache itself is common to all, by the pixels and the mask. To say of somebody else's result
where it comes from would say that somebody has erased the same before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256

from methods import BoundedCache, Job

MOST = 2**16
"""Results remembered, of all visitors together; what is forgotten is told as any other."""


class OwnResults:
    """In this process's memory, as the cache is."""

    def __init__(self) -> None:
        self._known: BoundedCache[bytes, bool] = BoundedCache(MOST, lambda value: 1)

    def of(self, visitor: str, photo: str, mask: str, jobs: Sequence[Job]) -> Callable[[int], bool]:
        """For the jobs of a run, by their index: whether this visitor has had that result; from
        now on, yes. photo, mask: what tells these apart."""

        def had(index: int) -> bool:
            what = [visitor, photo, mask, jobs[index].plain()]
            name = sha256(json.dumps(what, sort_keys=True).encode()).digest()
            before = self._known.find(name) is not None
            self._known.put(name, True)
            return before

        return had
