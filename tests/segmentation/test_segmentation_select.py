"""From objects to one mask: enlarged as SAM does it, cleaned, united, grown; cached."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from methods import BadInput, Image, Mask, Paper, Verbatim
from segmentation import (
    MAX_OBJECTS,
    Box,
    Candidates,
    Embedding,
    Level,
    Point,
    PromptedObject,
    Segmenter,
    SegmenterSpec,
    Shape,
    Stroke,
    dilate,
    select,
    select_drawn,
)
from segmentation._prompts.prompts import shown_size
from segmentation._segmenter import Frame, enlarge

SIZE = (600, 900)
FRAME = Frame(1024, (683, 1024))
_numbers = itertools.count()


class Discs(Segmenter):
    """Answers every prompt with three discs around its first point, with a speckle at (9, 9)."""

    spec: ClassVar[SegmenterSpec] = SegmenterSpec(
        id="discs",
        name="Discs",
        summary=Verbatim(""),
        paper=Paper("none", "https://example.org", 2000),
        license="none",
        levels=3,
    )

    def __init__(self) -> None:
        self.asked: list[PromptedObject] = []

    @classmethod
    def load(cls) -> Discs:
        return cls()

    def encode(self, image: Image, key: str) -> Embedding:
        return Embedding(key, self.spec.id, SIZE, None, 0)

    def segment(self, embedding: Embedding, prompted: PromptedObject) -> Candidates:
        prompted = prompted.on_photo(embedding.size)
        self.asked.append(prompted)
        point = prompted.points[0]
        scale = 256 / 1024 * 1024 / 900
        rows, columns = np.indices((256, 256), np.float32) + 0.5
        distance = np.hypot(rows - point.y * scale, columns - point.x * scale)
        logits = np.stack([radius - distance for radius in (8, 16, 32)]).astype(np.float32)
        logits[:, 9, 9] = 200.0
        return Candidates(logits, np.array([0.8, 0.9, 0.7], np.float32), 1, SIZE, FRAME)


@pytest.fixture
def discs() -> Discs:
    return Discs()


@pytest.fixture
def photo(discs: Discs) -> Embedding:
    return discs.encode(np.zeros((*SIZE, 3), np.uint8), f"select {next(_numbers)}")


def at(x: float, y: float, level: int | None = None) -> PromptedObject:
    return PromptedObject.model_validate({"points": [{"x": x, "y": y}], "level": level})


def disc(x: float, y: float, radius: float) -> Mask:
    rows, columns = np.indices(SIZE)
    return np.hypot(rows - y, columns - x) <= radius


def iou(first: Mask, second: Mask) -> float:
    return float((first & second).sum() / (first | second).sum())


def test_objects_are_united(discs: Discs, photo: Embedding) -> None:
    selection = select(discs, photo, [at(200, 300), at(600, 300, level=0)])
    expected = disc(200, 300, 16 * 900 / 256) | disc(600, 300, 8 * 900 / 256)
    assert selection.mask.shape == SIZE
    assert iou(selection.mask, expected) > 0.95
    assert selection.chosen == (1, 0)
    assert selection.area == pytest.approx(float(expected.mean()), rel=0.02)


def test_levels_tell_score_and_area(discs: Discs, photo: Embedding) -> None:
    (levels,) = select(discs, photo, [at(450, 300)]).levels
    assert [level.score for level in levels] == pytest.approx([0.8, 0.9, 0.7])
    true = [float(disc(450, 300, r * 900 / 256).mean()) for r in (8, 16, 32)]
    assert [level.area for level in levels] == pytest.approx(true, rel=0.05)
    assert isinstance(levels[0], Level)


def test_speckles_go_before_the_mask_grows(discs: Discs, photo: Embedding) -> None:
    grown = select(discs, photo, [at(450, 300)], dilate=40).mask
    assert not grown[:100, :100].any()


def test_a_speckle_that_was_clicked_stays(discs: Discs, photo: Embedding) -> None:
    spot = 9.5 * 900 / 256
    thing = PromptedObject(points=(Point(x=450, y=300), Point(x=spot, y=spot)))
    assert select(discs, photo, [thing]).mask[int(spot), int(spot)]


@pytest.mark.parametrize("pixels", [-20, 0, 1, 25])
def test_dilate_is_in_pixels_of_the_photo(discs: Discs, photo: Embedding, pixels: int) -> None:
    plain = select(discs, photo, [at(450, 300)]).mask
    assert np.array_equal(
        select(discs, photo, [at(450, 300)], dilate=pixels).mask, dilate(plain, pixels)
    )


@pytest.mark.parametrize("pixels", [0, 30, -15])
def test_the_small_mask_is_the_large_one_from_further_away(
    discs: Discs, photo: Embedding, pixels: int
) -> None:
    large = select(discs, photo, [at(450, 300)], dilate=pixels)
    small = select(discs, photo, [at(450, 300)], dilate=pixels, longest_side=450)
    assert small.mask.shape == (300, 450)
    assert iou(np.kron(small.mask, np.ones((2, 2), np.bool_)), large.mask) > 0.95
    assert small.area == pytest.approx(large.area, rel=0.03)


def test_sliders_and_levels_run_no_network(discs: Discs, photo: Embedding) -> None:
    for pixels, level, side in itertools.product((0, 9, -9), (None, 0, 1, 2), (None, 300)):
        select(discs, photo, [at(450, 300, level)], dilate=pixels, longest_side=side)
    assert len(discs.asked) == 1
    select(discs, photo, [at(450, 300), at(450, 301)])
    assert len(discs.asked) == 2


def test_the_same_click_on_another_photo_is_another_question(discs: Discs) -> None:
    for _ in range(2):
        photo = discs.encode(np.zeros((*SIZE, 3), np.uint8), f"select {next(_numbers)}")
        select(discs, photo, [at(450, 300)])
    assert len(discs.asked) == 2


def test_sessions_never_get_each_others_masks(discs: Discs, photo: Embedding) -> None:
    places = [(50 + 80 * n, 300) for n in range(10)]
    with ThreadPoolExecutor(10) as pool:
        masks = list(
            pool.map(lambda xy: select(discs, photo, [at(xy[0], xy[1], 0)]).mask, places * 3)
        )
    for (x, y), mask in zip(places * 3, masks, strict=True):
        assert iou(mask, disc(x, y, 8 * 900 / 256)) > 0.9


def test_a_callers_changes_do_not_reach_the_cache(discs: Discs, photo: Embedding) -> None:
    first = select(discs, photo, [at(450, 300)]).mask
    kept = first.copy()
    first[:] = True
    assert np.array_equal(select(discs, photo, [at(450, 300)]).mask, kept)


@pytest.mark.parametrize(
    ("objects", "options", "code"),
    [
        ([], {}, "no_prompts"),
        ([at(450, 300)] * (MAX_OBJECTS + 1), {}, "too_many_objects"),
        ([at(901, 300)], {}, "point_outside"),
        ([at(450, 601)], {}, "point_outside"),
        ([at(-1, 3)], {}, "point_outside"),
        ([PromptedObject(box=Box(x0=901, y0=0, x1=999, y1=9))], {}, "box_outside"),
        ([at(450, 300)], {"dilate": 257}, "dilate_out_of_range"),
        ([at(450, 300)], {"dilate": -65}, "dilate_out_of_range"),
        ([at(450, 300)], {"dilate": float("nan")}, "dilate_out_of_range"),
        ([at(450, 300)], {"longest_side": 0}, "bad_size"),
        ([at(450, 300)], {"longest_side": -5}, "bad_size"),
    ],
)
def test_bad_input(
    discs: Discs,
    photo: Embedding,
    objects: Sequence[PromptedObject],
    options: dict[str, Any],
    code: str,
) -> None:
    with pytest.raises(BadInput) as refused:
        select(discs, photo, objects, **options)
    assert refused.value.code == code


def test_a_level_that_there_is_not(discs: Discs, photo: Embedding) -> None:
    candidates = discs.segment(photo, at(450, 300))
    for level in (-1, 3):
        with pytest.raises(BadInput) as refused:
            candidates.mask(level)
        assert refused.value.code == "no_such_level"


# --- what goes with the objects ----------------------------------------------------------


def test_the_networks_speckles_stay_when_they_are_wanted(discs: Discs, photo: Embedding) -> None:
    spot = int(9.5 * 900 / 256)
    raw = select(discs, photo, [at(450, 300)], shape=Shape(drop_speckles=False))
    assert raw.mask[spot, spot] and not select(discs, photo, [at(450, 300)]).mask[spot, spot]
    assert len(discs.asked) == 1


def test_switching_and_cutting_run_no_network(discs: Discs, photo: Embedding) -> None:
    thing = at(450, 300)
    cut = Box(x0=450, y0=0, x1=900, y1=600)
    for changes in ({"on": False}, {"negative_boxes": (cut,)}, {"level": 2}, {}):
        select(discs, photo, [thing.model_copy(update=changes)])
    assert len(discs.asked) == 1


def test_an_object_that_is_off_is_known_but_not_masked(discs: Discs, photo: Embedding) -> None:
    off = at(600, 300).model_copy(update={"on": False})
    selection = select(discs, photo, [at(200, 300), off])
    assert np.array_equal(selection.mask, select(discs, photo, [at(200, 300)]).mask)
    assert len(selection.levels) == 2 and len(selection.levels[1]) == 3
    assert selection.chosen == (1, None) and selection.extents[1] is None


def test_the_extent_is_in_pixels_of_the_photo(discs: Discs, photo: Embedding) -> None:
    radius = 16 * 900 / 256
    for side in (None, 300):
        (extent,) = select(discs, photo, [at(450, 300)], longest_side=side).extents
        assert extent is not None
        expected = (450 - radius, 300 - radius, 450 + radius, 300 + radius)
        assert extent.box == pytest.approx(expected, abs=5)
        assert extent.area == pytest.approx(np.pi * radius**2 / (600 * 900), rel=0.03)


def test_a_negative_box_shortens_the_extent(discs: Discs, photo: Embedding) -> None:
    cut = at(450, 300).model_copy(update={"negative_boxes": (Box(x0=450, y0=0, x1=900, y1=600),)})
    (extent,) = select(discs, photo, [cut]).extents
    assert extent is not None and extent.box[2] == 450
    gone = cut.model_copy(update={"negative_boxes": (Box(x0=0, y0=0, x1=900, y1=600),)})
    selection = select(discs, photo, [gone])
    assert selection.extents == (None,) and not selection.mask.any()


def test_a_small_object_beside_a_large_one_stays(discs: Discs, photo: Embedding) -> None:
    large, small = (
        at(300, 300, 2),
        PromptedObject.model_validate({"points": [{"x": 800, "y": 100}], "level": 0}),
    )
    wipe = Stroke(points=((300, 100), (300, 500)), width=20, erase=True)
    assert select(discs, photo, [large, small], strokes=[wipe]).mask[100, 800]


def test_strokes_and_uploads_alone_ask_nobody() -> None:
    upload = disc(200, 300, 50)
    swipe = Stroke(points=((600, 300),), width=60)
    selection = select_drawn(SIZE, upload=upload, strokes=[swipe], shape=Shape(dilate=3))
    expected = dilate(upload | disc(599.5, 299.5, 30), 3)
    assert iou(selection.mask, expected) > 0.98
    assert not selection.levels and not selection.chosen and not selection.extents
    with pytest.raises(BadInput) as refused:
        select_drawn(SIZE)
    assert refused.value.code == "no_prompts"


# --- enlarging ---------------------------------------------------------------------------


def as_sam_does(
    logits: NDArray[np.float32], valid: tuple[int, int], size: tuple[int, int]
) -> NDArray[np.float32]:
    """`Sam.postprocess_masks` of the segment-anything package, in torch."""
    import torch
    from torch.nn.functional import interpolate

    full = interpolate(torch.from_numpy(logits)[None, None], (1024, 1024), mode="bilinear")
    cut = full[..., : valid[0], : valid[1]]
    return interpolate(cut, size, mode="bilinear")[0, 0].numpy()


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(16, 1024), st.integers(1, 1300), st.booleans())
def test_enlarge_equals_sam(seed: int, short: int, target: int, portrait: bool) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(0, 5, (256, 256)).astype(np.float32)
    valid, size = (short, 1024), (max(1, target * short // 1024), target)
    if portrait:
        valid, size = valid[::-1], size[::-1]
    ours = enlarge(logits, Frame(1024, (valid[0], valid[1])), (size[0], size[1]))
    assert np.allclose(
        ours, as_sam_does(logits, (valid[0], valid[1]), (size[0], size[1])), atol=1e-3
    )


def test_enlarging_without_taking_off_the_padding_is_wrong() -> None:
    logits = np.random.default_rng(0).normal(0, 5, (256, 256)).astype(np.float32)
    wrong = enlarge(logits, Frame(1024, (1024, 1024)), (683, 1024))
    assert not np.allclose(wrong, as_sam_does(logits, (683, 1024), (683, 1024)), atol=1.0)


@given(st.integers(1, 9000), st.integers(1, 9000), st.none() | st.integers(1, 9000))
def test_shown_size(height: int, width: int, side: int | None) -> None:
    shown = shown_size((height, width), side)
    assert min(shown) >= 1
    assert max(shown) == (max(height, width) if side is None else min(side, max(height, width)))
    error = abs(shown[0] * width - shown[1] * height)
    assert error <= max(height, width) or min(shown) == 1
