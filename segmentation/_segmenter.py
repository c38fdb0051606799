"""What every segmenter promises: encode a photo once, answer many prompts.

    encode(image, key) -> Embedding          slow, once a photo
    segment(embedding, object) -> Candidates     fast, once a gesture

Both are values: nothing is remembered between calls, so two users can never get each
other's masks, and any number of threads may call one segmenter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from methods import BadInput, Image, Mask, Paper, Text, WeightFile
from segmentation._prompts.prompts import PromptedObject, shown_size
from segmentation._prompts.tiles import Tile

Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmenterSpec:
    """What is known about a segmenter without loading it.

    id: its file's name. approximate: no network has learned what an object is; the page
    says so. levels: how many candidates it offers for one object. license: of the weights.
    gated: the weights are given only to those who have accepted their licence on the
    model hub. memory: bytes needed to encode one photo, the loaded weights among them, an
    estimate. rank: place in lists, lower first: the quicker on a CPU, the earlier.
    """

    id: str
    name: str
    summary: Text
    paper: Paper
    license: str
    levels: int
    approximate: bool = False
    weights: tuple[WeightFile, ...] = ()
    gated: bool = False
    memory: int = 0
    rank: int = 100


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A photo as its segmenter sees it.

    key: identifies the pixels (`Photo.key`). model: the segmenter's id. size: (H, W) of
    the photo. data: the segmenter's own, never modified. nbytes: what it occupies.
    """

    key: str
    model: str
    size: tuple[int, int]
    data: Any
    nbytes: int


@dataclass(frozen=True, slots=True)
class Frame:
    """How a small picture of logits lies on the photo.

    side: the logits are first enlarged to side x side (None: they are not).
    valid: (h, w) of the top left part that shows the photo; the rest is padding.
    """

    side: int | None
    valid: tuple[int, int]

    def shown(self, logits: Logits) -> Logits:
        """The part of (N, h, w) logits that shows the photo, to the nearest row and column."""
        scale = 1.0 if self.side is None else logits.shape[1] / self.side
        rows, columns = (max(1, round(side * scale)) for side in self.valid)
        return logits[:, :rows, :columns]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The answers to one prompt, from the smallest (a part) to the largest (the whole).

    logits: (N, h, w) float32, above 0 inside the object. scores: (N,) the segmenter's
    own estimate of each mask's quality, about 0 … 1. best: the level it would choose.
    size: (H, W) of the photo. frame: how the logits lie on it. tile: the part of the photo that
    they show, and that the frame is of (None: all of it); beyond it nothing is masked.
    """

    logits: Logits
    scores: NDArray[np.float32]
    best: int
    size: tuple[int, int]
    frame: Frame
    tile: Tile | None = None
    areas: tuple[float, ...] = field(init=False)
    """Share of the photo that each level covers, counted on the logits (a few per mille off)."""

    def __post_init__(self) -> None:
        covered = (self.frame.shown(self.logits) > 0).mean(axis=(1, 2))
        if self.tile is not None:
            covered = covered * (self.tile.width * self.tile.height / (self.size[0] * self.size[1]))
        object.__setattr__(self, "areas", tuple(float(area) for area in covered))

    @property
    def nbytes(self) -> int:
        """Bytes that it occupies in a cache."""
        return int(self.logits.nbytes)

    def only(self, level: int) -> Candidates:
        """One level alone."""
        return replace(
            self,
            logits=self.logits[level : level + 1].copy(),
            scores=self.scores[level : level + 1].copy(),
            best=0,
        )

    def mask(self, level: int | None = None, longest_side: int | None = None) -> Mask:
        """One level as a mask of the photo's size, or smaller.

        level: None = `best`. longest_side: the mask's longer side, where that is less than
        the photo's. The logits are enlarged as SAM's `postprocess_masks` does it, only to
        another final size, so the small mask is the large one seen from further away.
        Raises BadInput for a level that there is not.
        """
        level = self.best if level is None else level
        if not 0 <= level < len(self.scores):
            raise BadInput(
                "no_such_level", level=level, levels=len(self.scores), last=len(self.scores) - 1
            )
        size = shown_size(self.size, longest_side)
        if self.tile is None:
            return enlarge(self.logits[level], self.frame, size) > 0
        part = enlarge(self.logits[level], self.frame, self.tile.size) > 0
        return self.tile.laid(part, self.size, size)


def enlarge(logits: Logits, frame: Frame, size: tuple[int, int]) -> Logits:
    """(h, w) logits -> (H, W): to the padded square, off with the padding, to the size.

    Bilinear with pixel centres aligned (`align_corners=False`), as torch does it; OpenCV's
    INTER_LINEAR is the same function and a few times faster on a CPU.
    """
    height, width = frame.valid
    if frame.side is not None:
        factor = frame.side // logits.shape[0]
        rows, columns = -(-height // factor) + 1, -(-width // factor) + 1
        logits = np.ascontiguousarray(logits[:rows, :columns])
        logits = _resized(logits, (logits.shape[0] * factor, logits.shape[1] * factor))
    return _resized(logits[:height, :width], size)


def _resized(picture: Logits, size: tuple[int, int]) -> Logits:
    if picture.shape == size:
        return picture
    return cv2.resize(picture, size[::-1], interpolation=cv2.INTER_LINEAR)


class Segmenter(ABC):
    """Finds the object that a user points at. Shared by all sessions and threads."""

    spec: ClassVar[SegmenterSpec]

    @property
    def input_side(self) -> int | None:
        """The longer side, in pixels, to which a photo is reduced before it is looked at; None
        for one to which a part of the photo, looked at by itself, would tell nothing more."""
        return None

    @classmethod
    @abstractmethod
    def load(cls) -> Segmenter:
        """A new instance, ready to work, on the best device. Raises WeightsUnavailable."""

    @abstractmethod
    def encode(self, image: Image, key: str) -> Embedding:
        """Look at a photo once. image: (H, W, 3) uint8 RGB; key: `Photo.key`."""

    @abstractmethod
    def segment(self, embedding: Embedding, prompted: PromptedObject) -> Candidates:
        """The candidates for one object, `spec.levels` at most.

        `prompted` must lie on the photo: raises BadInput otherwise. Its `level` is not
        looked at. Neither argument is modified.
        """
