"""Results that were made elsewhere, as columns of a table: read, fitted, counted, told."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from examples import tables
from examples.figure.content import strips_of
from examples.figure.latex import latex_of
from examples.figure.of_table import cases_of_table
from examples.figure.options import FigureOptions
from examples.running.cases import of_folder, open_case
from examples.running.given import Given, Source, given
from examples.tables import main
from methods import (
    BadInput,
    Image,
    Photo,
    get_eraser,
    list_erasers,
    list_given,
    load_image,
    png_bytes,
)
from own_tools import Own
from table_fixtures import SIZE, hole, put_case, scene

pytest_plugins = ["own_fixtures"]

MANIFEST = """\
kind = "results"
name = "Their paper"
license = "CC-BY-4.0"
notes = ["Their own weights."]
paper = {title = "P", url = "https://example.org/p", year = 2024}
[results]
folder = "theirs"
"""


@pytest.fixture(autouse=True)
def theirs(own: Own, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a column called `paper`; two photos in tmp_path / "mine"."""
    monkeypatch.setenv("ERASER_LAB_WORKERS", "0")
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(tables, "fetch", lambda weight: weight)
    put_case(tmp_path / "mine", "one", truth=True)
    put_case(tmp_path / "mine", "two", seed=1)
    own.put("paper.toml", MANIFEST)
    folder = own.folder / "theirs"
    folder.mkdir()
    return folder


def ran(tmp_path: Path, *more: str, erasers: str = "paper", code: int = 0) -> dict[str, Any]:
    """The cells by case and id."""
    out = str(tmp_path / "out")
    call = [str(tmp_path / "mine"), "--erasers", erasers, "--quick", "--out", out, *more]
    assert main(call) == code
    found = json.loads((tmp_path / "out" / "table.json").read_text("utf-8"))
    return {case["id"]: {cell["id"]: cell for cell in case["cells"]} for case in found["cases"]}


def photo_of(tmp_path: Path, name: str = "one") -> Photo:
    return load_image(tmp_path / "mine" / f"{name}.png")


def filled(photo: Image, level: int = 90) -> Image:
    """The photo with a plain hole."""
    found = photo.copy()
    found[hole(photo.shape[:2])] = level  # type: ignore[arg-type]
    return found


def test_its_numbers_are_those_of_the_same_picture_by_an_eraser(
    theirs: Path, tmp_path: Path
) -> None:
    ran(tmp_path, erasers="telea")
    for case in ("one", "two"):
        shutil.copy(tmp_path / "out" / "results" / case / "telea.png", theirs / f"{case}.png")
    cells = ran(tmp_path, erasers="paper,telea")
    for case in ("one", "two"):
        ours, given_ = cells[case]["telea"], cells[case]["paper"]
        assert ours["readings"] and given_["readings"] == ours["readings"]
        assert (given_["state"], given_["changed_outside"]) == ("done", 0)
        assert given_["label"] == {
            "en": "Their paper (given, not run here)",
            "zh": "Their paper（他处所得，未在此运行）",
        }
        unknown = ("erase_seconds", "load_seconds", "peak_memory", "device", "seed")
        assert not any(given_[name] is not None for name in unknown)


def test_what_is_not_given_is_an_empty_cell_and_no_failure(theirs: Path, tmp_path: Path) -> None:
    (theirs / "one.png").write_bytes(png_bytes(filled(photo_of(tmp_path).rgb)))
    cells = ran(tmp_path)
    assert cells["two"]["paper"]["state"] == "absent"
    assert cells["two"]["paper"]["failure"]["en"] == "Not given: “Their paper” has no two.png."
    out = tmp_path / "out"
    (line,) = json.loads((out / "table.json").read_text("utf-8"))["summary"]
    assert (line["done"], line["failed"], line["absent"]) == (1, 0, 1)
    assert (line["median_seconds"], line["peak_memory"]) == (None, None)
    html = (out / "table.html").read_text("utf-8")
    said = ("has no two.png", "given, not run here", "Their own weights.", "CC-BY-4.0", "P (2024)")
    for words in said:
        assert words in html
    assert 'href="https://example.org/p"' in html
    assert "1 of 2" in (out / "table.md").read_text("utf-8")
    rows = list(csv.DictReader((out / "table.csv").open(encoding="utf-8")))
    assert [row["state"] for row in rows] == ["done", "absent"]
    assert {row["given"] for row in rows} == {"as given"}
    assert {row["erase_seconds"] + row["peak_memory"] + row["seed"] for row in rows} == {""}


def test_both_ways_stand_side_by_side(theirs: Path, tmp_path: Path) -> None:
    photo = photo_of(tmp_path).rgb
    painted = filled(photo)
    painted[:3] = 0
    (theirs / "one.png").write_bytes(png_bytes(painted))
    cells = ran(tmp_path, "--given", "both")["one"]
    assert list(cells) == ["paper", "paper--pasted-back"]
    expected = int((painted != photo).any(axis=2)[:3].sum())
    assert cells["paper"]["changed_outside"] == expected > 0
    assert cells["paper--pasted-back"]["changed_outside"] == 0
    kept = load_image(tmp_path / "out" / cells["paper--pasted-back"]["file"]).rgb
    np.testing.assert_array_equal(kept, filled(photo))
    as_given = load_image(tmp_path / "out" / cells["paper"]["file"]).rgb
    np.testing.assert_array_equal(as_given, painted)


@pytest.mark.parametrize(
    ("size", "note"),
    [
        ((SIZE[0] * 2, SIZE[1] * 2), "Given at 320 × 240, reduced"),
        ((SIZE[0] // 2, SIZE[1] // 2), "Given at 80 × 60, enlarged"),
    ],
)
def test_another_size_is_fitted_and_said(tmp_path: Path, size: tuple[int, int], note: str) -> None:
    photo = photo_of(tmp_path)
    other = cv2.resize(filled(photo.rgb), size[::-1], interpolation=cv2.INTER_NEAREST)
    found = made(png_bytes(np.asarray(other, np.uint8)), photo)
    assert found.rgb.shape == photo.rgb.shape
    assert note in found.notes[0].en
    inside = cv2.erode(hole().astype(np.uint8), np.ones((11, 11), np.uint8)) > 0
    assert np.abs(found.rgb[inside].astype(int) - 90).max() <= 1


def made(data: bytes, photo: Photo, pasted: bool = False) -> Given:
    return given(Source(data, "x.png"), photo, hole(), pasted)


def test_another_shape_is_refused_with_both_sizes(theirs: Path, tmp_path: Path) -> None:
    (theirs / "one.png").write_bytes(png_bytes(scene(size=(120, 120))))
    cell = ran(tmp_path, code=1)["one"]["paper"]
    assert cell["state"] == "failed"
    assert "one.png is 120 × 120 and the photo 160 × 120" in cell["failure"]["en"]


def test_a_jpeg_changes_the_photo_and_that_is_counted(tmp_path: Path) -> None:
    photo = photo_of(tmp_path)
    data = cv2.imencode(".jpg", cv2.cvtColor(filled(photo.rgb), cv2.COLOR_RGB2BGR))[1].tobytes()
    found, pasted = made(data, photo), made(data, photo, pasted=True)
    assert found.changed_outside > 0
    assert "JPEG" in found.notes[-1].en
    assert (pasted.changed_outside, pasted.notes) == (0, ())
    np.testing.assert_array_equal(pasted.rgb[~hole()], photo.rgb[~hole()])


def test_transparency_is_laid_over_a_ground_unless_the_photo_has_some(tmp_path: Path) -> None:
    photo = photo_of(tmp_path)
    alpha = np.full(SIZE, 255, np.uint8)
    alpha[hole()] = 0
    data = png_bytes(photo.rgb, alpha)
    found = made(data, photo)
    assert found.alpha is None and "transparent" in found.notes[0].en
    assert (found.rgb[hole()] == photo.ground).all()
    own_alpha = np.full(SIZE, 255, np.uint8)
    own_alpha[:20] = 0
    clear = load_image(png_bytes(photo.rgb, own_alpha))
    kept = made(data, clear, pasted=True)
    assert kept.alpha is not None and kept.changed_outside == 0
    np.testing.assert_array_equal(kept.alpha, np.where(hole(), 0, own_alpha))
    assert made(data, clear).changed_outside > 0  # it is opaque where the photo is not


def test_a_damaged_file_costs_its_own_cell(theirs: Path, tmp_path: Path) -> None:
    (theirs / "one.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"no picture" * 9)
    (theirs / "two.png").write_bytes(png_bytes(filled(photo_of(tmp_path, "two").rgb)))
    cells = ran(tmp_path, code=1)
    assert cells["one"]["paper"]["state"] == "failed"
    assert "one.png" in cells["one"]["paper"]["failure"]["en"]
    assert cells["two"]["paper"]["state"] == "done"


def test_a_link_out_of_the_folder_is_not_followed(theirs: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png_bytes(scene()))
    (theirs / "one.png").symlink_to(secret)
    cell = ran(tmp_path, code=1)["one"]["paper"]
    assert cell["state"] == "failed" and "leads out of its folder" in cell["failure"]["en"]
    assert str(tmp_path) not in json.dumps(cell)


@pytest.mark.parametrize("name", ["../secret", "..", ".", "", "a/b", "a\\b", "a\0b", "x" * 300])
def test_no_name_leads_elsewhere(theirs: Path, name: str) -> None:
    (theirs.parent / "secret.png").write_bytes(png_bytes(scene()))
    (results,) = list_given()
    assert results.picture(name, "photo.jpg") is None


def test_a_pattern_names_the_photo_and_folders(own: Own, theirs: Path) -> None:
    own.put("paper.toml", MANIFEST + 'pattern = "{photo}/result_{row}.webp"')
    (theirs / "one").mkdir()
    (theirs / "one" / "result_r.webp").write_bytes(b"x")
    (results,) = list_given()
    assert results.picture("r", "one.jpg") == theirs / "one" / "result_r.webp"
    assert results.picture("s", "one.jpg") is None
    assert results.wanted("s", "one.jpg") == "one/result_s.webp"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ('pattern = "../{row}"', "may not lead out"),
        ('pattern = "/etc/{row}"', "may not lead out"),
        ('pattern = "always.png"', "must hold {row} or {photo}"),
        ('pattern = "{rwo}"', "line 8: .*“rwo”.*“row”"),
        ('patern = "{row}"', "line 8: .*“patern”.*“pattern”"),
    ],
)
def test_a_manifest_that_is_wrong_says_so_where_it_is_named(
    own: Own, tmp_path: Path, more: str, reason: str
) -> None:
    own.put("paper.toml", MANIFEST + more)
    (results,) = list_given()
    assert results.fault is not None and "paper" not in [spec.id for spec in list_erasers()]
    with pytest.raises(BadInput, match=reason):
        tables._choice(tables.make_parser().parse_args(["t", "--erasers", "paper"]))


def test_a_missing_folder_is_said_before_anything_runs(own: Own, tmp_path: Path) -> None:
    own.put("paper.toml", MANIFEST.replace("theirs", "nowhere"))
    assert main([str(tmp_path / "mine"), "--erasers", "paper", "--out", str(tmp_path / "o")]) == 2


def test_it_is_no_eraser() -> None:
    assert "paper" not in [spec.id for spec in list_erasers()]
    with pytest.raises(BadInput, match=r"erases nothing.*examples\.tables TABLE --erasers paper"):
        get_eraser("paper")


def test_a_host_that_names_its_erasers_names_these_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_ERASERS", "telea")
    assert not list_given()
    monkeypatch.setenv("ERASER_LAB_ERASERS", "telea,paper")
    assert [results.id for results in list_given()] == ["paper"]


def test_it_is_looked_at_again_only_when_the_file_is_another(
    theirs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = photo_of(tmp_path).rgb
    (theirs / "one.png").write_bytes(png_bytes(filled(photo)))
    first = ran(tmp_path)["one"]["paper"]
    assert ran(tmp_path, "--report-only")["one"]["paper"] == first
    assert "given, 0 pixels changed outside the mask, kept" in capsys.readouterr().out
    (theirs / "one.png").write_bytes(png_bytes(filled(photo, 200)))
    assert ran(tmp_path)["one"]["paper"]["readings"] != first["readings"]


def test_figures_show_it_without_seconds(theirs: Path, tmp_path: Path) -> None:
    (theirs / "one.png").write_bytes(png_bytes(filled(photo_of(tmp_path).rgb)))
    ran(tmp_path, "--cases", "one", erasers="paper,telea")
    cases = cases_of_table(tmp_path / "out", str(tmp_path / "mine"), (), 12)
    options = FigureOptions(numbers=("seconds", "psnr_mask"))
    (strip,) = strips_of(cases, options)
    (words,) = (each.lines for each in strip.outline.words if "Their paper" in each.lines[0])
    assert len(words) == 2 and "PSNR" in words[1]
    latex = latex_of([each.case for each in cases], options, "figure")
    (line,) = (line for line in latex.splitlines() if "Their paper" in line)
    assert "given, not run here" in line and "& -- &" in line


def test_a_swept_dilation_takes_the_same_picture(theirs: Path, tmp_path: Path) -> None:
    (theirs / "one.png").write_bytes(png_bytes(filled(photo_of(tmp_path).rgb)))
    cells = ran(tmp_path, "--cases", "one", "--sweep", "dilate=0,4")
    for case in ("one--dilate-0", "one--dilate-4"):
        assert cells[case]["paper"]["state"] == "done"


def test_a_table_of_a_truth_is_averaged_with_it(theirs: Path, tmp_path: Path) -> None:
    (case,) = (case for case in of_folder(tmp_path / "mine").cases if case.id == "one")
    truth = open_case(case).truth
    assert truth is not None
    (theirs / "one.png").write_bytes(png_bytes(truth))
    ran(tmp_path, erasers="paper,telea")
    summary = json.loads((tmp_path / "out" / "table.json").read_text("utf-8"))["summary"]
    means = {line["id"]: line["means"]["psnr_mask"] for line in summary}
    assert means["paper"] > means["telea"]
