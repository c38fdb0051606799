"""Case files: what is written is read again, and what is no case is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mask_tools import disc, line
from methods import BadInput, Job, Mask
from segmentation import (
    Box,
    CasePhoto,
    Point,
    PromptedObject,
    Selection,
    Shape,
    read_case,
    write_case,
)

SIZE = (60, 80)
PHOTO = CasePhoto(name="Föto.png", sha256="a" * 64, width=80, height=60)
THING = PromptedObject(
    points=(Point(x=3, y=4), Point(x=30.5, y=20, label=0)),
    box=Box(x0=0, y0=0, x1=40, y1=50),
    negative_boxes=(Box(x0=1, y0=2, x1=3, y1=4),),
    level=2,
    on=False,
)


def selection(upload: Mask | None = None) -> Selection:
    """One of everything."""
    everything = Selection(
        objects=(THING,),
        strokes=(line((1, 2), (3.5, 4), width=7, erase=True),),
        shape=Shape(dilate=-3, precision=0.5, invert=True),
        segmenter="mobile_sam",
        words="a thing",
    )
    return everything.with_mask(disc(SIZE, 40, 30, 20) if upload is None else upload)


def written(upload: Mask | None = None) -> dict[str, Any]:
    """A case with one of everything, through JSON."""
    jobs = [Job("telea", {"radius": 7, "words": None}, 5)]
    return dict(json.loads(json.dumps(write_case(PHOTO, selection(upload), jobs))))


def test_everything_comes_back() -> None:
    case = read_case(written())
    assert case.photo == PHOTO and case.selection == selection()
    assert case.jobs[0].plain() == {
        "eraser": "telea", "settings": {"radius": 7, "words": None}, "seed": 5
    }  # fmt: skip
    upload = case.upload(SIZE)
    assert upload is not None and np.array_equal(upload, disc(SIZE, 40, 30, 20))


def test_writing_what_was_read_gives_the_same() -> None:
    data = written()
    case = read_case(data)
    again = write_case(case.photo, case.selection, case.jobs)
    assert json.loads(json.dumps(again)) == data


def test_a_report_that_holds_a_case_is_one() -> None:
    assert read_case({"results": [], "case": written()}) == read_case(written())


def test_the_least_case() -> None:
    case = read_case({"version": 2, "photo": PHOTO.model_dump(), "selection": {"objects": []}})
    assert case.upload(SIZE) is None and case.selection.shape == Shape() and case.jobs == ()


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_any_uploaded_mask_comes_back_bit_by_bit(seed: int) -> None:
    mask: Mask = np.random.default_rng(seed).random(SIZE) < 0.4
    upload = read_case(written(upload=mask)).upload(SIZE)
    assert upload is not None and np.array_equal(upload, mask)


def as_version_1(case: dict[str, Any]) -> dict[str, Any]:
    """As the program wrote it before."""
    kept = {name: case["selection"][name] for name in case["selection"] if name != "version"}
    kept.pop("words")
    return {"version": 1, "photo": case["photo"], "prompts": kept, "jobs": case["jobs"]}


def test_version_1_is_read_and_written_as_today() -> None:
    case = read_case(as_version_1(written()))
    assert case.version == 2
    assert case.selection == selection().model_copy(update={"words": None})
    grown = as_version_1(written())
    del grown["prompts"]["shape"]
    grown["prompts"]["dilate"] = 5
    assert read_case(grown).selection.shape == Shape(dilate=5)
    assert code({**as_version_1(written()), "selection": {}}) == "bad_case"


# --- what is refused ---------------------------------------------------------------------


def code(data: Any) -> str:
    with pytest.raises(BadInput) as error:
        read_case(data).upload(SIZE)
    assert len(str(error.value)) < 400 and str(error.value).endswith(".")
    return error.value.code


def changed(path: str, value: Any) -> dict[str, Any]:
    """A good case with one value replaced; None-able parts by dotted path."""
    case = written()
    *parents, last = path.split(".")
    place: Any = case
    for parent in parents:
        place = place[int(parent)] if isinstance(place, list) else place[parent]
    place[int(last) if isinstance(place, list) else last] = value
    return case


CLICK, DOT = {"x": 3, "y": 4}, {"points": [[1, 2]], "width": 1}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, "bad_case"),
        ([], "bad_case"),
        ("{}", "bad_case"),
        ({}, "bad_case"),
        ({"case": 5}, "bad_case"),
        ({"version": 1}, "bad_case"),
        ({"version": 2}, "bad_case"),
        (changed("version", 3), "case_version"),
        (changed("version", 10**30), "case_version"),
        (changed("version", 0), "bad_case"),
        (changed("version", "1"), "bad_case"),
        (changed("photo.width", 81), "case_size"),
        (changed("photo.width", 0), "bad_case"),
        (changed("photo.width", 1e9), "bad_case"),
        (changed("photo.sha256", "x"), "bad_case"),
        (changed("photo.name", "x" * 9999), "bad_case"),
        (changed("more", 1), "bad_case"),
        (changed("selection.dilate", 3), "two_kinds_of_shape"),
        (changed("selection.version", 3), "bad_case"),
        (changed("selection.more", 3), "bad_case"),
        (changed("selection.upload", "x" * 22), "bad_case"),
        (changed("selection.segmenter", "../x"), "bad_case"),
        (changed("selection.objects", [{"points": [CLICK]}] * 33), "too_many_objects"),
        (changed("selection.objects.0.box.x1", 0), "empty_box"),
        (changed("selection.strokes", [DOT] * 10_000), "too_many_strokes"),
        (changed("selection.strokes.0.width", float("nan")), "bad_prompt"),
        (changed("selection.shape.precision", 7), "bad_prompt"),
        (changed("selection.upload", "S1"), "bad_case"),
        (changed("selection.upload.counts", "S1"), "bad_rle"),
        (changed("selection.upload.counts", [1, 2]), "bad_rle"),
        (changed("selection.upload.size", [10**6, 10**6]), "bad_rle"),
        (changed("jobs", [{"eraser": "telea"}] * 99), "bad_case"),
        (changed("jobs.0.eraser", "../telea"), "bad_case"),
        (changed("jobs.0.seed", -1), "bad_case"),
        (changed("jobs.0.settings", {"a": {"b": 1}}), "bad_case"),
        (changed("jobs.0.settings", {"a": float("inf")}), "bad_case"),
        (changed("jobs.0.settings", {str(n) + "x": 1 for n in range(99)}), "bad_case"),
    ],
)  # fmt: skip
def test_what_is_no_case_is_refused(data: Any, expected: str) -> None:
    assert code(data) == expected


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
places = st.sampled_from(
    [
        "version", "photo", "photo.width", "selection", "selection.objects", "selection.objects.0",
        "selection.objects.0.points.0", "selection.strokes", "selection.strokes.0.points",
        "selection.upload", "selection.upload.counts", "selection.shape", "selection.shape.dilate",
        "jobs", "jobs.0", "jobs.0.settings",
    ]
)  # fmt: skip


@given(places, json_values)
def test_any_damage_is_read_or_refused(path: str, value: Any) -> None:
    try:
        read_case(changed(path, value)).upload(SIZE)
    except BadInput as error:
        assert error.code and len(str(error)) < 400


@given(json_values)
def test_anything_is_read_or_refused(data: Any) -> None:
    with pytest.raises(BadInput):
        read_case(data)
