"""Photos of a disc whose edge is as soft as one wants, with the truth behind it."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from methods import Image, Mask


class Disc(NamedTuple):
    """photo, truth: (h, w, 3) uint8; mask: (h, w) bool."""

    photo: Image
    truth: Image
    mask: Mask


def texture(size: tuple[int, int], seed: int = 0, contrast: float = 20) -> Image:
    """A photo's like: noise of many scales around a slope."""
    noise = np.random.default_rng(seed)
    picture = np.full((*size, 3), 120, np.float32)
    picture += np.linspace(-30, 30, size[1])[None, :, None]
    for sigma in (1, 4, 16):
        layer = cv2.GaussianBlur(noise.normal(0, 1, (*size, 3)).astype(np.float32), (0, 0), sigma)
        picture += contrast / 3 * layer / layer.std()
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def soft_disc(
    truth: Image, edge: float, growth: float, radius: float = 30, at: tuple[int, int] | None = None
) -> Disc:
    """A red disc. edge: pixels over which it fades; growth: by which the mask exceeds its half."""
    rows, columns = np.indices(truth.shape[:2])
    x, y = at or (truth.shape[1] // 2, truth.shape[0] // 2)
    away = np.hypot(columns - x, rows - y)
    cover = np.clip((radius - away) / edge + 0.5, 0, 1) if edge else (away <= radius)
    cover = cover.astype(np.float32)[..., None]
    photo = truth + cover * (np.array((235, 40, 30), np.float32) - truth)
    return Disc(np.rint(photo).astype(np.uint8), truth, away <= radius + growth)
