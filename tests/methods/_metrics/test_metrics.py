"""The numbers that need nothing but the pictures: their order on results whose faults are known."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from methods import METRICS, Image, Mask, Reading, Text, judge, why_missing
from methods._metrics.judge import EXPLAINED_BY
from methods._metrics.scene import MOST_PIXELS, scene_of
from metric_tools import (
    Scene,
    better,
    blurred,
    ellipse,
    fig,
    half_erased,
    hill,
    remarks_of,
    rimmed,
    stand_in,
    table,
    tiled,
    tinted,
    values_of,
    with_other,
)
from tiers import rest_is_slow

SCENES: dict[str, Callable[[], Scene]] = {
    "sign": lambda: stand_in("text-behind"),
    "pebbles": lambda: stand_in("several-targets"),
    "hill": hill,
    "table": table,
}
ALL_TRUTHS = [
    "text-behind", "small-writing", "person-beside", "several-targets", "shadow", "reflection",
    "large-object",
]  # fmt: skip

FAULTS: dict[str, tuple[str, Callable[[Scene], Image]]] = {
    "blur": ("sharpness", lambda scene: blurred(scene, 5)),
    "rim": ("rim", lambda scene: rimmed(scene, 4)),
    "tint": ("color_shift", lambda scene: tinted(scene, 30)),
    "tiles": ("repetition", lambda scene: tiled(scene, 40)),
    "nothing erased": ("leftover", lambda scene: scene.photo),
    "half erased": ("leftover", half_erased),
}


# --- definitions -----------------------------------------------------------------------------


def test_each_number_is_defined_in_both_languages() -> None:
    for metric_id, metric in METRICS.items():
        assert metric.id == metric_id
        for text in (metric.name, metric.formula):
            assert text.en and text.said("zh")
        assert re.search(r"[\u4e00-\u9fff]", metric.formula.said("zh")), metric_id
        assert metric.source == "ours" or metric.source.url.startswith("https://")


def test_a_remark_has_a_threshold_and_names_the_number() -> None:
    for metric in METRICS.values():
        assert (metric.threshold is None) == (not metric.remark), metric.id
        if metric.remark:
            remark = Text(metric.remark, value="a number").plain()
            assert all("a number" in said for said in remark.values())
            assert re.search(r"[\u4e00-\u9fff]", remark["zh"])


def test_only_numbers_that_exist_explain_others() -> None:
    explaining = {name for names in EXPLAINED_BY.values() for name in names}
    assert explaining | EXPLAINED_BY.keys() <= METRICS.keys()


@pytest.mark.parametrize(
    ("metric", "good", "bad", "shown"),
    [
        ("sharpness", 0.51, 0.5, "50 %"),
        ("rim", 0.24, 0.25, "25 %"),
        ("color_shift", 5.9, 7.25, "ΔE 7.2"),
        ("repetition", 0.29, 0.31, "31 %"),
    ],
)
def test_a_reading_speaks_from_its_threshold_on(
    metric: str, good: float, bad: float, shown: str
) -> None:
    assert METRICS[metric].read(good).remark is None
    remark = METRICS[metric].read(bad).remark
    assert remark is not None and shown in remark.en and shown in remark.said("zh")


def test_readings_are_plain_values() -> None:
    plain = METRICS["rim"].read(0.876543).plain()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["id"] == "rim" and plain["value"] == 0.8765
    assert plain["remark"] and set(plain["remark"]) == {"en", "zh"}
    assert Reading("rim", 0.1).plain()["remark"] is None


# --- on results with a known fault -------------------------------------------------------------


@pytest.mark.parametrize("name", rest_is_slow(ALL_TRUTHS, first=3))
def test_a_perfect_result_earns_no_remark(name: str) -> None:
    scene = stand_in(name)
    assert remarks_of(judge(scene.photo, scene.mask, scene.truth)) == set()


@pytest.mark.parametrize("scene_name", rest_is_slow(SCENES))
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_earns_its_own_remark(scene_name: str, fault: str) -> None:
    scene = SCENES[scene_name]()
    metric, spoil = FAULTS[fault]
    readings = judge(scene.photo, scene.mask, spoil(scene))
    remarks = remarks_of(readings)
    assert metric in remarks
    # Tiles of another colour than the edge, or cut off at it, are told as that as well.
    assert remarks <= {metric} | ({"color_shift", "seam"} if fault == "tiles" else set())
    value = next(reading.value for reading in readings if reading.id == metric)
    assert better(metric, of_truth(scene)[metric], value)


@cache
def of_truth(scene: Scene) -> dict[str, float]:
    """The numbers of the perfect result."""
    return values_of(scene, scene.truth)


@pytest.mark.slow
@pytest.mark.parametrize("scene_name", rest_is_slow(["table", "pebbles"]))
def test_more_of_a_fault_is_worse(scene_name: str) -> None:
    scene = SCENES[scene_name]()
    rising: dict[str, list[Image]] = {
        "sharpness": [blurred(scene, sigma) for sigma in (1, 2, 4)],
        "color_shift": [tinted(scene, shift) for shift in (8, 20, 60)],
        "leftover": [scene.truth, half_erased(scene), scene.photo],
    }
    for metric, results in rising.items():
        values = [values_of(scene, result)[metric] for result in results]
        ordered = (better(metric, first, second) for first, second in pairwise(values))
        assert all(ordered), (metric, values)


def test_another_object_does_not_count_as_left_over(hill_scene: Scene) -> None:
    assert values_of(hill_scene, with_other(hill_scene, fig()))["leftover"] < 0.05


def test_a_sharp_step_is_a_seam(hill_scene: Scene) -> None:
    """Another part of the hill, lighter: its texture is right and its edge shows."""
    shifted = np.roll(hill_scene.truth, 200, axis=1).astype(np.int16) + 40
    result = hill_scene.filled(np.clip(shifted, 0, 255).astype(np.uint8))
    values = values_of(hill_scene, result)
    assert values["seam"] >= METRICS["seam"].threshold  # type: ignore[operator]
    assert values["rim"] < METRICS["rim"].threshold  # type: ignore[operator]


def test_a_fence_repeats_itself_everywhere() -> None:
    """A perfect result on a periodic photo is not repetition."""
    post = np.linspace(40, 200, 24, dtype=np.float32)
    noise = np.random.default_rng(3).normal(0, 6, (400, 480))
    fence = np.tile(post, (400, 20)) + noise
    photo = np.repeat(np.clip(fence, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    mask = ellipse((400, 480), (150, 110, 330, 290))
    readings = {r.id: r for r in judge(photo, mask, photo)}
    assert readings["repetition"].value < 0.2


def test_flat_surroundings_hide_nothing_and_reveal_nothing() -> None:
    """On a plain wall a blur cannot be seen, and no number says that it can."""
    photo = np.full((300, 300, 3), 130, np.uint8)
    mask = ellipse((300, 300), (90, 90, 210, 210))
    assert remarks_of(judge(photo, mask, photo)) == set()


@pytest.fixture(scope="module")
def hill_scene() -> Scene:
    return hill()


# --- whatever the mask ---------------------------------------------------------------------------


def _masks(height: int, width: int) -> dict[str, Mask]:
    empty = np.zeros((height, width), np.bool_)
    pixel, line, border, most, far = (empty.copy() for _ in range(5))
    pixel[40, 50] = True
    line[10:-10, 60] = True
    border[:, :30] = True
    most[2:-2, 2:-2] = True
    far[5:15, 5:15] = far[-15:-5, -15:-5] = True
    rng = np.random.default_rng(0)
    return {
        "pixel": pixel,
        "line": line,
        "border": border,
        "most": most,
        "far apart": far,
        "ring": ellipse((height, width), (20, 20, 120, 120))
        & ~ellipse((height, width), (40, 40, 100, 100)),
        "noise": rng.random((height, width)) < 0.3,
    }  # fmt: skip


@pytest.mark.parametrize("kind", _masks(140, 160))
def test_any_mask_can_be_judged(kind: str, coffee: Image) -> None:
    photo = np.ascontiguousarray(coffee[100:240, 100:260])
    mask = _masks(140, 160)[kind]
    result = photo.copy()
    result[mask] = 0
    for reading in judge(photo, mask, result):
        low, high = METRICS[reading.id].range
        assert np.isfinite(reading.value)
        assert low is None or reading.value >= low - 1e-6
        assert high is None or reading.value <= high + 1e-6


def test_a_large_scene_is_reduced() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (2400, 3000, 3), np.uint8)
    mask = ellipse((2400, 3000), (600, 500, 2300, 2000))
    scene = scene_of(photo, mask, photo)
    assert scene.hole.size <= MOST_PIXELS * 1.01 and scene.scale > 1
    assert scene.before.shape[:2] == scene.hole.shape
    assert scene.hole.mean() == pytest.approx(mask.mean(), rel=0.05)


@pytest.mark.slow
def test_what_lies_far_away_does_not_matter(hill_scene: Scene) -> None:
    pictures = (hill_scene.photo, hill_scene.truth)
    wider = [cv2.copyMakeBorder(each, 0, 0, 0, 900, cv2.BORDER_CONSTANT) for each in pictures]
    mask = np.pad(hill_scene.mask, ((0, 0), (0, 900)))
    near = {r.id: r.value for r in judge(hill_scene.photo, hill_scene.mask, hill_scene.truth)}
    far_off = {r.id: r.value for r in judge(wider[0], mask, wider[1])}
    assert far_off == pytest.approx(near, abs=0.02)


def test_pictures_of_different_sizes_are_refused(coffee: Image) -> None:
    mask = np.zeros(coffee.shape[:2], np.bool_)
    mask[50:90, 50:90] = True
    for photo, given, result in (
        (coffee[1:], mask, coffee),
        (coffee, mask[:, 1:], coffee),
        (coffee, mask, coffee[:-1]),
        (coffee, np.zeros_like(mask), coffee),
    ):
        with pytest.raises(ValueError, match=r"differ in size|empty"):
            judge(photo, given, result)


@pytest.mark.slow
def test_nothing_given_is_changed(hill_scene: Scene) -> None:
    pictures = (hill_scene.photo, hill_scene.mask, hill_scene.truth)
    before = [picture.copy() for picture in pictures]
    judge(*pictures, truth=hill_scene.truth)
    assert all(np.array_equal(a, b) for a, b in zip(before, pictures, strict=True))


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from methods._metrics import truth

    monkeypatch.setattr(truth, "find_weights", lambda weight: None)
    missing = why_missing("lpips_mask")
    assert (
        missing is not None and "fetch lpips" in missing.en and "fetch lpips" in missing.said("zh")
    )
    assert why_missing("rim") is None
