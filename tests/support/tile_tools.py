"""A segmenter whose answers on a whole photo and on its tiles are known, and which counts."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from methods import Image, Mask, Paper, Verbatim
from segmentation import (
    Candidates,
    Embedding,
    EmbeddingCache,
    PromptedObject,
    Segmenter,
    SegmenterSpec,
    Tiles,
)
from segmentation._segmenter import Frame

SIZE = (2000, 3000)
GRID = 256
_numbers = itertools.count()

Answer = tuple[list[Mask], list[float]]
"""Masks (GRID, GRID) squeezed onto what was encoded, smallest first, and their scores."""

Answering = Callable[[PromptedObject], Answer]


def square(share: float, at: tuple[float, float] = (0.5, 0.5)) -> Mask:
    """A square of so many sides of the picture, or its part within it."""
    rows, columns = (np.indices((GRID, GRID)) + 0.5) / GRID
    return np.asarray((abs(rows - at[1]) < share / 2) & (abs(columns - at[0]) < share / 2))


EMPTY, ALL = square(0), square(2)


class Scaled(Segmenter):
    """whole: answers to a photo of SIZE; near: to any tile of it."""

    spec: ClassVar[SegmenterSpec] = SegmenterSpec(
        id="scaled",
        name="Scaled",
        summary=Verbatim(""),
        paper=Paper("none", "https://example.org", 2000),
        license="none",
        levels=3,
    )

    def __init__(self, whole: Answering, near: Answering) -> None:
        self._whole, self._near = whole, near
        self.encoded: list[tuple[int, int]] = []
        self.asked: list[PromptedObject] = []

    @property
    def input_side(self) -> int:
        return 1024

    @classmethod
    def load(cls) -> Scaled:
        raise AssertionError("is made by the tests")

    def encode(self, image: Image, key: str) -> Embedding:
        self.encoded.append((image.shape[0], image.shape[1]))
        return Embedding(key, self.spec.id, self.encoded[-1], None, 1000)

    def segment(self, embedding: Embedding, prompted: PromptedObject) -> Candidates:
        self.asked.append(prompted)
        answer = self._whole if embedding.size == SIZE else self._near
        masks, scores = answer(prompted)
        logits: NDArray[np.float32] = np.where(np.stack(masks), 9, -9).astype(np.float32)
        frame = Frame(None, (GRID, GRID))
        return Candidates(logits, np.array(scores, np.float32), 1, embedding.size, frame)


class Scene:
    """A photo of SIZE before such a segmenter."""

    def __init__(self, whole: Answering, near: Answering, photo: Image | None = None) -> None:
        self.segmenter = Scaled(whole, near)
        self.photo = np.full((*SIZE, 3), 120, np.uint8) if photo is None else photo
        self.key = f"scene {next(_numbers)}"
        self.whole = self.segmenter.encode(self.photo, self.key)
        self.segmenter.encoded.clear()
        self.cache = EmbeddingCache()

    @property
    def tiles(self) -> Tiles:
        return Tiles(self.segmenter, self.cache, self.photo, self.key)


def always(masks: list[Mask], scores: list[float]) -> Answering:
    return lambda prompted: (masks, scores)
