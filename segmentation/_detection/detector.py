"""What a detector is, and what it finds: boxes with scores for the things in a phrase.

    raw answer of a network (boxes, token scores) ─▶ Detections ─▶ above(thresholds)

A detection keeps the scores of its words, so that both thresholds may move afterwards
without asking the network again.
"""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from methods import (
    Image,
    Paper,
    Text,
    Unavailable,
    WeightFile,
    with_device_room,
)
from segmentation._prompts.phrases import Phrase
from segmentation._prompts.prompts import Box

Floats = NDArray[np.float32]

BOX_THRESHOLD = 0.35
TEXT_THRESHOLD = 0.25
"""The values that the authors' own demonstrations use."""

LOWEST_SCORE = 0.05
"""Box scores below it are not kept: no slider goes there."""

MOST_DETECTIONS = 100
SAME_BOX = 0.8
"""Two boxes with one label that overlap (IoU) more than this are one thing."""

MOST_ELONGATED = 8
LONG_SIDE = 2048
GREY = 124
"""Frames of very long photos: their proportions, longer side and colour (ImageNet's mean)."""

FILLERS = {"a", "an", "the", "this", "that", "of", "on", "in", "at", "by", "to", "with", "and"}
FILLERS |= {"or", "from", "its", "his", "her", "their", "these", "those"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSpec:
    """What is known about a detector without loading it.

    license: of the weights. weights: all its files. packages: importable names that it
    needs beyond requirements.txt; install: how to get them.
    """

    id: str
    name: str
    summary: Text
    paper: Paper
    license: str
    weights: tuple[WeightFile, ...]
    packages: tuple[str, ...] = ()
    install: str = ""

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(weight.size for weight in self.weights)


class Word(NamedTuple):
    """A word of a label and how well it fits the box, 0 … 1."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Detection:
    """A box that may show one of the things looked for.

    label: the part of the phrase that fits best. score: the best score of any token, which
    the box threshold is compared with, as in the authors' code. text_score: the mean over
    the label's words without fillers ("the", "on"), which the text threshold is compared
    with: it tells a red car from a blue one, where the best token says "car" for both.
    """

    label: str
    score: float
    text_score: float
    words: tuple[Word, ...]
    box: Box


@dataclass(frozen=True, slots=True)
class Detections:
    """All that was found on one photo for one phrase, down to LOWEST_SCORE, best first."""

    phrase: Phrase
    backend: str
    found: tuple[Detection, ...]

    def above(
        self, box_threshold: float = BOX_THRESHOLD, text_threshold: float = TEXT_THRESHOLD
    ) -> tuple[Detection, ...]:
        """Those whose score and text_score exceed both thresholds; runs no network."""
        return tuple(
            each
            for each in self.found
            if each.score > box_threshold and each.text_score > text_threshold
        )

    @property
    def nbytes(self) -> int:
        """About what it occupies in a cache."""
        return 1000 + 1000 * len(self.found)


@dataclass(frozen=True, slots=True, eq=False)
class RawAnswer:
    """A network's answer: boxes (Q, 4) as centre x, centre y, width, height, each 0 … 1 of
    the photo; scores (Q, T), 0 … 1, for T tokens; spans (T, 2): where each token stands in
    the phrase's text, (0, 0) for special tokens."""

    boxes: Floats
    scores: Floats
    spans: Sequence[tuple[int, int]]


def too_little_memory(spec: DetectorSpec) -> Unavailable:
    """The sentence for memory that runs out while the detector is loaded or at work."""
    return Unavailable("not_enough_memory.detector", eraser=spec.name)


class Detector(ABC):
    """Finds what a phrase names. Shared by all sessions and threads; works on one at a time."""

    spec: ClassVar[DetectorSpec]

    def __init__(self) -> None:
        self._working = threading.Lock()

    @classmethod
    @abstractmethod
    def load(cls) -> Detector:
        """A new instance on the best device. Raises WeightsUnavailable or Unavailable."""

    @abstractmethod
    def answer(self, image: Image, text: str) -> RawAnswer:
        """Run the network once. image: (H, W, 3) uint8 RGB; text: `Phrase.text`."""

    def detect(self, image: Image, phrase: Phrase) -> Detections:
        """Everything found, in pixels of the photo. Raises Unavailable ("not_enough_memory")."""
        framed = framed_photo(image)
        with self._working:
            raw = with_device_room(
                lambda: self.answer(framed.image, phrase.text),
                lambda: too_little_memory(self.spec),
            )
        raw = replace(raw, boxes=raw.boxes * framed.stretch)
        found = read_answer(raw, phrase, image.shape[:2])
        return Detections(phrase, self.spec.id, found)


class Framed(NamedTuple):
    """A photo as a network gets it. stretch: (4,) from its boxes to boxes on the photo."""

    image: Image
    stretch: Floats


def framed_photo(image: Image) -> Framed:
    """The photo itself, or a very long one with grey beside it.

    A network takes the longer side at 1333 pixels; a side of a few pixels would then be
    left with fewer places to look at than it has queries. (H, W, 3) uint8.
    """
    height, width = image.shape[:2]
    least = -(-max(height, width) // MOST_ELONGATED)
    if min(height, width) >= least:
        return Framed(image, np.ones(4, np.float32))
    scale = min(1.0, LONG_SIDE / max(height, width))  # so that the grey costs no memory
    small = cv2.resize(
        image,
        (max(1, round(width * scale)), max(1, round(height * scale))),
        interpolation=cv2.INTER_AREA,
    )
    rows, columns = small.shape[:2]
    least = -(-max(rows, columns) // MOST_ELONGATED)
    framed = np.full((max(rows, least), max(columns, least), 3), GREY, np.uint8)
    framed[:rows, :columns] = small
    across, down = framed.shape[1] / columns, framed.shape[0] / rows
    return Framed(framed, np.array([across, down, across, down], np.float32))


# --- from a network's answer to detections -----------------------------------------------


def read_answer(raw: RawAnswer, phrase: Phrase, size: tuple[int, int]) -> tuple[Detection, ...]:
    """The detections in a raw answer for a photo of size (H, W)."""
    scores = raw.scores.max(axis=1)
    corners = _corners(raw.boxes, size)
    sides = corners[:, 2:] - corners[:, :2]
    usable = np.isfinite(raw.boxes).all(axis=1) & (sides >= 1).all(axis=1)
    usable &= scores > LOWEST_SCORE  # False for a score that is not a number
    order = [int(n) for n in np.argsort(-scores, kind="stable") if usable[n]]
    places = _places(raw.spans, phrase)
    return _distinct(
        (corners[n], _described(raw.scores[n], float(scores[n]), corners[n], places, phrase))
        for n in order
    )


def _corners(boxes: Floats, size: tuple[int, int]) -> Floats:
    """(N, 4) x0, y0, x1, y1 in pixels, cut to the photo."""
    height, width = size
    centres, halves = boxes[:, :2], boxes[:, 2:] / 2
    corners = np.concatenate([centres - halves, centres + halves], axis=1)
    limits = np.array([width, height, width, height], np.float32)
    return np.clip(corners * limits, 0, limits)


def _places(spans: Sequence[tuple[int, int]], phrase: Phrase) -> list[list[list[int]]]:
    """For each part, for each of its words, the numbers of its tokens."""
    places, start = [], 0
    for part in phrase.parts:
        words = [match.span() for match in re.finditer(r"\S+", part)]
        places.append(
            [
                [n for n, span in enumerate(spans) if _within(span, start + first, start + last)]
                for first, last in words
            ]
        )
        start += len(part) + len(". ")
    return places


def _within(span: tuple[int, int], first: int, last: int) -> bool:
    return span[0] < span[1] and first <= span[0] and span[1] <= last


def _described(
    token_scores: Floats,
    score: float,
    corners: Floats,
    places: list[list[list[int]]],
    phrase: Phrase,
) -> Detection:
    """The detection of one query, with the part that fits it best."""
    choices = [
        [
            Word(text, max((float(token_scores[n]) for n in tokens), default=0.0))
            for text, tokens in zip(part.split(), part_places, strict=True)
        ]
        for part, part_places in zip(phrase.parts, places, strict=True)
    ]
    best = max(range(len(choices)), key=lambda n: _text_score(choices[n]))
    x0, y0, x1, y1 = (float(value) for value in corners)
    return Detection(
        label=phrase.parts[best],
        score=score,
        text_score=_text_score(choices[best]),
        words=tuple(choices[best]),
        box=Box(x0=x0, y0=y0, x1=x1, y1=y1),
    )


def _text_score(words: Sequence[Word]) -> float:
    telling = [word.score for word in words if word.text not in FILLERS]
    telling = telling or [word.score for word in words]
    return sum(telling) / len(telling)


def _distinct(described: Iterable[tuple[Floats, Detection]]) -> tuple[Detection, ...]:
    """The best ones first, without those that repeat one at least as good in both scores.

    Whatever threshold the repeating one exceeds, the other exceeds too, so this may come
    before the thresholds.
    """
    kept: list[tuple[Floats, Detection]] = []
    for corners, detection in described:
        better = [box for box, other in kept if _covers(other, detection)]
        if not better or _overlaps(corners, np.stack(better)).max() <= SAME_BOX:
            kept.append((corners, detection))
        if len(kept) == MOST_DETECTIONS:
            break
    return tuple(detection for _, detection in kept)


def _covers(other: Detection, detection: Detection) -> bool:
    """Whether `other`, whose score is no lower, means the same and fits as well."""
    return other.label == detection.label and other.text_score >= detection.text_score


def _overlaps(box: Floats, others: Floats) -> Floats:
    """(N,) intersection over union of one box with N others."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    both = np.clip(sides, 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    return np.asarray(both / (areas + (box[2:] - box[:2]).prod() - both), np.float32)
