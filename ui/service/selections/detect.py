"""From a phrase to boxes on a photo, for the page and the API."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

from methods import Image, Text, Unavailable
from segmentation import Detection, Detections, detect
from ui.common.limits import Rate, RateLimiter
from ui.service.answers import DetectAnswer, PlainDetection

DETECT_RATE = Rate(per_second=0.5, burst=20)
"""Only a new photo or phrase costs seconds, but anybody can think of new phrases."""

MOST_WAITING = 8
"""Questions under way: one at work and the others waiting, each keeping a thread."""


Find: TypeAlias = Callable[[Callable[[], Image], str, str, str | None], Detections]
"""See `segmentation.detect`."""


class Detecting:
    """Finds what phrases name. Any number of threads may ask at once.

    find: who looks at photos; None = this process.
    """

    def __init__(self, find: Find | None = None) -> None:
        self._find = find or detect
        self._rate = RateLimiter(DETECT_RATE)
        self._places = threading.BoundedSemaphore(MOST_WAITING)

    def detect(
        self,
        key: str,
        pixels: Callable[[], Image],
        phrase: str,
        backend: str | None = None,
        caller: str = "",
    ) -> Detections:
        """See `segmentation.detect`. Raises UserError, also "too_fast" and "detector_busy"."""
        self._rate.take(caller)
        if not self._places.acquire(blocking=False):
            raise Unavailable("detector_busy")
        try:
            return self._find(pixels, key, phrase, backend)
        finally:
            self._places.release()


def describe_detections(detections: Detections) -> DetectAnswer:
    """All detections, best first, and how the phrase was read."""
    return {
        "detections": [describe_detection(each) for each in detections.found],
        "phrase": detections.phrase.text,
        "translated": bool(detections.phrase.translations),
        "backend": detections.backend,
        "notes": [note.plain() for note in _notes(detections)],
    }


def describe_detection(detection: Detection) -> PlainDetection:
    return {
        "label": detection.label,
        "score": detection.score,
        "text_score": detection.text_score,
        "words": [{"text": word.text, "score": word.score} for word in detection.words],
        "box": detection.box.model_dump(),
    }


def _notes(detections: Detections) -> list[Text]:
    if not detections.phrase.translations:
        return []
    pairs = ", ".join(f"{typed} = {read}" for typed, read in detections.phrase.translations)
    return [Text("note.detect.translated", pairs=pairs)]
