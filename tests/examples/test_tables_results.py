"""What is kept of a table's results: the whole photo, or its mask's box."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from examples import tables
from examples.running.cases import of_folder, open_case
from examples.running.records import Cell
from examples.running.results import box_of, read_result
from examples.tables import main
from methods import load_image, png_bytes
from table_fixtures import put_case


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two photos, one of them transparent in places."""
    monkeypatch.setattr(tables, "fetch", lambda weight: weight)
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "weights"))
    put_case(tmp_path / "mine", "opaque")
    put_case(tmp_path / "mine", "sticker")
    photo = load_image(tmp_path / "mine" / "sticker.png")
    alpha = np.full(photo.size, 255, np.uint8)
    alpha[: photo.size[0] // 2] = 0
    (tmp_path / "mine" / "sticker.png").write_bytes(png_bytes(photo.rgb, alpha))
    return tmp_path / "out"


def ran(out: Path, *more: str) -> dict[str, Cell]:
    call = [str(out.parent / "mine"), "--erasers", "telea", "--quick", "--out", str(out), *more]
    assert main(call) == 0
    cases = json.loads((out / "table.json").read_text())["cases"]
    return {case["id"]: _record(out, case["id"]) for case in cases}


def _record(out: Path, case: str) -> Cell:
    return Cell.model_validate_json((out / "results" / case / "telea.json").read_bytes())


def whole(out: Path, cell: Cell, case: str) -> tuple[np.ndarray, np.ndarray | None]:
    (found,) = [each for each in of_folder(out.parent / "mine").cases if each.id == case]
    return read_result(out / cell.file, cell.box, open_case(found).photo)


@pytest.mark.parametrize("case", ["opaque", "sticker"])
def test_a_box_and_its_photo_are_the_whole_result(out: Path, case: str) -> None:
    plain = ran(out, "--results", "whole")[case]
    kept = ran(out.with_name("boxes"), "--results", "box")[case]
    assert plain.box is None
    (found,) = [each for each in of_folder(out.parent / "mine").cases if each.id == case]
    left, top, right, bottom = box_of(open_case(found).mask)
    assert kept.box == (left, top, right, bottom)
    shown = load_image(out.with_name("boxes") / kept.file)
    assert shown.size == (bottom - top, right - left)
    for one, other in zip(
        whole(out, plain, case), whole(out.with_name("boxes"), kept, case), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert plain.readings == kept.readings


def test_one_kind_becomes_the_other_without_erasing(out: Path) -> None:
    first = {case: (out / cell.file).read_bytes() for case, cell in ran(out).items()}
    boxes = ran(out, "--report-only", "--results", "box")
    assert all(cell.box for cell in boxes.values())
    again = ran(out, "--report-only", "--results", "whole")
    assert {case: (out / cell.file).read_bytes() for case, cell in again.items()} == first
    assert all(cell.box is None for cell in again.values())


def test_a_long_table_keeps_boxes_by_itself(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "MANY", 2)
    assert all(cell.box for cell in ran(out).values())
    assert "--results whole" in capsys.readouterr().out
    said = (out / "table.html").read_text("utf-8")
    assert "the box around the mask" in said and "仅蒙版所在的矩形" in said


def test_a_file_that_is_not_its_records_is_erased_again(out: Path) -> None:
    """As a kill between picture and record could leave it, were the record not taken away."""
    cell = ran(out, "--results", "box")["opaque"]
    good = (out / cell.file).read_bytes()
    (out / cell.file).write_bytes((out.parent / "mine" / "opaque.png").read_bytes())
    assert ran(out, "--results", "whole")["opaque"].box is None
    assert ran(out, "--results", "box")["opaque"].box == cell.box
    assert (out / cell.file).read_bytes() == good
