"""Seeing in a process of its own, so that the page needs no torch; `helper.seer` is there.

A click on a photo that the process has seen is answered while it looks at another one. Where the
process dies, the clicks under way are told so, and it is begun again at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from methods import HELPER_LOST, Helper, Image, Mask, Reading, Unavailable
from segmentation import Detections, Gesture, SegmenterSpec, Selected, Settled
from ui.service.helper.seer import Found, Sought
from ui.service.selections.select import Question

log = logging.getLogger(__name__)

ENTRY = "ui.service.helper.seer:answers"

R = TypeVar("R")


class Seeing:
    """The page's side: `Sees`, and with `detect` and `judge` all else that needs a network.

    helper: the process, with `ENTRY`; whoever made it closes it.
    """

    def __init__(self, helper: Helper) -> None:
        self._helper = helper
        self._coming_back = threading.Lock()

    def load(self) -> None:
        """See `Sees.load`."""
        self._helper.call("load")

    def encode(
        self, key: str, pixels: Callable[[], Image], wanted: str | None, *, waited_for: bool = False
    ) -> None:
        """See `Sees.encode`."""
        self._helper.call("encode", key, wanted, waited_for, images={key: pixels})

    def select(
        self, asked: Question, longest_side: int | None, most_looks: int | None
    ) -> tuple[Selected, SegmenterSpec]:
        """See `Sees.select`."""
        upload = None if asked.upload is None else asked.upload(longest_side)
        sought = Sought(asked.key, asked.size, asked.selection, asked.caller)
        found: Found = self._back_again(
            lambda: self._helper.call(
                "select",
                sought,
                longest_side,
                most_looks,
                images={asked.key: asked.pixels},
                own=() if upload is None else (upload,),
            )
        )
        return found.selected(), found.spec

    def settle(
        self, asked: Question, gestures: Sequence[Gesture], most_looks: int | None
    ) -> Settled:
        """See `Sees.settle`."""
        sought = Sought(asked.key, asked.size, asked.selection, asked.caller)
        images = {asked.key: asked.pixels}
        settled: Settled = self._back_again(
            lambda: self._helper.call("settle", sought, tuple(gestures), most_looks, images=images)
        )
        return settled

    def detect(
        self, pixels: Callable[[], Image], key: str, phrase: str, backend: str | None
    ) -> Detections:
        """See `segmentation.detect`."""
        found: Detections = self._back_again(
            lambda: self._helper.call("detect", key, phrase, backend, images={key: pixels})
        )
        return found

    def judge(
        self, photo: Image, mask: Mask, result: Image, truth: Image | None, phrase: str | None
    ) -> Sequence[Reading]:
        """See `measured`. Nobody waits for it, so that it is asked again where the process dies."""
        own = (photo, mask, result, *(() if truth is None else (truth,)))
        found: Sequence[Reading] = self._helper.call("judge", phrase, own=own, tries=2)
        return found

    def _back_again(self, action: Callable[[], R]) -> R:
        """`action()`; where the process has died, the next click finds it ready."""
        try:
            return action()
        except Unavailable as error:
            if error.code == HELPER_LOST:
                threading.Thread(target=self._come_back, name="seeing", daemon=True).start()
            raise

    def _come_back(self) -> None:
        if not self._coming_back.acquire(blocking=False):
            return  # it is on its way
        try:
            self.load()
        except Exception:  # the next click will meet it again and say so
            log.warning("What looks at photos could not be started again", exc_info=True)
        finally:
            self._coming_back.release()
