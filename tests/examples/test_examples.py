"""The example photos: what lies there is what is listed, credited and allowed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage

FOLDER = Path(__file__).resolve().parents[2] / "examples"
ENTRIES: list[dict[str, Any]] = json.loads((FOLDER / "examples.json").read_text("utf-8"))
FREE = {"public domain", "CC0-1.0", "CC-BY-4.0"}
MOST_BYTES = 3_000_000

each = pytest.mark.parametrize("entry", ENTRIES, ids=[entry["id"] for entry in ENTRIES])


def _size(entry: dict[str, Any]) -> tuple[int, int]:
    with PillowImage.open(FOLDER / entry["file"]) as picture:
        return picture.size


def test_ids_and_files_are_listed_once() -> None:
    assert len({entry["id"] for entry in ENTRIES}) == len(ENTRIES)
    photos = {path.name for path in FOLDER.iterdir() if path.suffix in {".jpg", ".png"}}
    assert photos == {entry["file"] for entry in ENTRIES}


@each
def test_entry_has_exactly_these_fields(entry: dict[str, Any]) -> None:
    assert set(entry) == {"id", "file", "title", "credit", "license", "prompt"}
    assert entry["title"] == f"example.{entry['id']}.title"
    assert set(entry["prompt"]) == {"points", "box", "level", "dilate"}


@each
def test_photo_is_small_enough_to_ship(entry: dict[str, Any]) -> None:
    assert (FOLDER / entry["file"]).stat().st_size <= MOST_BYTES


@each
def test_license_is_free_and_credited(entry: dict[str, Any]) -> None:
    assert entry["license"] in FREE
    row = next(
        line
        for line in (FOLDER / "README.md").read_text("utf-8").splitlines()
        if f"`{entry['file']}`" in line
    )
    assert entry["credit"] in row
    assert entry["license"] in row


@each
def test_size_in_the_readme_is_true(entry: dict[str, Any]) -> None:
    width, height = _size(entry)
    assert f"`{entry['file']}` | {width}x{height} |" in (FOLDER / "README.md").read_text("utf-8")


@each
def test_prompt_lies_on_the_photo(entry: dict[str, Any]) -> None:
    width, height = _size(entry)
    prompt = entry["prompt"]
    assert prompt["box"] or any(point["label"] == 1 for point in prompt["points"])
    for point in prompt["points"]:
        assert 0 <= point["x"] < width
        assert 0 <= point["y"] < height
    if box := prompt["box"]:
        assert 0 <= box["x0"] < box["x1"] <= width
        assert 0 <= box["y0"] < box["y1"] <= height
    assert prompt["level"] in {0, 1, 2, None}
    assert 0 <= prompt["dilate"] <= 256


def test_there_is_a_portrait_and_a_large_photo() -> None:
    sizes = [_size(entry) for entry in ENTRIES]
    assert any(height > width for width, height in sizes)
    assert max(width * height for width, height in sizes) > 15_000_000


@each
def test_segmentation_accepts_the_prompt(entry: dict[str, Any]) -> None:
    from segmentation import PromptedObject

    prompt = {name: entry["prompt"][name] for name in ("points", "box", "level")}
    assert PromptedObject.model_validate(prompt).level == entry["prompt"]["level"]


SHARE_OF_PHOTO = {
    "rocket": (0.03, 0.08),
    "tree": (0.01, 0.03),
    "dandelions": (0.02, 0.05),
    "coffee": (0.015, 0.05),
    "astronaut": (0.08, 0.15),
    "dogs": (0.02, 0.05),
    "fig": (0.05, 0.1),
}


@pytest.mark.network
@each
def test_prompt_selects_its_object(entry: dict[str, Any], mobile_sam_weights: Path) -> None:
    """With the real network: about the object's share of the photo, and where it stands."""
    from methods import load_image
    from segmentation import PromptedObject, get_segmenter, select

    photo = load_image(FOLDER / entry["file"])
    prompt = {name: entry["prompt"][name] for name in ("points", "box", "level")}
    segmenter = get_segmenter("mobile_sam")
    embedding = segmenter.encode(photo.rgb, photo.key)
    prompted = PromptedObject.model_validate(prompt)
    selection = select(segmenter, embedding, [prompted], dilate=entry["prompt"]["dilate"])
    low, high = SHARE_OF_PHOTO[entry["id"]]
    assert low < selection.mask.mean() < high
    for point in prompted.points:
        assert selection.mask[int(point.y), int(point.x)]
