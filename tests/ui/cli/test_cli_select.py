"""What the command line selects: negative boxes, shapes, and cases that repeat a selection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PilImage

from methods import Mask, load_image
from methods._engine import worker
from methods._engine.result_cache import ResultCache
from ui.cli.__main__ import main
from ui.service.reports.cases import import_case
from ui.service.service import Service

pytest_plugins = ["ui_fixtures"]

ROOT = Path(__file__).resolve().parents[3]
BOX = ["--box=40,25,75,60", "--segmenter", "grabcut"]
TELEA = ["--erasers", "telea"]


@pytest.fixture(autouse=True)
def no_cached_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "results", ResultCache())


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A part of the rocket photo as a small PNG."""
    pixels = load_image(ROOT / "examples" / "rocket.jpg").rgb[150:250, 250:370]
    file = tmp_path / "photo.png"
    PilImage.fromarray(pixels).save(file)
    return file


def call(*args: object) -> int:
    """main() as the shell calls it, its exit codes included."""
    try:
        return main([str(arg) for arg in args])
    except SystemExit as ending:
        assert isinstance(ending.code, int)
        return ending.code


def mask_of(folder: Path) -> Mask:
    return np.asarray(PilImage.open(folder / "mask.png").convert("L")) > 0


def report_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "settings.json").read_text(encoding="utf-8")))


def erased(photo: Path, out: Path, *args: object) -> Mask:
    assert call("erase", photo, *args, "--out", out) == 0
    return mask_of(out)


def test_a_negative_box_cuts_its_object(photo: Path, tmp_path: Path) -> None:
    whole = erased(photo, tmp_path / "a", *BOX, *TELEA)
    cut = erased(photo, tmp_path / "b", *BOX, "--negative-box", "40,45,75,60", *TELEA)
    assert whole[46:60].any() and not cut[45:60, 40:75].any()
    assert np.array_equal(cut[:44], whole[:44])
    (thing,) = report_of(tmp_path / "b")["objects"]
    assert thing["negative_boxes"] == [{"x0": 40, "y0": 45, "x1": 75, "y1": 60}]


def test_the_shape_is_set_by_name(photo: Path, tmp_path: Path) -> None:
    exact = erased(photo, tmp_path / "a", *BOX, *TELEA)
    boxed = erased(photo, tmp_path / "b", *BOX, "--shape", "precision=1", *TELEA)
    rows, columns = np.nonzero(exact)
    box = np.zeros_like(exact)
    box[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    assert not (boxed & ~box).any() and boxed.sum() > exact.sum()
    grown = ["--shape", "dilate=20", "--shape", "dilate_unit=%", "--shape", "fill_holes=true"]
    assert erased(photo, tmp_path / "c", *BOX, *grown, *TELEA).sum() > exact.sum()
    shape = report_of(tmp_path / "c")["case"]["selection"]["shape"]
    assert (shape["dilate"], shape["dilate_unit"], shape["fill_holes"]) == (20, "%", True)


def test_a_report_repeats_its_run(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "hand.png").write_bytes(b"")
    extra = np.zeros((100, 120), np.uint8)
    extra[80:95, 90:110] = 255
    PilImage.fromarray(extra).save(tmp_path / "hand.png")
    given = [*BOX, "--mask", tmp_path / "hand.png", "--dilate", "3", "--seed", "7"]
    settings = ["--erasers", "patchmatch,telea", "--set", "patchmatch.patch_size=4"]
    first = erased(photo, tmp_path / "a", *given, *settings)
    again = erased(photo, tmp_path / "b", "--case", tmp_path / "a" / "settings.json")
    assert np.array_equal(first, again) and first[85, 100]
    one, two = report_of(tmp_path / "a"), report_of(tmp_path / "b")
    assert one["case"] == two["case"]
    for result in (one["results"], two["results"]):
        assert [(r["eraser"], r["seed"]) for r in result] == [("patchmatch", 7), ("telea", 7)]
        assert result[0]["settings"]["patch_size"] == 4
    for name in ("patchmatch.png", "telea.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_erasers_seed_and_settings_can_be_changed(photo: Path, tmp_path: Path) -> None:
    erased(photo, tmp_path / "a", *BOX, "--erasers", "telea", "--set", "telea.radius=3")
    case = ["--case", tmp_path / "a" / "settings.json"]
    erased(photo, tmp_path / "b", *case, "--set", "telea.radius=9", "--seed", "5")
    (result,) = report_of(tmp_path / "b")["results"]
    assert (result["settings"]["radius"], result["seed"]) == (9, 5)
    erased(photo, tmp_path / "c", *case, "--erasers", "navier_stokes")
    (result,) = report_of(tmp_path / "c")["results"]
    assert result["eraser"] == "navier_stokes"


def test_an_eraser_that_runs_twice_gets_two_files(photo: Path, tmp_path: Path) -> None:
    erased(photo, tmp_path / "a", *BOX, *TELEA)
    case = report_of(tmp_path / "a")["case"]
    job = case["jobs"][0]
    case["jobs"] = [job, {**job, "settings": {**job["settings"], "radius": 12}}]
    (tmp_path / "twice.json").write_text(json.dumps(case), encoding="utf-8")
    erased(photo, tmp_path / "b", "--case", tmp_path / "twice.json")
    files = [result["file"] for result in report_of(tmp_path / "b")["results"]]
    assert files == ["telea.png", "telea-2.png"]
    first, second = ((tmp_path / "b" / name).read_bytes() for name in files)
    assert first != second


def test_the_page_takes_a_report_of_the_command_line(
    service: Service, photo: Path, tmp_path: Path
) -> None:
    hole = erased(photo, tmp_path / "a", *BOX, "--dilate", "2", *TELEA)
    record = service.photos.add_copy(photo, "photo.png")
    answer = import_case(report_of(tmp_path / "a"), record, service.masks)
    assert answer["notes"] == [] and answer["jobs"][0]["eraser"] == "telea"
    shown = service.segment({"photo": record.id, **answer["prompts"]})
    assert abs(shown["area"] - hole.mean()) < 1e-9


def test_the_command_line_takes_a_case_of_the_page(
    service: Service, photo: Path, tmp_path: Path
) -> None:
    record = service.photos.add_copy(photo, "photo.png")
    swipe = {"points": [[10, 90], [110, 92]], "width": 9, "erase": False}
    request = {"photo": record.id, "strokes": [swipe], "shape": {"dilate": 2.5}}
    jobs = [{"eraser": "telea", "settings": {}, "seed": 1}]
    case = service.export_case({**request, "jobs": jobs})["case"]
    (tmp_path / "case.json").write_text(json.dumps(case), encoding="utf-8")
    hole = erased(photo, tmp_path / "a", "--case", tmp_path / "case.json")
    assert abs(service.segment(request)["area"] - hole.mean()) < 1e-9
    assert report_of(tmp_path / "a")["results"][0]["seed"] == 1


def test_a_case_of_another_photo_is_remarked_on(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    erased(photo, tmp_path / "a", *BOX, *TELEA)
    other = np.asarray(PilImage.open(photo)).copy()
    other[0, 0] = 0
    PilImage.fromarray(other).save(tmp_path / "other.png")
    capsys.readouterr()
    erased(tmp_path / "other.png", tmp_path / "b", "--case", tmp_path / "a" / "settings.json")
    assert "another photo" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([*BOX, "--negative-box", "1,1,1,9"], "no area"),
        ([*BOX, "--negative-box", "1,1,1"], "X0,Y0,X1,Y1"),
        ([*BOX, "--shape", "precision=7"], "precision"),
        ([*BOX, "--shape", "color=red"], "none of dilate"),
        ([*BOX, "--shape", "precision"], "NAME=VALUE"),
        ([*BOX, "--shape", "smooth=1", "--shape", "smooth=2"], "twice"),
        ([*BOX, "--shape", "dilate=1", "--dilate", "2"], "twice"),
        ([*BOX, "--shape", "dilate=900"], "grow by"),
        (["--case", "{missing}"], "cannot be read"),
        (["--case", "{folder}"], "cannot be read"),
        (["--case", "{photo}"], "no JSON"),
        (["--case", "{nested}"], "case file"),
        (["--case", "{other}"], "belongs to a photo of"),
        (["--case", "{other}", "--point", "1,1"], "holds all prompts itself"),
        (["--case", "{other}", "--dilate", "3"], "holds all prompts itself"),
        (["--case", "{other}", "--level", "1"], "holds all prompts itself"),
    ],
)
def test_what_cannot_be_used_is_said(
    args: list[str],
    says: str,
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = {"name": "x", "sha256": "0" * 64, "width": 9, "height": 9}
    case = {"version": 1, "photo": small, "prompts": {}, "jobs": []}
    (tmp_path / "other.json").write_text(json.dumps(case), encoding="utf-8")
    (tmp_path / "nested.json").write_text("[" * 100_000, encoding="utf-8")
    places = {
        "missing": tmp_path / "missing.json", "folder": tmp_path, "photo": photo,
        "nested": tmp_path / "nested.json", "other": tmp_path / "other.json",
    }  # fmt: skip
    given = [arg.format(**places) for arg in args]
    assert call("erase", photo, *given, *TELEA, "--out", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert says in said.splitlines()[-1] and "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_case_file_is_never_overwritten(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    erased(photo, tmp_path / "a", *BOX, *TELEA)
    before = (tmp_path / "a" / "settings.json").read_bytes()
    given = ["--case", tmp_path / "a" / "settings.json", "--out", tmp_path / "a"]
    assert call("erase", photo, *given) == 2
    assert "overwrite" in capsys.readouterr().err
    assert (tmp_path / "a" / "settings.json").read_bytes() == before


@pytest.mark.parametrize(
    ("more", "grown"), [([], True), (["--dilate", "0"], False), (["--shape", "dilate=0"], False)]
)
def test_a_selection_grows_as_on_the_page_unless_it_is_to_be_exact(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], grown: bool
) -> None:
    assert call("erase", photo, *BOX, *TELEA, *more, "--out", tmp_path) == 0
    assert report_of(tmp_path)["dilate"] == (3 if grown else 0)
    assert ("grows by 3 pixels" in capsys.readouterr().err) == grown
