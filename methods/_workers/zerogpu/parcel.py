"""A job as it travels to a process that has a GPU: the part of the photo that its eraser sees.

An eraser sees crops around what is masked. Which these are is planned from the whole mask, so the
other side plans the same in an empty picture of the photo's size; pixels travel of the smallest box
around all crops, and what follows from the whole photo (its tone) is found before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._engine.job import SettingValue
from methods._engine.worker import Picture, Ready, Task
from methods._geometry.masks import Box, bounding_box
from methods._geometry.pieces import plan_patches
from methods._photo.tone import Tone
from methods._weights.sources import local


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A picture as far as an eraser sees it.

    size: (H, W) of the photo. box: of `pixels` (h, w, 3) uint8 in it. hole: the smallest box around
    the mask; bits: what is masked in it, row by row, eight pixels a byte. patches: calls of the
    eraser. tone: of the whole photo.
    """

    size: tuple[int, int]
    box: Box
    pixels: Image
    hole: Box
    bits: NDArray[np.uint8]
    patches: int
    tone: Tone | None

    @property
    def nbytes(self) -> int:
        """Of all that is large."""
        return self.pixels.nbytes + self.bits.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """One job. settings, weights: as in `Ready`; local: files of the user's own that stand in for
    weights, by name. seconds: for how long a GPU is asked for. whole_gpu: all of one is needed."""

    eraser: str
    settings: Mapping[str, SettingValue]
    seed: int
    weights: Mapping[str, str]
    local: Mapping[str, Path]
    part: Part
    seconds: int
    whole_gpu: bool


def packed(ready: Ready, part: Part, seconds: int, whole_gpu: bool) -> Parcel:
    """A job with the part of its picture."""
    task, weights = ready.task, dict(ready.weights)
    return Parcel(
        task.spec.id,
        dict(ready.settings),
        task.seed,
        weights,
        local.chosen(),
        part,
        seconds,
        whole_gpu,
    )


def part_for(task: Task, picture: Picture) -> Part:
    """What this eraser, with these settings, sees of a picture."""
    patches = plan_patches(
        picture.mask, task.eraser.canvas_for(task.settings), task.settings.whole_picture
    )
    box, hole = _around([patch.crop for patch in patches]), bounding_box(picture.mask)
    return Part(
        size=(picture.mask.shape[0], picture.mask.shape[1]),
        box=box,
        pixels=picture.visible[_window(box)].copy(),
        hole=hole,
        bits=np.packbits(picture.mask[_window(hole)]),
        patches=len(patches),
        tone=picture.tone,
    )


def _around(boxes: list[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _window(box: Box) -> tuple[slice, slice]:
    return slice(box[1], box[3]), slice(box[0], box[2])


def unpacked(part: Part) -> Picture:
    """The picture; black where no eraser looks. Most of it takes no memory until it is touched."""
    image: Image = np.zeros((*part.size, 3), np.uint8)
    image[_window(part.box)] = part.pixels
    mask: Mask = np.zeros(part.size, np.bool_)
    x0, y0, x1, y1 = part.hole
    flat = np.unpackbits(part.bits, count=(y1 - y0) * (x1 - x0))
    mask[_window(part.hole)] = flat.reshape(y1 - y0, x1 - x0).view(np.bool_)
    return _Seen(image, mask, known_tone=part.tone)


@dataclass(frozen=True)
class _Seen(Picture):
    """A part of a photo tells nothing of the whole one."""

    known_tone: Tone | None = None

    @cached_property
    def tone(self) -> Tone | None:
        return self.known_tone
