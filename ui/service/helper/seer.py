"""What looks at photos for the page, in a process of its own: `answers` says to what it answers.

Everything here runs in that process; `ui.service.helper.seeing` is the page's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from methods import Answers, Given, Reading
from segmentation import (
    Detections,
    Gesture,
    SegmenterSpec,
    Selected,
    Selection,
    Settled,
    detect,
)
from ui.service.helper.judge import measured
from ui.service.selections.select import Eyes, Question
from ui.stores.packed import PackedMask


@dataclass(frozen=True, slots=True)
class Sought:
    """A `Question` as it travels: pixels and an uploaded mask come beside it."""

    key: str
    size: tuple[int, int]
    selection: Selection
    caller: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """An answer as it travels: the masks are beside the rest."""

    rest: Selected
    mask: PackedMask
    core: PackedMask
    spec: SegmenterSpec

    @staticmethod
    def of(found: Selected, spec: SegmenterSpec) -> Found:
        rest = replace(found, mask=_NOTHING, core=_NOTHING)
        return Found(rest, PackedMask.of(found.mask), PackedMask.of(found.core), spec)

    def selected(self) -> Selected:
        """As it was."""
        return replace(self.rest, mask=self.mask.mask(), core=self.core.mask())


_NOTHING = np.empty((0, 0), np.bool_)


class Seer:
    """Its methods take what came along with a call, and the call's arguments."""

    def __init__(self) -> None:
        self._eyes = Eyes()

    def load(self, given: Given) -> None:
        """See `Sees.load`."""
        self._eyes.load()

    def encode(self, given: Given, key: str, wanted: str | None, waited_for: bool) -> None:
        """See `Sees.encode`."""
        self._eyes.encode(key, lambda: given.image(key), wanted, waited_for=waited_for)

    def select(
        self, given: Given, sought: Sought, longest_side: int | None, most_looks: int | None
    ) -> Found:
        """See `Sees.select`. The uploaded mask, at that size, is the call's own."""
        upload = (lambda side: given.own[0]) if given.own else None
        asked = replace(_question(given, sought), upload=upload)
        return Found.of(*self._eyes.select(asked, longest_side, most_looks))

    def settle(
        self, given: Given, sought: Sought, gestures: Sequence[Gesture], most_looks: int | None
    ) -> Settled:
        """See `Sees.settle`."""
        return self._eyes.settle(_question(given, sought), gestures, most_looks)

    def detect(self, given: Given, key: str, phrase: str, backend: str | None) -> Detections:
        """See `segmentation.detect`."""
        return detect(lambda: given.image(key), key, phrase, backend)

    def judge(self, given: Given, phrase: str | None) -> Sequence[Reading]:
        """See `measured`: photo, mask, result and, where it is known, the truth come along."""
        photo, mask, result, *truth = given.own
        return tuple(measured(photo, mask, result, truth[0] if truth else None, phrase))


def _question(given: Given, sought: Sought) -> Question:
    return Question(
        sought.key,
        sought.size,
        lambda: given.image(sought.key),
        sought.selection,
        caller=sought.caller,
    )


def answers() -> Answers:
    """See `methods.Helper`."""
    seer = Seer()
    return {
        "load": seer.load,
        "encode": seer.encode,
        "select": seer.select,
        "settle": seer.settle,
        "detect": seer.detect,
        "judge": seer.judge,
    }
