"""The owner's erasers on the command line: settings, sweeps, tables, comparing, the docs' file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PilImage

from examples.running.cases import of_folder
from examples.running.jobs import Choice
from examples.running.records import Folder
from examples.running.run import run_table
from methods import StopToken, get_eraser, png_bytes
from methods._engine import worker
from methods._engine.result_cache import ResultCache
from own_tools import SCRIPT, Own
from table_fixtures import put_case
from ui.cli.__main__ import main

pytest_plugins = ["own_fixtures"]

ROOT = Path(__file__).resolve().parents[3]
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def no_cached_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "results", ResultCache())


def erased(photo: Path, mask: Path, out: Path, *more: str) -> int:
    """The exit code."""
    words = ["erase", str(photo), "--mask", str(mask), "--out", str(out), "--offline"]
    return main([*words, *more])


def report_of(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "settings.json").read_text("utf-8"))
    return found


@pytest.mark.slow
def test_the_docs_own_example_works_in_the_folder(
    own: Own, photo: Path, mask: Path, tmp_path: Path
) -> None:
    """Its file and its sentences, as they stand on the page."""
    for language, file, text in FENCE.findall(
        (ROOT / "docs/adding-an-eraser.md").read_text("utf-8")
    ):
        if language == "python" and file.startswith("methods/"):
            own.put(Path(file).name, text)
        elif language == "po":
            own.put(f"locales/{Path(file).name}", text)
    assert get_eraser("biharmonic").spec.summary.said("zh").startswith("用最平滑的曲面")
    out = tmp_path / "out"
    settings = ["--set", "biharmonic.longest_side=64"]
    assert erased(photo, mask, out, "--erasers", "biharmonic", *settings) == 0
    (result,) = report_of(out)["results"]
    assert (result["changed_outside"], result["settings"]["longest_side"]) == (0, 64)
    before, after = (np.asarray(PilImage.open(each)) for each in (photo, out / "biharmonic.png"))
    hole = np.asarray(PilImage.open(mask)) > 0
    assert np.array_equal(before[~hole], after[~hole])
    assert not np.array_equal(before[hole], after[hole])
    assert (
        erased(
            photo, mask, out, "--erasers", "biharmonic", *settings[:1], "biharmonic.longest_side=9"
        )
        == 2
    )


WITH_LEVEL = SCRIPT.replace("= 200", "= int(sys.argv[4])")
LEVEL = """
    seeded = false
    learned = false
    [settings.level]
    type = "int"
    default = 120
    min = 0
    max = 255
    help = "The grey."
"""


def test_its_settings_are_options_with_checks_and_can_be_swept(
    own: Own, photo: Path, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.command("mine", WITH_LEVEL, LEVEL, '"{settings.level}"')
    out, mine = tmp_path / "out", ("--erasers", "mine", "--set", "mine.seamless=false")
    for wrong, words in (
        ("mine.level=256", "less than or equal to 255"),
        ("mine.level=grey", "integer"),
        ("mine.leve=3", "level"),
    ):
        assert erased(photo, mask, out, *mine, "--set", wrong) == 2
        assert words in capsys.readouterr().err
    assert erased(photo, mask, out, *mine, "--sweep", "mine.level=40,80") == 0
    hole = np.asarray(PilImage.open(mask)) > 0
    for result in report_of(out)["results"]:
        level = result["axes"]["level"]
        assert result["settings"]["level"] == level
        assert (np.asarray(PilImage.open(out / result["file"]))[hole] == level).all()
    assert {result["axes"]["level"] for result in report_of(out)["results"]} == {40, 80}


def test_a_continued_table_runs_anew_what_is_made_of_something_else(
    own: Own, tmp_path: Path
) -> None:
    """The manifest, or a script that it names; nothing else is run again."""
    put_case(tmp_path / "photos", "one", size=(48, 64))
    table, folder = of_folder(tmp_path / "photos"), Folder(tmp_path / "out")

    def kept(*names: str) -> list[bool]:
        choice = Choice(names, features=False)
        (row,) = run_table(table, choice, folder, StopToken(), lambda step: None)
        assert [cell.state for cell in row.cells] == ["done"] * len(names)
        return [cell.kept for cell in row.cells]

    own.command("mine", WITH_LEVEL, LEVEL, '"{settings.level}"')
    own.command("other", SCRIPT)
    assert kept("mine", "other") == [False, False]
    assert kept("mine", "other") == [True, True]
    own.put("mine.py", WITH_LEVEL.replace("int(", "1 + int("))
    assert kept("mine", "other") == [False, True]
    own.command("mine", WITH_LEVEL, LEVEL.replace("grey", "shade"), '"{settings.level}"')
    assert kept("mine", "other") == [False, True]


PORT = """
    import sys
    import cv2
    image, mask, output = (cv2.imread(sys.argv[1]), cv2.imread(sys.argv[2], 0), sys.argv[3])
    cv2.imwrite(output, cv2.inpaint(image, mask, int(sys.argv[4]), cv2.INPAINT_TELEA))
"""
RADIUS = """
    seeded = false
    learned = false
    [canvas]
    longest_side = 64
    [settings.radius]
    type = "int"
    default = 3
    min = 1
    max = 20
    help = "How far it looks."
"""


@pytest.mark.slow
def test_a_port_agrees_with_a_program_of_its_own(
    own: Own, photo: Path, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our Telea's crops, given to OpenCV's Telea in a process of its own."""
    own.command("theirs", PORT, RADIUS, '"{settings.radius}"')
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "one.png").write_bytes(photo.read_bytes())
    (photos / "one_mask.png").write_bytes(mask.read_bytes())
    picture = tmp_path / "difference.png"
    words = ["agree", "telea", "theirs", "--photos", str(photos), "--picture", str(picture)]
    radius = ["--set", "theirs.radius=5", "--set", "telea.radius=5"]
    assert main([*words, *radius, "--json", "--most", "0"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["max"], row["mean"], row["psnr"], row["max_in_hole"]) == (0, 0, None, 0)
    assert main([*words, "--set", "theirs.radius=12", "--json", "--most", "0"]) == 1
    (row,) = json.loads(capsys.readouterr().out)
    shown = np.asarray(PilImage.open(picture).convert("RGB")).astype(int)
    ours, theirs, strong = np.split(shown, 3, axis=1)
    difference = np.abs(ours - theirs)
    assert (row["max"], row["max_in_hole"]) == (difference.max(), difference.max()) != (0, 0)
    assert row["mean"] == pytest.approx(difference.mean(), abs=1e-3)
    assert row["psnr"] == pytest.approx(
        cv2.PSNR(ours.astype(np.uint8), theirs.astype(np.uint8)), abs=0.01
    )
    assert np.array_equal(strong > 0, difference > 0)
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "one.png" in said and "PSNR" in said and "difference.png" in said


def test_agree_says_what_it_lacks(own: Own, tmp_path: Path) -> None:
    own.command("theirs", PORT, RADIUS, '"{settings.radius}"')
    assert main(["agree", "telea", "theirs", "--photos", str(tmp_path / "none")]) == 2
    (tmp_path / "one.png").write_bytes(png_bytes(np.zeros((60, 80, 3), np.uint8)))
    assert main(["agree", "telea", "nobody", "--photos", str(tmp_path)]) == 2


def test_every_command_takes_the_folder(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    own.put("mine.toml", "kind = ")
    monkeypatch.delenv("ERASER_LAB_ERASERS_DIR")
    asked: list[str] = []

    def noted(args: Any) -> int:
        asked.append(str(get_eraser("mine").spec.unavailable))
        return 0

    for module, name in (("make", "make_named"), ("pin", "pin_folder")):
        monkeypatch.setattr(f"ui.cli.embeddings.{name}", noted)
        words = ["--out", "o"] if module == "make" else ["f", "--repo", "a/b", "--revision", "c"]
        own.put("mine.toml", "kind = ")
        assert main(["embeddings", module, *words, "--erasers-dir", str(own.folder)]) == 0
    assert len(asked) == 2 and all("mine.toml" in each for each in asked)
    assert main(["embeddings", "make", "--out", "o", "--erasers-dir", str(own.folder / "no")]) == 2
