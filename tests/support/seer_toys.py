"""The page's eyes in a process of their own, with a detector that needs no weights."""

from __future__ import annotations

from collections.abc import Callable

from methods import Answers, Image
from segmentation import Box, Detection, Detections, read_phrase
from segmentation._detection.detector import Word
from ui.service import seer

ENTRY = "seer_toys:answers"


def detect(
    image: Image | Callable[[], Image], key: str, phrase: str, backend: str | None = None
) -> Detections:
    """One thing, as wide as the photo."""
    height, width = (image() if callable(image) else image).shape[:2]
    box = Box(x0=0, y0=0, x1=width, y1=height / 3)
    found = Detection(
        label="disc", score=0.5, text_score=0.25, words=(Word("disc", 0.25),), box=box
    )
    return Detections(read_phrase(phrase), backend or "toy", (found,))


def answers() -> Answers:
    seer.detect = detect
    return seer.answers()
