"""What `python -m methods erase` says and writes about its results' quality."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PilImage

from methods import METRICS, Image, WeightsUnavailable
from methods._engine import worker
from methods._engine.result_cache import ResultCache
from methods._metrics import truth as truth_module
from metric_tools import Scene, stand_in
from ui.cli import judge as cli_judge
from ui.cli import judging
from ui.cli.__main__ import main


@pytest.fixture(autouse=True)
def no_cached_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "results", ResultCache())


@pytest.fixture
def no_lpips(monkeypatch: pytest.MonkeyPatch) -> None:
    """LPIPS's weights are not on this machine and cannot be fetched."""

    def refuse(weights: object) -> None:
        raise WeightsUnavailable.retold(
            "lpips_alexnet.ckpt could not be fetched.", "nothing_worked"
        )

    monkeypatch.setattr(truth_module, "find_weights", lambda weight: None)
    monkeypatch.setattr(cli_judge, "fetch_missing", refuse)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A part of the pebbles: photo, mask and truth as PNG."""
    scene: Scene = stand_in("several-targets")
    rows, columns = scene.box
    part = (slice(max(0, rows.start - 60), rows.stop + 60), slice(0, columns.stop + 60))
    pictures = {"photo": scene.photo[part], "truth": scene.truth[part]}
    pictures["mask"] = scene.mask[part].astype(np.uint8) * 255
    found = {}
    for name, pixels in pictures.items():
        found[name] = tmp_path / f"{name}.png"
        PilImage.fromarray(pixels).save(found[name])
    return found


def erase(files: dict[str, Path], *more: object) -> int:
    given = [files["photo"], "--mask", files["mask"], "--out", files["photo"].parent / "out"]
    arguments = [str(each) for each in ("erase", *given, "--erasers", "telea,navier_stokes", *more)]
    try:
        return main(arguments)
    except SystemExit as ending:
        assert isinstance(ending.code, int)
        return ending.code


def results(files: dict[str, Path]) -> list[dict[str, Any]]:
    report = json.loads((files["photo"].parent / "out" / "settings.json").read_text("utf-8"))
    found: list[dict[str, Any]] = report["results"]
    return found


def test_remarks_are_said_and_numbers_written(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase(files) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["telea", "navier_stokes"] * 2
    assert all("Blurred inside" in line for line in lines[2:])
    for result in results(files):
        by_id = {reading["id"]: reading for reading in result["readings"]}
        assert list(by_id) == [id for id in METRICS if id in by_id]
        assert by_id["sharpness"]["remark"]["zh"].startswith("内部模糊")
        assert by_id["rim"]["remark"] is None


@pytest.mark.slow
def test_a_truth_adds_its_numbers(
    files: dict[str, Path], no_lpips: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase(files, "--truth", files["truth"]) == 0
    captured = capsys.readouterr()
    assert "PSNR, mask" in captured.out and "SSIM, mask" in captured.out
    assert "LPIPS, mask" not in captured.out
    assert "could not be fetched" in captured.err and "fetch lpips" in captured.err
    ids = {reading["id"] for reading in results(files)[0]["readings"]}
    assert {"psnr", "psnr_box", "psnr_mask", "ssim_mask"} <= ids


def test_nothing_is_judged_where_that_is_wished(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase(files, "--judge", "none") == 0
    assert "Blurred" not in capsys.readouterr().out
    assert not any("readings" in result for result in results(files))


def test_json_alone_is_printed(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert erase(files, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert all(result["readings"] for result in report["results"])


def test_a_truth_of_another_size_is_refused(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.png"
    PilImage.open(files["truth"]).resize((80, 50)).save(other)
    assert erase(files, "--truth", other) == 2
    error = capsys.readouterr().err
    assert "80 x 50" in error and "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_a_truth_is_never_overwritten(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    truth = files["truth"].rename(tmp_path / "out" / "telea.png")
    before = truth.read_bytes()
    assert erase(files, "--truth", truth) == 2
    assert truth.read_bytes() == before
    assert "overwrite" in capsys.readouterr().err


def test_the_full_judgement_asks_the_network(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import segmentation

    def grid(image: Image) -> NDArray[np.float32]:
        height, width = (-(-side // 16) for side in image.shape[:2])
        return np.ones((height, width, 4), np.float32)

    monkeypatch.setattr(segmentation, "features_of", grid)
    monkeypatch.setattr(segmentation, "are_features_ready", lambda: True)
    assert erase(files, "--judge", "full") == 0
    by_id = {reading["id"]: reading["value"] for reading in results(files)[0]["readings"]}
    assert by_id["leftover_features"] == 1 and by_id["inserted"] == 0
    assert by_id["remove"] == pytest.approx(1)
    assert "leftover_words" not in by_id  # no words were given


@pytest.mark.slow
def test_without_its_weights_the_network_is_left_out(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import segmentation

    monkeypatch.setattr(segmentation, "are_features_ready", lambda: False)
    assert erase(files, "--judge", "full", "--offline") == 0
    assert "fetch mobile_sam" in capsys.readouterr().err
    ids = {reading["id"] for reading in results(files)[0]["readings"]}
    assert "rim" in ids and "remove" not in ids


@pytest.mark.parametrize(("scores", "best"), [((0.4, 0.7), 0.7), ((), 0.0)])
def test_the_detector_looks_for_the_words_again(
    scores: tuple[float, ...], best: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best score of what the words find on a picture."""
    import segmentation

    asked: list[str] = []

    class Detector:
        def detect(self, image: Image, phrase: Any) -> Any:
            asked.append(phrase.text)
            found = tuple(SimpleNamespace(score=score) for score in scores)
            return SimpleNamespace(found=found)

    monkeypatch.setattr(segmentation, "get_detector", lambda name, **_options: Detector())
    finds = judging.finder("Red car", None)
    assert finds(np.zeros((40, 50, 3), np.uint8)) == best
    assert "red car" in asked[0]


@pytest.mark.slow
def test_where_workers_are_a_crash_costs_the_numbers_alone(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers are another process's; where that dies again and again, the results stay."""
    monkeypatch.setenv("ERASER_LAB_WORKERS", "1")
    assert erase(files) == 0
    told = results(files)
    assert all(each["readings"] for each in told)
    monkeypatch.setattr("ui.cli.erase.erase.ENTRY", "helper_toys:deadly")
    assert erase(files) == 0
    assert [each["state"] for each in results(files)] == ["done", "done"]
    assert all(each["readings"] == [] for each in results(files))


def test_the_list_names_what_lpips_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    (entry,) = (entry for entry in entries if entry["kind"] == "metric")
    assert entry["id"] == "lpips" and entry["weights"] == ["lpips_alexnet.ckpt"]
    assert not entry["default"]
