"""`new`, `check`, `agree` and `reload`: the owner's way to an eraser of their own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from methods import png_bytes
from methods._own.beginning import OWN_CLIENT
from own_tools import Own
from ui.cli.__main__ import main

pytest_plugins = ["own_fixtures"]

PYTHON_FILE = Path(OWN_CLIENT).with_name("file.py.txt")


def findings(own: Own, capsys: pytest.CaptureFixture[str], name: str) -> tuple[int, dict[str, str]]:
    capsys.readouterr()
    code = main(["check", name, "--json"])
    found = json.loads(capsys.readouterr().out)
    worst = {"ok": 0, "note": 1, "wrong": 2}
    verdicts: dict[str, str] = {}
    for each in found:
        before = verdicts.get(each["about"], "ok")
        verdicts[each["about"]] = max(before, each["verdict"], key=lambda verdict: worst[verdict])
    return code, verdicts


def test_what_new_writes_keeps_the_contract(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "file", "mine"]) == 0
    code, verdicts = findings(own, capsys, "mine")
    assert (code, set(verdicts.values())) == (0, {"ok"})
    assert main(["new", "file", "mine"]) == 2  # it is there already
    assert main(["new", "file", "Not Good"]) == 2
    assert main(["new", "server", "theirs", "--kind", "gradio"]) == 0
    assert 'kind = "gradio"' in (own.folder / "theirs.toml").read_text("utf-8")
    assert main(["new", "client"]) == 0
    assert (own.folder / OWN_CLIENT.name).read_bytes() == OWN_CLIENT.read_bytes()


@pytest.mark.parametrize(
    ("line", "about"),
    [
        ("return np.where(mask[..., None], image, filled)", "mask"),
        ("return image.copy()", "mask"),
        ("return filled[:-1]", "answer"),
        ("return filled.astype(float)", "answer"),
        ("return np.where(mask[..., None], np.uint8(9), image)", "seed"),
        ("return image[", "file"),
    ],
)
def test_check_finds_what_is_wrong(
    own: Own, capsys: pytest.CaptureFixture[str], line: str, about: str
) -> None:
    text = PYTHON_FILE.read_text("utf-8").replace('"NAME"', '"mine"')
    own.put("mine.py", text.replace("return np.where(mask[..., None], filled, image)", line))
    code, verdicts = findings(own, capsys, "mine")
    assert code == 1
    assert verdicts[about] == "wrong", verdicts


def test_agree_tells_how_far_two_differ(
    own: Own, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    noise = np.random.default_rng(2).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    (photos / "one.png").write_bytes(png_bytes(noise))
    hole = np.zeros((60, 80, 3), np.uint8)
    hole[20:30, 20:40] = 255
    (photos / "one_mask.png").write_bytes(png_bytes(hole))
    for name, level in (("first", 100), ("second", 103)):
        text = PYTHON_FILE.read_text("utf-8").replace('"NAME"', f'"{name}"')
        own.put(f"{name}.py", text.replace("setting(128", f"setting({level}"))
    told = ["agree", "first", "second", "--photos", str(photos), "--json"]
    told += ["--picture", str(tmp_path / "d.png")]
    assert main(told) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["max"], row["max_in_hole"], row["mean_in_hole"]) == (3, 3, 3)
    assert (tmp_path / "d.png").stat().st_size > 100
    assert main([*told, "--most", "2"]) == 1
    assert main([*told, "--set", "second.level=100", "--most", "0"]) == 0


def test_reload_says_what_there_is(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    own.put("typo.toml", 'kind = "comand"')
    assert main(["reload"]) == 0
    out = capsys.readouterr().out
    assert "typo: typo.toml" in out and "1 in" in out


def test_a_photo_leaves_for_no_host_that_was_not_agreed_to(
    own: Own, capsys: pytest.CaptureFixture[str], tmp_path: Path, examples_dir: Path
) -> None:
    """No server is there, so that what was agreed to is seen to be asked."""
    away = 'kind = "iopaint"\n[server]\nurl = "https://erase.invalid"\nseconds = 5\nretries = 0\n'
    own.put("away.toml", away)
    photo = str(examples_dir / "rocket.jpg")
    words = ["erase", photo, "--box", "300,125,345,425", "--segmenter", "grabcut"]
    words += ["--erasers", "away", "--out", str(tmp_path / "out")]
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(png_bytes(np.full((40, 60, 3), 90, np.uint8)))
    agree = ["agree", "away", "telea", "--photos", str(folder)]
    for command in (words, ["check", "away"], agree, ["bench", "--erasers", "away"]):
        assert main(command) == 2
        assert "--agree erase.invalid" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*words, "--agree", "erase.invalid"]) == 1
    assert "erase.invalid" in "".join(capsys.readouterr())
