"""Results with one known fault each, made from example photos whose truth is known."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from methods import METRICS, Image, Mask, Reading, judge, load_image, load_mask

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True, eq=False)
class Scene:
    """photo: with the object; truth: without it; mask: of the object, grown a little."""

    photo: Image
    truth: Image
    mask: Mask

    def filled(self, content: Image) -> Image:
        """The truth with other content under the mask."""
        result = self.truth.copy()
        result[self.mask] = content[self.mask]
        return result

    @property
    def object(self) -> Mask:
        """Where photo and truth differ visibly."""
        difference = np.abs(self.photo.astype(np.int16) - self.truth).max(axis=2)
        return np.asarray((difference > 12) & self.mask)

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the mask."""
        rows, columns = np.nonzero(self.mask)
        return slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)


@cache
def stand_in(name: str) -> Scene:
    """A shipped case with a known truth; its photo is the truth where nothing was laid in."""
    rows = json.loads((EXAMPLES / "stand_ins.json").read_text(encoding="utf-8"))["rows"]
    row = next(row for row in rows if row["id"] == name)
    photo, truth = (load_image(EXAMPLES / row[key]["path"]).rgb for key in ("photo", "truth"))
    mask = load_mask(EXAMPLES / row["mask"]["path"], photo.shape[:2])
    return Scene(np.where(mask[..., None], photo, truth), truth, mask)


def laid_into(truth: Image, other: Image, box: tuple[int, int, int, int]) -> Scene:
    """An ellipse of another photo in the box x0, y0, x1, y1, and its mask, 6 pixels wider."""
    x0, y0, x1, y1 = box
    patch = cv2.resize(other, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    photo = truth.copy()
    seen = ellipse(truth.shape[:2], box)
    photo[y0:y1, x0:x1] = np.where(seen[y0:y1, x0:x1, None], patch, photo[y0:y1, x0:x1])
    return Scene(photo, truth, ellipse(truth.shape[:2], (x0 - 6, y0 - 6, x1 + 6, y1 + 6)))


def ellipse(size: tuple[int, ...], box: tuple[int, int, int, int]) -> Mask:
    """The ellipse that fills a box."""
    x0, y0, x1, y1 = box
    rows, columns = np.ogrid[: size[0], : size[1]]
    across = (columns - (x0 + x1 - 1) / 2) / ((x1 - x0) / 2)
    down = (rows - (y0 + y1 - 1) / 2) / ((y1 - y0) / 2)
    return np.asarray(across**2 + down**2 <= 1)


# --- faults ----------------------------------------------------------------------------------


def blurred(scene: Scene, sigma: float) -> Image:
    """A blur inside."""
    return scene.filled(cv2.GaussianBlur(scene.truth, (0, 0), sigma))


def rimmed(scene: Scene, width: int) -> Image:
    """The outermost pixels of the mask in the object's mean colour."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1,) * 2)
    core = cv2.erode(scene.mask.view(np.uint8), kernel) > 0
    result = scene.truth.copy()
    result[scene.mask & ~core] = scene.photo[scene.object].mean(axis=0).astype(np.uint8)
    return result


def tinted(scene: Scene, shift: float) -> Image:
    """All inside moved towards blue by so many levels."""
    moved = scene.truth.astype(np.float32) + np.array([-shift, -shift / 2, shift], np.float32)
    return scene.filled(np.clip(moved, 0, 255).astype(np.uint8))


def tiled(scene: Scene, side: int) -> Image:
    """The middle of the truth again and again."""
    rows, columns = scene.box
    top, left = ((part.start + part.stop - side) // 2 for part in (rows, columns))
    tile = scene.truth[top : top + side, left : left + side]
    height, width = scene.mask.shape
    every = np.tile(tile, (height // side + 1, width // side + 1, 1))
    return scene.filled(every[:height, :width])


def half_erased(scene: Scene) -> Image:
    """The right half of what was there."""
    _, columns = scene.box
    result = scene.truth.copy()
    right = scene.mask.copy()
    right[:, : (columns.start + columns.stop) // 2] = False
    result[right] = scene.photo[right]
    return result


def with_other(scene: Scene, other: Image) -> Image:
    """An ellipse of another photo in the middle of the mask."""
    rows, columns = scene.box
    dy, dx = (rows.stop - rows.start) // 6, (columns.stop - columns.start) // 6
    box = (columns.start + dx, rows.start + dy, columns.stop - dx, rows.stop - dy)
    return scene.filled(laid_into(scene.truth, other, box).photo)


# --- readings --------------------------------------------------------------------------------


def values_of(scene: Scene, result: Image) -> dict[str, float]:
    """The numbers that need nothing but the pictures."""
    return {reading.id: reading.value for reading in judge(scene.photo, scene.mask, result)}


def remarks_of(readings: tuple[Reading, ...]) -> set[str]:
    """The ids of the readings with a remark."""
    return {reading.id for reading in readings if reading.remark is not None}


def better(metric: str, first: float, second: float) -> bool:
    """Whether the first value is the better one."""
    return first > second if METRICS[metric].better == "higher" else first < second


@cache
def hill() -> Scene:
    """Dogs on an autumn hillside: fine texture of leaves everywhere."""
    tree = load_image(EXAMPLES / "tree.jpg").rgb[1000:1700, 1500:2500].copy()
    return laid_into(tree, dogs(), (350, 200, 650, 500))


@cache
def table() -> Scene:
    """Dogs on a grained wooden table beside a cup."""
    return laid_into(load_image(EXAMPLES / "coffee.png").rgb, dogs(), (420, 60, 540, 180))


@cache
def dogs() -> Image:
    """Something to lay into other photos."""
    return load_image(EXAMPLES / "dogs.jpg").rgb[700:1260, 625:1080]


@cache
def fig() -> Image:
    """Another thing."""
    return load_image(EXAMPLES / "fig.jpg").rgb[610:1310, 1055:1810]
