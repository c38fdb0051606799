"""Sweeps with `python -m methods erase`: files, records, the same again from a case."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PilImage

from examples.figure.__main__ import main as figure
from methods import Image
from methods._engine import worker
from methods._engine.result_cache import ResultCache
from ui.cli.__main__ import main

BOX = "--box=40,25,75,60"
SWEEP = ["--sweep", "telea.radius=3,9", "--sweep", "dilate=0,6"]


@pytest.fixture(autouse=True)
def no_cached_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(worker, "results", ResultCache())
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "weights"))
    yield


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (100, 120, 3)).astype(np.uint8)
    file = tmp_path / "photo.png"
    PilImage.fromarray(pixels).save(file)
    return file


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    found = np.zeros((100, 120), np.uint8)
    found[40:60, 50:70] = 255
    file = tmp_path / "hand.png"
    PilImage.fromarray(found).save(file)
    return file


def call(*args: object) -> int:
    return main(["erase", *map(str, args), "--offline"])


def pixels_of(file: Path) -> Image:
    return np.asarray(PilImage.open(file).convert("RGB"))


def report_of(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "settings.json").read_text("utf-8"))
    return found


def test_each_cell_has_a_file_and_a_place_on_the_axes(
    photo: Path, mask: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert call(photo, "--mask", mask, *SWEEP, "--judge", "none", "--out", out) == 0
    results = report_of(out)["results"]
    assert [one["axes"] for one in results] == [
        {"radius": radius, "dilate": by} for by in (0, 6) for radius in (3, 9)
    ]
    before = pixels_of(photo)
    for one in results:
        radius, by = one["axes"]["radius"], int(one["axes"]["dilate"])
        assert one["file"] == f"telea--radius-{radius}--dilate-{by}.png"
        assert one["settings"]["radius"] == radius and one["changed_outside"] == 0
        masked = pixels_of(out / f"mask--dilate-{by}.png").any(2)
        result = pixels_of(out / one["file"])
        assert np.array_equal(result[~masked], before[~masked])
        assert masked.sum() == 400 if by == 0 else masked.sum() > 400
    assert len({pixels_of(out / one["file"]).tobytes() for one in results}) == 4


@pytest.mark.slow
def test_the_case_of_a_sweep_repeats_it(photo: Path, mask: Path, tmp_path: Path) -> None:
    quick = ["--judge", "none"]
    first, again = tmp_path / "first", tmp_path / "again"
    assert call(photo, "--mask", mask, *SWEEP, *quick, "--out", first) == 0
    assert call(photo, "--case", first / "settings.json", *quick, "--out", again) == 0
    names = [one["file"] for one in report_of(first)["results"]]
    assert names == [one["file"] for one in report_of(again)["results"]]
    for name in names:
        assert np.array_equal(pixels_of(first / name), pixels_of(again / name))


def test_a_dry_run_says_what_it_would_take_and_erases_nothing(
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("methods._engine.pace.RECORD", str(tmp_path / "none.json"))  # never run
    out = tmp_path / "out"
    asked = [photo, BOX, *SWEEP, "--erasers", "telea,patchmatch", "--seeds", "0-2", "--dry-run"]
    assert call(*asked, "--out", out) == 0
    *cells, ahead = capsys.readouterr().out.splitlines()
    assert len(cells) == 2 * (2 + 3) and cells[0] == "telea, radius 3, dilate 0"
    assert cells[-1] == "patchmatch, dilate 6, seed 2"
    assert ahead.startswith("10 cells, about") and "a guess" in ahead
    assert not out.exists()
    assert call(*asked, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["cells"]) == 10 and told["seconds"] > 0 and told["measured"] is False


def test_what_has_run_is_expected_by_measurement(
    photo: Path, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [photo, "--mask", mask, "--sweep", "telea.radius=3,9", "--judge", "none"]
    assert call(*asked, "--out", tmp_path / "out") == 0
    capsys.readouterr()
    assert call(*asked, "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["measured"] is True


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--sweep", "telea.radius=3,3"], "twice"),
        (["--sweep", "telea.colour=3"], "colour"),
        (["--sweep", "telea.radius"], "telea.radius=3,5,9"),
        (["--sweep", "telea.radius=3,9", "--set", "telea.radius=5"], "both set and swept"),
        (["--sweep", "dilate=3,9", "--dilate", "5"], "both set and swept"),
        (["--seeds", "0-3", "--seed", "5", "--erasers", "patchmatch"], "both set and swept"),
        (["--seeds", "0-3", "--erasers", "telea"], "throws dice"),
        (["--seeds", "3-0", "--erasers", "patchmatch"], "no range"),
        (["--seeds", "0-64", "--erasers", "patchmatch"], "64"),
        (["--sweep", "lama.tile=3", "--erasers", "telea"], "lama"),
    ],
)
def test_what_is_no_sweep_is_said_before_anything_is_done(
    photo: Path, more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(photo, BOX, *more, "--out", tmp_path / "out") == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_figure_of_a_sweep_knows_the_axes(photo: Path, mask: Path, tmp_path: Path) -> None:
    out, name = tmp_path / "out", tmp_path / "figure"
    assert call(photo, "--mask", mask, *SWEEP, "--judge", "none", "--out", out) == 0
    drawn = [str(out), "--photo", str(photo), "--out", str(name), "--forms", "svg,csv,tex"]
    assert figure([*drawn, "--width", "500", "--columns", "6"]) == 0
    assert "Telea, radius 9, grown by 6\u00a0px" in name.with_suffix(".svg").read_text("utf-8")
    assert "Telea, radius 9, grown by 6 px" in name.with_suffix(".tex").read_text("utf-8")
    with name.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["axis.radius"], row["axis.dilate"]) for row in csv.DictReader(file)]
    assert rows == [("3", "0.0"), ("9", "0.0"), ("3", "6.0"), ("9", "6.0")]
    other = tmp_path / "other.png"
    PilImage.new("RGB", (120, 100)).save(other)
    assert figure([str(out), "--photo", str(other), "--out", str(name)]) == 2
