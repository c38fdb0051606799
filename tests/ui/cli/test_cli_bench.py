"""`python -m methods bench`: times, quality against a known truth, and their picture."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from methods._metrics.judge import Reading
from metric_tools import stand_in
from ui.cli.__main__ import main
from ui.cli.bench import bench as cli_bench
from ui.cli.bench import quality
from ui.cli.bench.chart import HEIGHT, WIDTH, scales_for, trade_off
from ui.cli.bench.quality import Case, Measured, Quality, summary

QUICK = ["--erasers", "telea,navier_stokes"]


def call(*args: object) -> int:
    try:
        return main([str(arg) for arg in args])
    except SystemExit as ending:
        assert isinstance(ending.code, int)
        return ending.code


@pytest.fixture
def small_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two photos for the times, two cases for the quality, and no LPIPS."""
    cases = (("rocket.jpg", (300, 125, 345, 200)), ("astronaut.png", (380, 0, 500, 120)))
    monkeypatch.setattr(cli_bench, "CASES", cases)

    def two() -> Iterator[Case]:
        for name in ("text-behind", "several-targets"):
            scene = stand_in(name)
            rows, columns = scene.box
            part = (slice(rows.start, rows.stop), slice(0, columns.stop + 30))
            yield Case(name, scene.photo[part], scene.mask[part], scene.truth[part])

    monkeypatch.setattr(quality, "truth_cases", two)
    monkeypatch.setattr(cli_bench, "prepare_lpips", lambda: None)
    monkeypatch.setattr("methods._metrics.truth.find_weights", lambda weight: None)


def row(eraser: str, seconds: float, lpips: float | None, ssim: float = 0.5) -> Quality:
    return Quality(eraser, 7, lpips, ssim, 20.0, 1, seconds, 10**8, "cpu")


# --- times -----------------------------------------------------------------------------------


def test_bench_measures_each_eraser_on_each_photo(
    small_bench: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("bench", "--repeat", "2", *QUICK, "--measure", "time", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["times"]
    assert [(row["eraser"], row["photo"]) for row in rows] == [
        (eraser, photo)
        for photo in ("rocket.jpg", "astronaut.png")
        for eraser in ("telea", "navier_stokes")
    ]
    assert all(row["erase_seconds"] > 0 and row["peak_memory"] >= 0 for row in rows)
    for photo in ("rocket.jpg", "astronaut.png"):
        assert min(row["times_fastest"] for row in rows if row["photo"] == photo) == 1
    assert [row["times_smallest"] for row in rows[:2]] == [1, 1]


def test_bench_prints_an_aligned_table(
    small_bench: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("bench", "--repeat", "1", "--erasers", "telea", "--measure", "time") == 0
    header, *lines = capsys.readouterr().out.rstrip().splitlines()
    assert len(lines) == 2 and header.split()[:3] == ["eraser", "photo", "Mpx"]
    assert len({len(line) for line in (header, *lines)}) == 1


@pytest.mark.parametrize("args", [["--repeat", "0"], ["--erasers", "nobody"], ["--repeat", "x"]])
def test_bench_checks_its_arguments(args: list[str], small_bench: None) -> None:
    assert call("bench", *args) == 2


def test_the_examples_of_the_bench_are_there() -> None:
    for name, (x0, y0, x1, y1) in cli_bench.CASES:
        with PilImage.open(quality.EXAMPLES / name) as photo:
            assert 0 <= x0 < x1 <= photo.width and 0 <= y0 < y1 <= photo.height


# --- quality ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_each_eraser_is_measured_on_each_case(
    small_bench: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "new" / "trade-off.png"
    code = call("bench", *QUICK, "--measure", "quality", "--json", "--picture", picture)
    assert code == 0
    report = json.loads(capsys.readouterr().out)
    assert "times" not in report
    measured = {(one["eraser"], one["case"]) for one in report["results"]}
    assert measured == {
        (eraser, case)
        for eraser in ("telea", "navier_stokes")
        for case in ("text-behind", "several-targets")
    }
    for each in report["quality"]:
        own = [one for one in report["results"] if one["eraser"] == each["eraser"]]
        ssim = [r["value"] for one in own for r in one["readings"] if r["id"] == "ssim_mask"]
        assert each["ssim_mask"] == pytest.approx(np.mean(ssim), abs=1e-3)
        assert each["lpips_mask"] is None and each["cases"] == 2
        assert each["erase_seconds"] > 0 and each["device"] in ("cpu", "cuda", "mps")
    assert PilImage.open(picture).size == (WIDTH, HEIGHT)


@pytest.mark.slow
def test_quality_is_an_aligned_table(
    small_bench: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "trade-off.png"
    assert call("bench", *QUICK, "--measure", "quality", "--picture", picture) == 0
    header, first, second, blank, place = capsys.readouterr().out.rstrip().splitlines()
    assert header.split()[:2] == ["eraser", "cases"]
    assert len({len(line) for line in (header, first, second)}) == 1
    assert not blank and place.endswith("trade-off.png")


@pytest.mark.slow
def test_a_failing_eraser_is_said_and_leaves_the_others(
    small_bench: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails(*_args: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("methods.telea.Telea.erase", fails)
    picture = tmp_path / "trade-off.png"
    assert call("bench", *QUICK, "--measure", "quality", "--json", "--picture", picture) == 1
    captured = capsys.readouterr()
    assert [row["eraser"] for row in json.loads(captured.out)["quality"]] == ["navier_stokes"]
    assert "telea, several-targets" in captured.err


@pytest.mark.slow
def test_a_picture_that_cannot_be_written_is_said(
    small_bench: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    picture = tmp_path / "file" / "trade-off.png"
    assert call("bench", "--erasers", "telea", "--measure", "quality", "--picture", picture) == 2
    assert "--picture" in capsys.readouterr().err


def test_the_shipped_cases_have_a_truth() -> None:
    cases = list(quality.truth_cases())
    assert len(cases) >= 5
    for case in cases:
        assert case.photo.shape == case.truth.shape and case.mask.shape == case.photo.shape[:2]
        inside, outside = (
            np.abs(case.photo[where].astype(int) - case.truth[where]).mean()
            for where in (case.mask, ~case.mask)
        )
        assert inside > 5 * outside, case.id


def test_the_nearest_to_the_truth_comes_first() -> None:
    def one(eraser: str, case: str, lpips: float, seconds: float) -> Measured:
        readings = (Reading("lpips_mask", lpips), Reading("ssim_mask", 0.5))
        return Measured(eraser, case, seconds, 5, "cpu", readings)

    measured = [one("a", "1", 0.6, 1), one("b", "1", 0.1, 3), one("a", "2", 0.4, 9)]
    first, second = summary([*measured, one("a", "3", 0.5, 2)])
    assert (first.eraser, first.lpips_mask, first.cases) == ("b", 0.1, 1)
    assert (second.eraser, second.lpips_mask, second.erase_seconds) == ("a", 0.5, 2)
    assert second.psnr_mask is None


# --- the picture -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        [row("telea", 0.1, 0.6)],
        [row("telea", 1.0, 0.5), row("migan", 1.0, 0.5)],
        [row("telea", 0.0, None, 0.2), row("migan", 3.2, None, 0.9)],
        [row(name, 40.0 * 1.01**i, 0.3) for i, name in enumerate(["telea", "migan", "lama"] * 6)],
    ],
)
def test_any_rows_can_be_drawn(rows: list[Quality]) -> None:
    picture = trade_off(rows)
    assert picture.size == (WIDTH, HEIGHT)
    colors = picture.getcolors(2**20)
    assert colors and len(colors) > 20


def test_fast_is_left_and_good_is_above() -> None:
    rows = [row("telea", 0.1, 0.6), row("migan", 2.0, 0.2)]
    scales = scales_for(rows)
    fast, good = (scales.place(each.erase_seconds, each.lpips_mask or 0) for each in rows)
    assert fast[0] < good[0] and good[1] < fast[1]
    assert all(math.isfinite(value) for value in (*fast, *good))
    alone = replace(rows[0], lpips_mask=0.6)
    assert scales_for([alone]).seconds[0] < scales_for([alone]).seconds[1]
