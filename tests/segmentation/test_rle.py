"""COCO's run lengths: as the COCO API writes them, and no bomb for who reads them."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mask_tools import disc, small_masks
from methods import BadInput, Mask
from segmentation import decode_rle, encode_rle
from segmentation._prompts.rle import MAX_CHARACTERS, _as_text

CIRCLE = (
    "hn0=\\16K4L4M2M4M2N2N2O0O2N2O0O2O0O2O000O2O000000000000000000000001N10001N101N101N2N101N2N2"
    "N3L3N3L4L5J_k0"
)

# What pycocotools 2.0.11 makes of these masks.
KNOWN = [
    (np.zeros((5, 7), np.bool_), "S1"),
    (np.ones((5, 7), np.bool_), "0S1"),
    (np.eye(6, dtype=np.bool_), "016000000000"),
    (np.indices((4, 6)).sum(axis=0) % 2 == 1, "11110O10O10O10O10O0"),
    (np.hypot(*(np.indices((60, 80)) - np.array([[[30]], [[40]]]))) < 25, CIRCLE),
]


@pytest.mark.parametrize(("mask", "counts"), KNOWN)
def test_known_masks(mask: Mask, counts: str) -> None:
    assert encode_rle(mask) == {"size": list(mask.shape), "counts": counts}
    assert np.array_equal(
        decode_rle({"size": list(mask.shape), "counts": counts}, mask.shape), mask
    )


@given(small_masks)
def test_round_trip(mask: Mask) -> None:
    rle = json.loads(json.dumps(encode_rle(mask)))
    again = decode_rle(rle, (mask.shape[0], mask.shape[1]))
    assert again.dtype == np.bool_ and again.flags["C_CONTIGUOUS"]
    assert np.array_equal(again, mask)


def test_round_trip_of_a_large_mask() -> None:
    size = (1000, 1700)
    mask = disc(size, 800, 500, 400) & ~disc(size, 833, 500, 100)
    rle = encode_rle(mask)
    assert len(rle["counts"]) < 7_000
    assert np.array_equal(decode_rle(rle, size), mask)


def code(rle: Any, size: tuple[int, int] = (5, 7)) -> str:
    with pytest.raises(BadInput) as error:
        decode_rle(rle, size)
    assert len(str(error.value)) < 300
    return error.value.code


@pytest.mark.parametrize(
    "rle",
    [
        None,
        [],
        "S1",
        {},
        {"size": [5, 7]},
        {"size": [7, 5], "counts": "S1"},
        {"size": [5, 7, 1], "counts": "S1"},
        {"size": [5.0, 7.0], "counts": "S1"},
        {"size": [True, 7], "counts": "S1"},
        {"size": "57", "counts": "S1"},
        {"size": [5, 7], "counts": []},
        {"size": [5, 7], "counts": [34]},
        {"size": [5, 7], "counts": [36, -1]},
        {"size": [5, 7], "counts": [34.0, 1]},
        {"size": [5, 7], "counts": [True, 34]},
        {"size": [5, 7], "counts": ["35"]},
        {"size": [5, 7], "counts": [2**70]},
        {"size": [5, 7], "counts": [1] * 38},
        {"size": [5, 7], "counts": b"S1"},
        {"size": [5, 7], "counts": ""},
        {"size": [5, 7], "counts": "S"},
        {"size": [5, 7], "counts": "S1S1"},
        {"size": [5, 7], "counts": "R1"},
        {"size": [5, 7], "counts": "0O10"},
        {"size": [5, 7], "counts": "é1"},
        {"size": [5, 7], "counts": "\x00\x7f"},
        {"size": [5, 7], "counts": "oooooooooooooo1"},
        {"size": [5, 7], "counts": "S1", "more": 1},
    ],
)
def test_what_is_no_mask_of_the_photo_is_refused(rle: Any) -> None:
    assert code(rle) == "bad_rle"


def test_negative_runs_are_refused_though_their_sum_is_right() -> None:
    counts = _as_text(np.array([40, -10, 5]))
    assert code({"size": [5, 7], "counts": counts}) == "bad_rle"


@given(
    st.text(max_size=40)
    | st.text("0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_`abcdo", max_size=40)
)
def test_any_text_is_a_mask_or_refused(counts: str) -> None:
    rle = {"size": [5, 7], "counts": counts}
    try:
        mask = decode_rle(rle, (5, 7))
    except BadInput as error:
        assert error.code == "bad_rle"
        return
    assert mask.shape == (5, 7)


@pytest.mark.parametrize(
    "rle",
    [
        {"size": [10**9, 10**9], "counts": "S1"},
        {"size": [5, 7], "counts": "1" * 10**6},
        {"size": [5, 7], "counts": "oooooo1" * 5},
        {"size": [3000, 5000], "counts": "ooooooO" * 30},
        {"size": [3000, 5000], "counts": "1" * (MAX_CHARACTERS + 1)},
        {"size": [5, 7], "counts": [0] * 10**5},
    ],
)
def test_a_bomb_fails_without_using_memory(rle: Any) -> None:
    size = (3000, 5000) if rle["size"][0] == 3000 else (5, 7)
    tracemalloc.start()
    try:
        assert code(rle, size) == "bad_rle"
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_a_mask_like_noise_is_not_written(seed: int) -> None:
    random = np.random.default_rng(seed)
    assert decode_rle(encode_rle(random.random((60, 70)) < 0.5), (60, 70)).any()


def test_noise_on_a_large_photo_is_refused_in_both_directions() -> None:
    noise = np.random.default_rng(0).random((2500, 2500)) < 0.5
    with pytest.raises(BadInput) as error:
        encode_rle(noise)
    assert error.value.code == "mask_too_detailed"
