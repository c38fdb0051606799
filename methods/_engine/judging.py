"""The numbers of a run's results, computed when all results are there.

Until then only the pixels under the mask are kept of each: 3 bytes for each masked pixel. A photo
with transparent parts is judged as it is seen over a plain ground, and so are its results.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._engine.events import Finished, Judged
from methods._metrics.base import Reading
from methods._photo.transparency import flattened, ground_for
from methods._system.lock import StopToken

logger = logging.getLogger(__name__)

Judge: TypeAlias = Callable[[Image, Mask, Image], Sequence[Reading]]
"""judge(photo, mask, result); see `methods._metrics.judge.judge`."""


class Judging:
    """Collects a run's results and judges them one after the other."""

    def __init__(
        self, judge: Judge, image: Image, mask: Mask, alpha: NDArray[np.uint8] | None = None
    ) -> None:
        self._judge = judge
        self._ground = 0 if alpha is None else ground_for(image, alpha)
        self._image = flattened(image, alpha, self._ground)
        self._mask = mask
        self._kept: dict[int, NDArray[np.uint8]] = {}

    def keep(self, finished: Finished) -> None:
        """Remember what is needed to judge this result."""
        self._kept[finished.index] = flattened(finished.image, finished.alpha, self._ground)[
            self._mask
        ]

    def all(self, token: StopToken) -> Iterator[Judged]:
        """One Judged for each result that was kept, in the order of the jobs, until the token is
        stopped."""
        for index in sorted(self._kept):
            if token.stopped:
                return
            yield Judged(index, self._readings(self._kept[index]))

    def _readings(self, pixels: NDArray[np.uint8]) -> tuple[Reading, ...]:
        """Empty when judging fails: a number is not worth a result."""
        result = self._image.copy()
        result[self._mask] = pixels
        try:
            return tuple(self._judge(self._image, self._mask, result))
        except Exception:
            logger.exception("a result could not be judged")
            return ()
