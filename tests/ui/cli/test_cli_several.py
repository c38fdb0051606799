"""Several photos in one call of `python -m methods erase`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from methods._engine import worker
from methods._engine.result_cache import ResultCache
from ui.cli.__main__ import main
from ui.cli.erase.several import MOST_PHOTOS

BOX = (slice(20, 40), slice(30, 60))


@pytest.fixture(autouse=True)
def no_cached_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(worker, "results", ResultCache())
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "weights"))


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Two photos; the second one's mask is another."""
    (tmp_path / "masks").mkdir()
    dice, found = np.random.default_rng(0), []
    for place, name in enumerate(("one", "two")):
        pixels = dice.integers(0, 255, (60, 90, 3)).astype(np.uint8)
        mask = np.zeros((60, 90), np.uint8)
        mask[BOX] = 255
        PilImage.fromarray(np.roll(mask, 8 * place)).save(
            tmp_path / "masks" / (f"{name}-mask.png" if place else f"{name}.png")
        )
        found.append(tmp_path / f"{name}.png")
        PilImage.fromarray(pixels).save(found[-1])
    return found


def call(*args: object) -> int:
    return main(["erase", *map(str, args), "--erasers", "telea,navier_stokes", "--offline"])


def changed(photo: Path, result: Path) -> np.ndarray:
    before, after = (np.asarray(PilImage.open(file).convert("RGB")) for file in (photo, result))
    return (before != after).any(axis=2)


def test_each_photo_has_a_folder_and_its_own_mask(tmp_path: Path, photos: list[Path]) -> None:
    out = tmp_path / "out"
    assert call(*photos, "--mask", tmp_path / "masks", "--out", out) == 0
    for place, photo in enumerate(photos):
        hole = np.zeros((60, 90), bool)
        hole[BOX] = True
        where = changed(photo, out / photo.stem / "telea.png")
        assert where.any() and not (where & ~np.roll(hole, 8 * place)).any()
    report = json.loads((out / "settings.json").read_text("utf-8"))
    assert [each["folder"] for each in report["photos"]] == ["one", "two"]
    assert all(len(each["results"]) == 2 for each in report["photos"])


def test_a_photo_that_cannot_be_used_costs_itself_alone(
    tmp_path: Path, photos: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "three.png"
    broken.write_bytes(b"no picture")
    code = call(broken, photos[0], "--mask", tmp_path / "masks", "--out", tmp_path / "out")
    assert code != 0
    assert "three.png: " in capsys.readouterr().err
    assert (tmp_path / "out" / "one" / "telea.png").is_file()


def test_a_dry_run_counts_all_photos(
    photos: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*photos, "--box=30,20,60,40", "--sweep", "telea.radius=3,9", "--dry-run") == 0
    assert "6 cells" in capsys.readouterr().out


def test_there_is_a_bound(photos: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*[photos[0]] * (MOST_PHOTOS + 1), "--box=30,20,60,40") != 0
    assert str(MOST_PHOTOS) in capsys.readouterr().err
