"""Where the command line's numbers are computed: by the executor's helper, where there is one.

A crash while a result is judged then costs that result its numbers, and nothing else. Everything
here runs in either process; what has to be fetched or said before is `ui.cli.judge`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from methods import Answers, Features, Finds, Given, Helper, Image, Judge, Mask, Reading, judge

ENTRY = "ui.cli.judging:answers"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be looked at beside pixels: what a network sees, and whether the words' object is
    gone. All of its weights are on this machine."""

    features: bool = False
    words: str | None = None
    detector: str | None = None


def judge_for(wanted: Wanted, truth: Image | None, helper: Helper | None) -> Judge:
    """helper: with ENTRY; None = in this process."""
    if helper is None:
        return _judge(wanted, truth)

    def judged(photo: Image, mask: Mask, result: Image) -> Sequence[Reading]:
        own = (photo, mask, result, *(() if truth is None else (truth,)))
        found: Sequence[Reading] = helper.call("judge", wanted, own=own, tries=2)
        return found

    return judged


def _judge(wanted: Wanted, truth: Image | None) -> Judge:
    if not wanted.features and wanted.words is None:
        return partial(judge, truth=truth)
    features, finds = _networks(wanted)
    return partial(judge, truth=truth, features=features, finds=finds)


def _networks(wanted: Wanted) -> tuple[Features | None, Finds | None]:
    from segmentation import features_of

    features = features_of if wanted.features else None
    return features, None if wanted.words is None else finder(wanted.words, wanted.detector)


def finder(words: str, detector_id: str | None) -> Finds:
    """The best score of what was searched for, on a picture."""
    from segmentation import choose_detector, get_detector, read_phrase

    phrase = read_phrase(words)
    detector = get_detector(choose_detector(detector_id).id, fetch_missing=False)

    def finds(image: Image) -> float:
        return max((each.score for each in detector.detect(image, phrase).found), default=0.0)

    return finds


def answers() -> Answers:
    """See `methods.Helper`."""
    return {"judge": _answer}


def _answer(given: Given, wanted: Wanted) -> Sequence[Reading]:
    """Photo, mask, result and, where it is known, the truth come along."""
    photo, mask, result, *truth = given.own
    return tuple(_judge(wanted, truth[0] if truth else None)(photo, mask, result))
