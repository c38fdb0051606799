"""GrabCut: what is left when no network can be had. No weights, no learning, approximate.

Rother, Kolmogorov and Blake, "GrabCut: Interactive Foreground Extraction using Iterated
Graph Cuts", SIGGRAPH 2004, as OpenCV has it. A colour model of the object and one of its
surroundings are fitted in turn with a cut between them. It knows colours, not things.

A box gives one candidate: outside it is background for certain. A click says nothing of
the object's size, so three are tried: discs of growing radius around the points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from methods import Image, Mask, Paper, Text
from segmentation._masks.masks import drop_speckles, window_of
from segmentation._prompts.prompts import Box, Point, PromptedObject, shown_size
from segmentation._segmenter import Candidates, Embedding, Frame, Segmenter, SegmenterSpec

_LONGEST_SIDE = 640
_BOX_WINDOW = 320  # longer side of what is cut: bounds a click at some tenths of a second
_CLICK_WINDOW = 176
_RADII = (0.05, 0.11, 0.22)  # of the longer side: how large an object a click may mean
_SURE = 0.008
_REACH = 2.0  # how far beyond its disc an object may go, in radii
_PIECE = 0.05
_ROUNDS = 4
_SEED = 7
_LEAST_SHARE = 0.02  # a cut smaller than this share of where it was sought counts as empty

_Trimap = NDArray[np.uint8]  # OpenCV's four marks: background, foreground, each sure or probable


class GrabCut(Segmenter):
    """OpenCV's GrabCut on a reduced photo."""

    spec: ClassVar[SegmenterSpec] = SegmenterSpec(
        id="grabcut",
        name="GrabCut",
        summary=Text("segmenter.grabcut.summary"),
        paper=Paper(
            "GrabCut: Interactive Foreground Extraction using Iterated Graph Cuts",
            "https://doi.org/10.1145/1015706.1015720",
            2004,
        ),
        license="Apache-2.0",
        levels=3,
        approximate=True,
        rank=1000,  # what is left when no network can be had
    )

    @classmethod
    def load(cls) -> GrabCut:
        """Nothing has to be loaded."""
        return cls()

    def encode(self, image: Image, key: str) -> Embedding:
        """The photo, reduced to 640 pixels where it is larger; see `Segmenter.encode`."""
        height, width = shown_size((image.shape[0], image.shape[1]), _LONGEST_SIDE)
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        return Embedding(key, self.spec.id, (image.shape[0], image.shape[1]), small, small.nbytes)

    def segment(self, embedding: Embedding, prompted: PromptedObject) -> Candidates:
        """One candidate for a box, three for clicks; see `Segmenter.segment`.

        scores: how sharply the photo changes along the outline, 0 … 1; 0 for the plain
        shape that is given where the cut came out empty.
        """
        if embedding.model != self.spec.id:
            raise ValueError(f"an embedding of {embedding.model} was given to {self.spec.id}")
        prompted = prompted.on_photo(embedding.size)
        small: Image = embedding.data
        shape = (small.shape[0], small.shape[1])
        reduced = _reduced(prompted, embedding.size, shape)
        limit = _CLICK_WINDOW if reduced.box is None else _BOX_WINDOW
        contrast = _contrast(small)
        masks, scores = [], []
        for trimap in _trimaps(shape, reduced):
            mask, score = _object_in(small, trimap, limit, reduced.positive, contrast)
            masks.append(_smooth(mask))
            scores.append(score)
        best = int(np.argmax(scores))
        grades = np.array(scores, dtype=np.float32)
        return Candidates(np.stack(masks), grades, best, embedding.size, Frame(None, shape))


def _reduced(
    prompted: PromptedObject, size: tuple[int, int], shape: tuple[int, int]
) -> PromptedObject:
    """The prompt in the pixels of the reduced photo."""
    down, right = shape[0] / size[0], shape[1] / size[1]
    points = tuple(Point(x=p.x * right, y=p.y * down, label=p.label) for p in prompted.points)
    box = prompted.box
    if box is not None:
        box = Box(x0=box.x0 * right, y0=box.y0 * down, x1=box.x1 * right, y1=box.y1 * down)
    return PromptedObject(points=points, box=box)


def _trimaps(shape: tuple[int, int], prompted: PromptedObject) -> Iterator[_Trimap]:
    """What is known beforehand: one map for a box, one for each size a click may mean."""
    if prompted.box is not None:
        yield _with_points(_box_trimap(shape, prompted.box), prompted)
        return
    for share in _RADII:
        radius = share * max(shape)
        trimap: _Trimap = np.full(shape, cv2.GC_BGD, np.uint8)
        for reach, mark in ((_REACH * radius, cv2.GC_PR_BGD), (radius, cv2.GC_PR_FGD)):
            for point in prompted.positive:
                _disc(trimap, point, reach, mark)
        yield _with_points(trimap, prompted)


def _box_trimap(shape: tuple[int, int], box: Box) -> _Trimap:
    trimap: _Trimap = np.full(shape, cv2.GC_BGD, np.uint8)
    top, left = math.floor(box.y0), math.floor(box.x0)
    trimap[top : max(math.ceil(box.y1), top + 1), left : max(math.ceil(box.x1), left + 1)] = (
        cv2.GC_PR_FGD
    )
    return trimap


def _with_points(trimap: _Trimap, prompted: PromptedObject) -> _Trimap:
    """The clicked spots are certain: discs small enough for thin objects, negative ones last."""
    for point in (*prompted.positive, *prompted.negative):
        mark = cv2.GC_FGD if point.label else cv2.GC_BGD
        _disc(trimap, point, max(1.0, _SURE * max(trimap.shape)), mark)
    return trimap


def _disc(trimap: _Trimap, point: Point, radius: float, mark: int) -> None:
    cv2.circle(trimap, (int(point.x), int(point.y)), round(radius), mark, thickness=-1)


def _object_in(
    small: Image,
    trimap: _Trimap,
    limit: int,
    clicked: tuple[Point, ...],
    contrast: NDArray[np.float32],
) -> tuple[Mask, float]:
    """One candidate and its score. An empty cut becomes the plain shape it was sought in."""
    sought = (trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)
    mask = np.zeros(trimap.shape, np.bool_)
    window = window_of(trimap != cv2.GC_BGD, margin=_margin(sought))
    if window is not None:
        mask[window] = _cut(small[window], trimap[window], limit)
    share = math.inf if clicked else _PIECE  # what hangs together with a click, or all of note
    mask = drop_speckles(mask, share, keep=[(p.x, p.y) for p in clicked])
    if mask.sum() < _LEAST_SHARE * sought.sum():
        return sought if sought.any() else trimap != cv2.GC_BGD, 0.0
    return mask, _sharpness(mask, contrast)


def _margin(sought: Mask) -> int:
    """Enough surroundings to learn their colours from."""
    return max(8, round(0.5 * math.sqrt(int(sought.sum()))))


def _cut(picture: Image, trimap: _Trimap, limit: int) -> Mask:
    """GrabCut on a picture reduced to `limit`; the cut in the picture's own size."""
    height, width = shown_size((picture.shape[0], picture.shape[1]), limit)
    reduced = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    marks = cv2.resize(trimap, (width, height), interpolation=cv2.INTER_NEAREST)
    if not {0, 2} & set(np.unique(marks)) or not {1, 3} & set(np.unique(marks)):
        return np.zeros(trimap.shape, np.bool_)  # one side has no pixels to learn from
    cv2.setRNGSeed(_SEED)  # of this thread alone; its colour clusters start at random
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(reduced, marks, None, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    inside = (marks & 1).astype(np.float32)
    return cv2.resize(inside, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5


def _contrast(small: Image) -> NDArray[np.float32]:
    """(h, w) how strongly the colour changes at each pixel (Lab, Sobel)."""
    lab = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32), (0, 0), 1)
    across, down = cv2.Sobel(lab, cv2.CV_32F, 1, 0), cv2.Sobel(lab, cv2.CV_32F, 0, 1)
    return np.sqrt((across**2 + down**2).sum(axis=2)) / 8


def _sharpness(mask: Mask, contrast: NDArray[np.float32]) -> float:
    """0 … 1: the mean contrast along the outline. The photo's own edges are no outline."""
    inner = cv2.erode(mask.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    outline = mask & ~inner
    return float(np.tanh(contrast[outline].mean() / 20)) if outline.any() else 0.0


def _smooth(mask: Mask) -> NDArray[np.float32]:
    """The mask as logits whose zero line has no stairs when it is enlarged."""
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0) - 0.5
