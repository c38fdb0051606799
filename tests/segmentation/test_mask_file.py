"""Run lengths in all their usual forms, by the way that pictures of masks take."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from methods import BadInput, Limits, Mask
from segmentation import are_run_lengths, encode_rle, mask_of_runs, read_mask_file
from segmentation._prompts.rle import _run_lengths

SIZE = (40, 60)


def _mask(scale: int = 1) -> Mask:
    mask = np.zeros((40 * scale, 60 * scale), np.bool_)
    mask[5 * scale : 25 * scale, 30 * scale : 44 * scale] = True
    return mask


def _pairs(mask: Mask) -> str:
    lengths = _run_lengths(mask)
    starts = np.cumsum(np.concatenate(([0], lengths)))[:-1] + 1
    ones = np.arange(len(lengths)) % 2 == 1
    return " ".join(f"{a} {b}" for a, b in zip(starts[ones], lengths[ones], strict=True))


FORMS: dict[str, Any] = {
    "compressed": encode_rle(_mask()),
    "uncompressed": {"size": list(SIZE), "counts": _run_lengths(_mask()).tolist()},
    "compressed, without a size": {"counts": encode_rle(_mask())["counts"]},
    "uncompressed, without a size": {"counts": _run_lengths(_mask()).tolist()},
    "an annotation": {"segmentation": encode_rle(_mask()), "area": 280, "bbox": [30, 5, 14, 20]},
    "what SAM's generator writes": [{"segmentation": encode_rle(_mask()), "area": 280}],
    "compressed text alone": encode_rle(_mask())["counts"],
    "starts and lengths": _pairs(_mask()),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_comes_in(form: str) -> None:
    text = FORMS[form] if form == "starts and lengths" else json.dumps(FORMS[form])
    read = read_mask_file(text.encode(), SIZE)
    assert np.array_equal(read.mask, _mask()) and not read.mask.flags.writeable
    assert read.notes == ()
    assert np.array_equal(mask_of_runs(FORMS[form], SIZE).mask, _mask())


def test_pictures_come_in_by_the_same_way() -> None:
    file = io.BytesIO()
    Pil.fromarray(_mask()).save(file, "PNG")
    assert np.array_equal(read_mask_file(file.getvalue(), SIZE).mask, _mask())


def test_several_masks_are_joined_and_that_is_told() -> None:
    corner = np.zeros(SIZE, np.bool_)
    corner[:3, :4] = True
    both = [{"segmentation": encode_rle(corner)}, {"segmentation": encode_rle(_mask())}]
    read = mask_of_runs(both, SIZE)
    assert np.array_equal(read.mask, corner | _mask())
    assert [note.id for note in read.notes] == ["note.mask.joined"]


def test_run_lengths_of_a_reduced_photo_are_resized() -> None:
    read = mask_of_runs(encode_rle(_mask(2)), SIZE)
    assert np.array_equal(read.mask, _mask()) and "120 × 80" in read.notes[0].en
    with pytest.raises(BadInput) as caught:
        mask_of_runs(encode_rle(_mask(2)), (60, 40))
    assert caught.value.code == "mask_shape"


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [[1, 2, 3, 4]],
        {"segmentation": [[0, 0, 5, 0, 5, 5]]},
        {"segmentation": None},
        [encode_rle(_mask())] * 1001,
        [encode_rle(_mask()), encode_rle(_mask(2))],
        {"size": [10**6, 10**6], "counts": [10**12]},
        {"size": [0, 60], "counts": []},
        "1 2 3",
        "0 5",
        "2400 2",
        "9" * 5000 + " 1",
        "1 " + "9" * 5000,
        None,
        5,
    ],
)
def test_what_is_none_is_refused(value: Any) -> None:
    with pytest.raises(BadInput) as caught:
        mask_of_runs(value, SIZE)
    assert caught.value.code == "bad_rle" and len(str(caught.value)) < 300


@pytest.mark.parametrize("data", [b"{", b"[" * 10**5, b'"\xff"', b"{}", b"[]", b"1", b"[1e999]"])
def test_text_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        read_mask_file(data, SIZE)
    assert caught.value.code == "bad_rle"


def test_a_size_beyond_the_limit_is_refused_before_anything_is_made() -> None:
    with pytest.raises(BadInput) as caught:
        mask_of_runs(encode_rle(_mask(2)), SIZE, limits=Limits(megapixels=0.005))
    assert caught.value.code == "bad_rle"


def test_an_empty_mask_names_its_file() -> None:
    runs = json.dumps(encode_rle(np.zeros(SIZE, np.bool_))).encode()
    assert "rle.json" in read_mask_file(runs, SIZE, name="rle.json").notes[0].en


def test_a_case_is_no_run_lengths() -> None:
    assert all(are_run_lengths(form) for form in FORMS.values() if not isinstance(form, str))
    assert not any(map(are_run_lengths, [None, [], {}, {"version": 2}, {"case": {}}, [3], "S1"]))
