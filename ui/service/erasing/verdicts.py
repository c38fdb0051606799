"""What follows a run's results: its numbers, and what is made of it once and kept.

One thread that lasts does it, run after run. It waits while any run is at work, and holds nothing
then: neither a place nor pictures, which are read from the run's own files when its turn comes. Its
room is that of runs: what somebody waits for has another one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from methods import (
    COMPOSING,
    Image,
    Judged,
    Mask,
    Photo,
    Reading,
    Stopped,
    flattened,
    running,
)
from ui.common.limits import Quiet
from ui.common.logs import current_run
from ui.service.erasing.live import LiveRun
from ui.service.helper.judge import Judge
from ui.stores.originals import photo_of
from ui.stores.packed import PackedMask
from ui.stores.photos import PhotoStore
from ui.stores.runs import RunStore, result_name

log = logging.getLogger(__name__)

MOST_SECONDS = 120.0
"""For which results wait to be judged while other runs go on and on."""


class Verdicts:
    """on_written: called with the id of each run of which nothing more will come, if it has
    results."""

    def __init__(
        self,
        runs: RunStore,
        photos: PhotoStore,
        quiet: Quiet,
        on_written: Callable[[str], None] | None = None,
    ) -> None:
        self._runs = runs
        self._photos = photos
        self._quiet = quiet
        self._on_written = on_written
        self._closing = False
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="judge")

    def later(self, live: LiveRun, judge: Judge, mask: PackedMask, visitor: str) -> None:
        """Judge what the run has made, when nobody is kept waiting by it."""
        results = list(live.unjudged_results())
        if not results:
            _end(live)
            return
        until = time.monotonic() + MOST_SECONDS
        todo = partial(self._follow, live, judge, mask, visitor, until)
        try:
            self._pool.submit(todo)
        except RuntimeError:  # shut down: the program is ending
            _end(live)

    def close(self) -> None:
        """Begin nothing more. Nobody waits for what is at work: numbers are not worth that."""
        self._closing = True
        self._pool.shutdown(wait=False)

    def _follow(
        self, live: LiveRun, judge: Judge, mask: PackedMask, visitor: str, until: float
    ) -> None:
        named = current_run.set(live.id)
        try:
            self._quiet.wait(until, live.is_stopped)
            if not live.is_stopped():
                with running.work(COMPOSING * mask.pixels, visitor, live.is_stopped):
                    self._judge(live, judge, mask)
        except Stopped:
            pass
        except Exception:  # a number is not worth a result
            log.exception("a run's results could not be judged")
        finally:
            live.judged()
            self._keep(live)
            live.kept()
            current_run.reset(named)

    def _judge(self, live: LiveRun, judge: Judge, packed: PackedMask) -> None:
        photo, mask = photo_of(live.id, self._photos, self._runs), packed.mask()
        seen = photo.seen
        for index, eraser in live.unjudged_results():
            if live.is_stopped():
                return
            path = self._runs.folder / live.id / result_name(index, eraser, "png")
            live.read(Judged(index, tuple(_readings(judge, seen, mask, path, photo))))

    def _keep(self, live: LiveRun) -> None:
        if self._on_written is None or self._closing or live.is_stopped():
            return
        try:
            self._on_written(live.id)
        except Exception:  # it is made when it is asked for
            log.exception("a run's report could not be made")


def _end(live: LiveRun) -> None:
    live.judged()
    live.kept()


def _readings(judge: Judge, seen: Image, mask: Mask, path: Path, photo: Photo) -> Iterator[Reading]:
    """Nothing when judging fails."""
    try:
        yield from judge(seen, mask, _result(path, photo.ground))
    except Exception:
        log.exception("a result could not be judged")


def _result(path: Path, ground: int) -> Image:
    """A result of ours as networks and numbers see it."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise OSError(f"{path.name} is no picture")
    if pixels.shape[2] == 3:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
    rgba = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA)
    rgb, alpha = np.ascontiguousarray(rgba[:, :, :3]), np.ascontiguousarray(rgba[:, :, 3])
    return flattened(rgb, alpha, ground)
