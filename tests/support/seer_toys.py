"""The page's eyes in a process of their own, with networks that need no weights."""

from __future__ import annotations

import threading
from collections.abc import Callable

from methods import Answers, Image
from segmentation import Box, Detection, Detections, Embedding, read_phrase
from segmentation._detection.detector import Word
from tile_tools import Scaled, always, square
from ui.service.helper import seer
from ui.service.selections import select

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


class Dawdling(Scaled):
    """Is not done with the photos called slow until it is let."""

    def __init__(self) -> None:
        answer = always([square(0.1), square(0.2), square(0.3)], [0.9, 0.95, 0.9])
        super().__init__(answer, answer)
        self.go_on = threading.Event()

    def encode(self, image: Image, key: str) -> Embedding:
        assert not key.startswith("slow") or self.go_on.wait(60)
        return super().encode(image, key)


def answers() -> Answers:
    """Those of the page's eyes, and `go_on`."""
    dawdling = Dawdling()
    seer.detect = detect
    select.get_segmenter = lambda *args, **more: dawdling
    return {**seer.answers(), "go_on": lambda given: dawdling.go_on.set()}
