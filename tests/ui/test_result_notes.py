"""What an eraser says of a result reaches everybody who gets that result."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from examples.tables import main as tables
from methods.patchmatch import bound
from ui.api.requests import ApiErase
from ui.api.work import Api
from ui.cli.__main__ import main
from ui.service.reports.report import report_of
from ui.service.service import Service
from ui_tools import last, order, png_file

pytest.importorskip("patchmatch")
pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers", "small_bound")

SAID = {"en": "% of the usual resolution", "zh": "通常分辨率的"}


@pytest.fixture
def small_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disc of `picture` is more than PatchMatch may do at full size."""
    monkeypatch.setattr(bound, "MOST_WORK", 5_000)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A photo and its mask in a folder, as a table takes them."""
    photo, mask = tmp_path / "mine" / "a.png", tmp_path / "mine" / "a-mask.png"
    photo.parent.mkdir()
    photo.write_bytes(png_file())
    marked = np.zeros((90, 120), np.uint8)
    marked[20:70, 35:85] = 255
    Pil.fromarray(marked).save(mask)
    return photo, mask


def test_on_the_card_in_the_kept_run_and_in_its_report(service: Service, photo: str) -> None:
    grid = last(service.erase(order(photo, "patchmatch", "paint")))
    (note,) = grid["cards"][0]["result_notes"]
    assert all(words in note[language] for language, words in SAID.items())
    assert grid["cards"][1]["result_notes"] == []
    kept = service.runs.load(grid["run"])["grid"]["cards"][0]
    assert kept["result_notes"] == [note]
    report = report_of(service.runs, [grid["run"]]).decode()
    assert all(report.count(words) == 1 for words in SAID.values())


def test_to_a_program(service: Service, files: tuple[Path, Path]) -> None:
    there = [service.uploads.folder / file.name for file in files]
    for file, place in zip(files, there, strict=True):
        place.write_bytes(file.read_bytes())
    image, mask = ({"path": str(place)} for place in there)
    asked = {"image": image, "mask": mask, "erasers": ["patchmatch", "paint"]}
    answer = Api(service).erase(ApiErase.model_validate(asked), "")
    (note,) = answer["results"][0]["notes"]
    assert SAID["en"] in note["en"] and answer["results"][1]["notes"] == []


def test_on_the_command_line(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, mask = files
    words = ["--erasers", "patchmatch", "--judge", "none", "--out", str(tmp_path / "out")]
    assert main(["erase", str(photo), "--mask", str(mask), *words]) == 0
    assert capsys.readouterr().out.count(SAID["en"]) == 1
    report = json.loads((tmp_path / "out" / "settings.json").read_text(encoding="utf-8"))
    (note,) = report["results"][0]["notes"]
    assert SAID["zh"] in note["zh"]


def test_in_a_tables_report_also_when_it_is_made_anew(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    words = ["--erasers", "patchmatch", "--quick", "--out", str(tmp_path / "out")]
    for more in ([], ["--report-only"]):
        assert tables([str(files[0].parent), *words, *more]) == 0
        plain = json.loads((tmp_path / "out" / "table.json").read_text(encoding="utf-8"))
        assert len(plain["cases"][0]["cells"][0]["result_notes"]) == 1
        for name in ("table.html", "table.md"):
            assert (tmp_path / "out" / name).read_text("utf-8").count(SAID["en"]) == 1


def test_where_the_bound_is_not_met_nothing_is_said(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bound, "MOST_WORK", 10**9)
    grid = last(service.erase(order(photo, "patchmatch")))
    assert grid["cards"][0]["result_notes"] == []
