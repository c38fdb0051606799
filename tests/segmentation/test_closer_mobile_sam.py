"""Small things on large photos, with MobileSAM's real weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest

from methods import Image, load_image
from segmentation import Embedding, EmbeddingCache, PromptedObject, Selected, Tiles, select
from segmentation.mobile_sam import MobileSam
from tiers import rest_is_slow

BIRDS = {6: 3300, 10: 3560, 16: 3820, 24: 4080, 40: 4340, 60: 4600}
"""Where each bird is, by its length in pixels; all at the height 300."""

CANS = (1700, 5003, 6007, 9555)
FACTOR = 1.5


class Seen(NamedTuple):
    """A photo before the real network, whose encodes are counted."""

    sam: MobileSam
    photo: Image
    key: str
    whole: Embedding
    cache: EmbeddingCache
    encoded: list[str]

    def select(self, prompt: dict[str, Any], **options: Any) -> Selected:
        self.encoded.clear()
        tiles = Counting(self)
        objects = [PromptedObject.model_validate(prompt)]
        return select(self.sam, self.whole, objects, **{"tiles": tiles, **options})

    def cropped(self, x: int, y: int, prompt: dict[str, Any]) -> int:
        """Pixels that the same selects on a crop of 512 around (x, y), as one cuts it by hand."""
        left, top = (max(0, place - 256) for place in (x, y))
        crop = self.photo[top : top + 512, left : left + 512].copy()
        moved = Tile512(left, top).moved(prompt)
        embedding = self.sam.encode(crop, f"{self.key} by hand {x}")
        return int(select(self.sam, embedding, [moved]).mask.sum())


class Tile512(NamedTuple):
    left: int
    top: int

    def moved(self, prompt: dict[str, Any]) -> PromptedObject:
        box = prompt.get("box")
        by = {"x": self.left, "y": self.top}
        points = [{"x": p["x"] - self.left, "y": p["y"] - self.top} for p in prompt["points"]]
        corners = box and {name: value - by[name[0]] for name, value in box.items()}
        return PromptedObject.model_validate({"points": points, "box": corners})


class Counting(Tiles):
    def __init__(self, seen: Seen) -> None:
        super().__init__(seen.sam, seen.cache, seen.photo, seen.key)
        self._encoded = seen.encoded

    def encoded(self, tile: Any) -> Embedding:
        self._encoded.append(tile.name)
        return super().encoded(tile)


@pytest.fixture(scope="module")
def sam(mobile_sam_weights: Path) -> MobileSam:
    return MobileSam.from_file(mobile_sam_weights)


def seen(sam: MobileSam, photo: Image, key: str) -> Seen:
    return Seen(sam, photo, key, sam.encode(photo, key), EmbeddingCache(), [])


@pytest.fixture(scope="module")
def sky(sam: MobileSam, examples_dir: Path) -> Seen:
    """Dark birds on the plain part of a photo of 5312 x 2988."""
    photo = load_image(examples_dir / "dandelions.jpg").rgb.copy()
    for length, x in BIRDS.items():
        drawn = np.zeros(photo.shape[:2], np.uint8)
        axes = length // 2, max(2, length // 4)
        cv2.ellipse(drawn, (x, 300), axes, 20, 0, 360, 255, -1, cv2.LINE_AA)
        window = np.s_[300 - length : 300 + length, x - length : x + length]
        share = drawn[window][..., None] / 255
        photo[window] = (photo[window] * (1 - share) + np.array((20, 20, 25)) * share).astype("u1")
    return seen(sam, photo, "birds")


@pytest.fixture(scope="module")
def meadow(sam: MobileSam, examples_dir: Path) -> Seen:
    """Cans of 24 x 40 on the grass of a panorama of 12000 x 300."""
    strip = load_image(examples_dir / "tree.jpg").rgb[1500:1800]
    photo = np.concatenate([strip, strip[:, ::-1]] * 2, axis=1)[:, :12000].copy()
    for x in CANS:
        cv2.rectangle(photo, (x, 130), (x + 24, 170), (200, 30, 40), -1)
        cv2.rectangle(photo, (x, 145), (x + 24, 150), (240, 240, 240), -1)
        cv2.ellipse(photo, (x + 12, 130), (12, 4), 0, 0, 360, (190, 190, 200), -1)
    return seen(sam, photo, "cans")


def alike(area: float, other: float) -> bool:
    return other / FACTOR <= area <= other * FACTOR


@pytest.mark.slow
@pytest.mark.parametrize("length", rest_is_slow([6, 10, 16, 24, 40, 60]))
def test_a_bird_is_selected_as_on_a_crop(sky: Seen, length: int) -> None:
    x = BIRDS[length]
    prompt = {"points": [{"x": x, "y": 300}]}
    selection = sky.select(prompt)
    assert selection.looks == ("closer",) and len(sky.encoded) == 1
    assert alike(selection.mask.sum(), sky.cropped(x, 300, prompt))
    assert sky.select(prompt, tiles=None).mask.sum() > 1.5 * selection.mask.sum()  # as it was
    small = sky.select(prompt, longest_side=800)
    assert small.mask.any() and not sky.encoded and not selection.everything


@pytest.mark.slow
@pytest.mark.parametrize("length", [16, 24, 40, 60])
def test_a_box_around_a_bird_is_as_on_a_crop(sky: Seen, length: int) -> None:
    x = BIRDS[length]
    corners = {"x0": x - length, "y0": 300 - length, "x1": x + length, "y1": 300 + length}
    prompt = {"points": [], "box": corners}
    selection = sky.select(prompt)
    assert selection.looks == ("closer",) and len(sky.encoded) <= 1
    assert alike(selection.mask.sum(), sky.cropped(x, 300, prompt))


@pytest.mark.slow
@pytest.mark.parametrize("x", rest_is_slow([5003, 1700, 6007, 9555]))
def test_a_can_on_a_panorama_is_selected_as_on_a_crop(meadow: Seen, x: int) -> None:
    selection = meadow.select({"points": [{"x": x + 12, "y": 150}]})
    assert selection.looks == ("closer",) and len(meadow.encoded) == 1
    assert alike(selection.mask.sum(), 1084)  # what a crop of 500 pixels gives; drawn: 1079


@pytest.mark.slow
def test_a_click_on_grass_that_is_everywhere_says_so(meadow: Seen) -> None:
    selection = meadow.select({"points": [{"x": 800, "y": 60}]})
    assert selection.area > 0.9 and selection.everything and len(meadow.encoded) == 1


OBJECTS = [
    {"points": [{"x": 1365, "y": 1222}]},  # a dandelion
    {"points": [{"x": 4598, "y": 2251}]},
    {"points": [], "box": {"x0": 3960, "y0": 1990, "x1": 4740, "y1": 2960}},
    {"points": [{"x": 2667, "y": 783}]},
    {"points": [{"x": 4342, "y": 985}]},
    {"points": [{"x": 2646, "y": 1449}]},  # the ground between them
    {"points": [{"x": 455, "y": 82}]},
]


@pytest.mark.parametrize("prompt", rest_is_slow(OBJECTS))
def test_ordinary_objects_are_answered_as_before(sky: Seen, prompt: dict[str, Any]) -> None:
    before, now = sky.select(prompt, tiles=None), sky.select(prompt)
    assert not sky.encoded and now.looks == ("whole",)
    assert now.levels == before.levels and now.chosen == before.chosen
    assert np.array_equal(now.mask, before.mask)
