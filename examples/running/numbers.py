"""The numbers of a table's results, in this process or, where workers are on, in one of its own.

There the driver of a table needs no torch, and what dies while it judges takes nothing along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from methods import Answers, Given, Helper, Image, Mask, Reading, judge
from segmentation import features_of

ENTRY = "examples.running.numbers:answers"

Measure: TypeAlias = Callable[[Image, Mask, Image, Image | None, bool], Sequence[Reading]]
"""See `measured`."""


def measured(
    photo: Image, mask: Mask, result: Image, truth: Image | None, with_features: bool
) -> Sequence[Reading]:
    """See `methods.judge`. with_features: also the numbers that a network's features are for."""
    return judge(photo, mask, result, truth=truth, features=features_of if with_features else None)


def measured_by(helper: Helper) -> Measure:
    """The same, by the process that has `ENTRY`; where that dies, it is asked once more."""

    def measure(
        photo: Image, mask: Mask, result: Image, truth: Image | None, with_features: bool
    ) -> Sequence[Reading]:
        own = (photo, mask, result, *(() if truth is None else (truth,)))
        found: Sequence[Reading] = helper.call("judge", with_features, own=own, tries=2)
        return found

    return measure


def _judge(given: Given, with_features: bool) -> Sequence[Reading]:
    photo, mask, result, *truth = given.own
    return tuple(measured(photo, mask, result, truth[0] if truth else None, with_features))


def answers() -> Answers:
    """See `methods.Helper`."""
    return {"judge": _judge}
