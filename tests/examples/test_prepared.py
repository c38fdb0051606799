"""The pictures of the page's first screen are what the erasers make, and can be had."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from examples.prepare import ERASERS, FOLDER, SHOWN, SIZE, place, shown
from methods import BadInput, InProcess, Job, StopToken, load_image
from methods import Finished as Done
from segmentation import decode_rle
from ui.stores.examples import Examples

PREPARED = json.loads((FOLDER / "prepared.json").read_text())["examples"]


def pixels(file: Path) -> np.ndarray:
    with Pillow.open(file) as picture:
        return np.asarray(picture.convert("RGB")).astype(np.int16)


def test_three_examples_have_a_result_of_each_eraser_and_are_small() -> None:
    assert [entry["id"] for entry in PREPARED] == list(SHOWN)
    for entry in PREPARED:
        assert [one["eraser"] for one in entry["results"]] == list(ERASERS)
        assert {one["changed_outside"] for one in entry["results"]} == {0}
        files = [FOLDER / entry["id"] / f"{name}.webp" for name in ("before", "mask", *ERASERS)]
        assert all(Pillow.open(file).size == SIZE for file in files)
        assert sum(file.stat().st_size for file in files) < 200_000


def test_the_pictures_are_what_the_erasers_make_of_the_photo(examples_dir: Path) -> None:
    """Two of them, which take no time: up to what a small lossy picture loses."""
    entry = next(each for each in PREPARED if each["id"] == "rocket")
    photo = load_image(examples_dir / "rocket.jpg")
    mask = decode_rle(entry["mask"], photo.size)
    window = place(mask)
    before = pixels(FOLDER / "rocket" / "before.webp")
    assert np.abs(before - shown(photo.rgb, window)).mean() < 4
    jobs = [Job(name, {}, 0) for name in ("telea", "navier_stokes")]
    with InProcess() as executor:
        events = list(executor.run(jobs, photo.rgb, mask, token=StopToken()))
    for done in (event for event in events if isinstance(event, Done)):
        picture = pixels(FOLDER / "rocket" / f"{jobs[done.index].eraser}.webp")
        assert np.abs(picture - shown(done.image, window)).mean() < 4
        assert np.abs(picture - before).max() > 60  # and the rocket is gone


def test_the_page_gets_them_and_no_other_file(examples_dir: Path) -> None:
    examples = Examples(examples_dir)
    offered = {each["id"]: each["prepared"] for each in examples.public()}
    assert {name for name, prepared in offered.items() if prepared} == set(SHOWN)
    rocket = offered["rocket"]
    assert rocket is not None and rocket["results"][0]["view"] == (
        "lab/examples/rocket/prepared/migan.webp"
    )
    assert examples.prepared_file("rocket", "before").is_file()
    for example, name in (("rocket", "../../tree"), ("rocket", "lama"), ("coffee", "before")):
        with pytest.raises(BadInput):
            examples.prepared_file(example, name)


def test_without_them_examples_are_as_before(tmp_path: Path) -> None:
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "prepared.json").write_text('{"examples": [{"id": "../x"}]}')
    assert Examples(tmp_path).prepared == {}
