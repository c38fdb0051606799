"""Sweeps in tables: columns of settings, rows of dilations, and numbers that know the axes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from examples import tables
from examples.figure.__main__ import main as figure
from examples.running.cases import of_folder, open_case
from examples.running.jobs import grown_case
from examples.tables import main
from segmentation import dilate
from table_fixtures import put_case

SWEEP = ["--sweep", "telea.radius=3,9", "--sweep", "dilate=0,5"]


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tables, "fetch", lambda weight: weight)
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "weights"))
    put_case(tmp_path / "mine", "one", truth=True)
    put_case(tmp_path / "mine", "two", seed=3)
    return tmp_path / "out"


def run(out: Path, *more: str) -> int:
    return main([str(out.parent / "mine"), "--quick", "--out", str(out), *more])


def plain(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "table.json").read_text("utf-8"))
    return found


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / "table.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_sweep_has_rows_of_dilations_and_columns_of_settings(out: Path) -> None:
    assert run(out, *SWEEP) == 0
    cases = plain(out)["cases"]
    assert [(case["base"], case["dilate"]) for case in cases] == [
        (name, by) for name in ("one", "two") for by in (0, 5)
    ]
    for case in cases:
        axes = [cell["axes"] for cell in case["cells"]]
        assert axes == [{"radius": radius, "dilate": case["dilate"]} for radius in (3, 9)]
        assert all((out / cell["file"]).is_file() for cell in case["cells"])
    assert cases[0]["masked"] < cases[1]["masked"]
    assert cases[1]["title"]["en"] == "one, grown by 5 px"
    keys = {cell["key"] for case in cases for cell in case["cells"]}
    assert len(keys) == 8, "what a result is identified by has the axes in it"


def test_the_summary_does_not_mix_what_is_swept(out: Path) -> None:
    assert run(out, *SWEEP) == 0
    lines = {line["label"]["en"]: line for line in plain(out)["summary"]}
    assert list(lines) == [
        f"Telea, radius {radius}, grown by {by} px" for by in (0, 5) for radius in (3, 9)
    ]
    assert all((line["done"], line["truth_cases"]) == (2, 1) for line in lines.values())


def test_the_numbers_stand_in_a_file_with_a_column_for_each_axis(out: Path) -> None:
    assert run(out, *SWEEP) == 0
    rows = rows_of(out)
    assert [(row["axis.radius"], row["axis.dilate"]) for row in rows[:4]] == [
        ("3", "0.0"), ("9", "0.0"), ("3", "5.0"), ("9", "5.0"),
    ]  # fmt: skip
    assert float(rows[0]["psnr_mask"]) > 0 and rows[-1]["psnr_mask"] == "", "of a known truth alone"


def test_a_long_table_has_them_too(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(out, *SWEEP) == 0
    short = (out / "table.csv").read_text("utf-8")
    monkeypatch.setattr("examples.report.files.PAGE_CASES", 1)
    assert run(out, *SWEEP, "--report-only") == 0
    assert (out / "table-page-4.html").is_file()
    assert (out / "table.csv").read_text("utf-8") == short


def test_a_sweep_goes_on_where_it_was(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(out, "--sweep", "telea.radius=3") == 0
    capsys.readouterr()
    assert run(out, "--sweep", "telea.radius=3,9") == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "radius-3" in line]
    assert len(lines) == 2 and all("kept" in line for line in lines)


def test_the_mask_grows_in_the_photos_own_pixels(out: Path) -> None:
    (case, _) = of_folder(out.parent / "mine").cases
    usual, grown = open_case(case).mask, open_case(grown_case(case, 5)).mask
    assert (grown == dilate(usual, 5)).all() and grown.sum() > usual.sum()


def test_a_dry_run_erases_nothing(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(out, *SWEEP, "--dry-run") == 0
    *cells, ahead = capsys.readouterr().out.splitlines()
    assert len(cells) == 8 and cells[0] == "one--dilate-0 · telea--radius-3--dilate-0"
    assert ahead.startswith("8 cells, about") and not out.exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--sweep", "telea.radius=3,3"], "twice"),
        (["--sweep", "telea.colour=3"], "colour"),
        (["--sweep", "telea.radius=3,9", "--set", "telea.radius=5"], "both set and swept"),
        (["--sweep", "telea.radius=1,2,3,4,5,6,7,8,9", "--sweep", "dilate=0,1,2,3,4,5,6,7"], "72"),
        (["--sweep", "seed=0,1", "--seeds", "0-3", "--erasers", "patchmatch"], "seed is swept"),
    ],
)
def test_what_is_no_sweep_is_said_first(
    out: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(out, *more) == 2
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_a_figure_of_a_swept_table(out: Path) -> None:
    assert run(out, *SWEEP) == 0
    name = out.parent / "figure"
    asked = [str(out), "--table", str(out.parent / "mine"), "--out", str(name), "--width", "400"]
    assert figure([*asked, "--forms", "svg", "--cases", "one--dilate-0,one--dilate-5"]) == 0
    svg = name.with_suffix(".svg").read_text("utf-8")
    assert svg.count(">Truth</text>") == 2 and "Telea, radius 9, grown by 5\u00a0px" in svg
    assert figure([str(out)]) == 2, "the folder is not called like its table"
