"""Visitors at once and trouble meanwhile: nothing is lost, and a loss would be seen."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.load.book import Book, KeptRun, digest, lost, wrong_in_zip
from tests.load.crowd import Plan, Seen, visit
from tests.load.figures import Figures, Said, percentile
from tests.load.photos import BallPhoto
from tests.load.program import Program
from tests.load.report import lines_of, lines_of_lost

KINDS = ("ended", "worker", "cut", "hostile", "slow")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("load")
    (folder / "data").mkdir()
    # Without weights: what is proved is what the program keeps, and no network need be loaded.
    without = {"ERASER_LAB_WEIGHTS": str(folder / "weights")}
    made = Program(folder / "data", folder / "log", settings=without)
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def seen(program: Program) -> Seen:
    plan = Plan(visitors=5, seconds=60, pace=0.3, kinds=KINDS)
    return asyncio.run(visit(program.address, plan, program.process, program, print))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost(program: Program, seen: Seen) -> None:
    shown = "\n".join(lines_of(seen.figures))
    assert seen.lost == [], shown
    assert seen.figures.faults() == 0, shown
    assert any(run.files for run in seen.book.runs.values()), shown
    assert seen.figures.done["visitors that did not come to an end"] == 0, shown
    assert seen.figures.done["disturbed by ended"] > 0 and set(program.exits) == {0}, shown


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_lost_is_found(program: Program, seen: Seen) -> None:
    """Beside what is there: a file, a remark, a mask and a run that are not."""
    run = next(run for run in seen.book.runs.values() if run.files)
    index = min(run.files)
    (program.folder / "runs" / run.run / Path(run.files[index]).name).unlink()
    gone = KeptRun("A" * 22, run.photo)
    other = KeptRun(run.run, run.photo, remarks={index: "never said"})
    for kept in (run, gone, other):
        book = Book({kept.run: kept})
        assert len(asyncio.run(lost(book, program.address))) == 1, kept
    masks = Book(masks={"lab/photos/none/mask-x.png": "0"})
    assert len(asyncio.run(lost(masks, program.address))) == 1


# --- what compares ---------------------------------------------------------------------------


def packed(photo: BallPhoto, result: np.ndarray, *, remark: str = "") -> bytes:
    mask = np.zeros(photo.pixels.shape[:2], np.uint8)
    mask[:50, :50] = 255
    job = {"file": "results/0-telea.png", "remark": remark}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("photo.png", photo.file)
        archive.writestr("mask.png", png(mask))
        archive.writestr("results/0-telea.png", png(result))
        archive.writestr("settings.json", json.dumps({"jobs": [job]}))
    return target.getvalue()


def png(pixels: np.ndarray) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def test_a_zip_is_compared_with_what_was_told() -> None:
    photo = BallPhoto(3)
    inside = photo.pixels.copy()
    inside[10, 10] ^= 1
    kept = KeptRun("r", photo, files={0: "x"}, digests={0: digest(png(inside))}, remarks={0: "a"})
    assert wrong_in_zip(packed(photo, inside, remark="a"), kept) == []
    assert wrong_in_zip(packed(photo, inside), kept) == ["the remark on 0 is missing"]
    outside = inside.copy()
    outside[100, 100] ^= 1
    assert wrong_in_zip(packed(photo, outside, remark="a"), kept) == [
        "result 0 is another one",
        "result 0 has changed outside the mask",
    ]
    assert wrong_in_zip(packed(BallPhoto(4), inside, remark="a"), kept) == [
        "the photo is not what was uploaded"
    ]
    assert wrong_in_zip(packed(photo, inside)[:-40], kept) == ["cannot be read (BadZipFile)"]


def test_refusals_are_no_errors_and_bare_answers_are_faults() -> None:
    figures = Figures()
    for code in ("too_fast", "disk_full", "bare", "internal"):
        with pytest.raises(Said), figures.timed("upload"):
            raise Said(code)
    with figures.timed("upload"):
        pass
    assert figures.refusals == {"too_fast": 1} and figures.faults() == 2
    assert len(figures.seconds["upload"]) == 1
    said = "\n".join(lines_of(figures))
    assert "upload disk_full 1" in said and "too_fast 1" in said
    assert next(lines_of_lost(["x"])) == "lost: 1"


def test_percentiles_are_values_that_were_seen() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.9, 0.99)] == [50, 90, 99]
    assert percentile([7.0], 0.99) == 7.0


def test_each_photo_is_another_one_with_its_ball_inside() -> None:
    first, second = BallPhoto(1), BallPhoto(2)
    assert first.file != second.file and first.file == BallPhoto(1).file
    x, y = first.place
    assert (first.pixels[y, x] != first.pixels[5, 5]).any()
