"""Names of any bytes, consoles of any encoding, numbers with a minus, masks that need a word."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PilImage

from methods import readable, takes_all_text, with_their_numbers, write_any_text
from segmentation import encode_rle
from ui.cli.__main__ import main

ROOT = Path(__file__).resolve().parents[3]
QUICK = ["--erasers", "telea", "--judge", "none", "--offline"]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(3).integers(0, 255, (40, 60, 3)).astype(np.uint8)
    file = tmp_path / "photo.png"
    PilImage.fromarray(pixels).save(file)
    return file


def _mask() -> np.ndarray:
    mask = np.zeros((40, 60), np.bool_)
    mask[10:20, 20:30] = True
    return mask


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    file = tmp_path / "mask.png"
    PilImage.fromarray(_mask()).save(file)
    return file


def call(*args: object) -> int:
    try:
        return main([os.fspath(arg) if isinstance(arg, Path) else str(arg) for arg in args])
    except SystemExit as ending:
        assert isinstance(ending.code, int)
        return ending.code


def erased(out: Path) -> np.ndarray:
    with PilImage.open(out / "mask.png") as opened:
        return np.asarray(opened)


# --- names -------------------------------------------------------------------------------


def test_a_name_that_is_no_utf_8_is_shown_with_a_replacement() -> None:
    assert readable(os.fsdecode(b"fot\xf3grafo.jpg")) == "fot\ufffdgrafo.jpg"
    assert readable("照片 😀.png") == "照片 😀.png"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the system takes text only")
def test_photo_and_mask_may_have_any_name(photo: Path, mask: Path, tmp_path: Path) -> None:
    places = {kind: tmp_path / os.fsdecode(kind + b"_\xf3\xe1.png") for kind in (b"p", b"m")}
    photo.rename(places[b"p"])
    mask.rename(places[b"m"])
    out = tmp_path / "out"
    assert call("erase", places[b"p"], "--mask", places[b"m"], *QUICK, "--out", out) == 0
    report = json.loads((out / "settings.json").read_text(encoding="utf-8"))
    assert report["photo"]["name"] == report["case"]["photo"]["name"] == "p_\ufffd\ufffd.png"
    assert report["mask_file"] == "m_\ufffd\ufffd.png"
    again = ["--case", out / "settings.json", "--out", tmp_path / "again"]
    assert call("erase", places[b"p"], *again) == 0
    missing = tmp_path / os.fsdecode(b"\xff.png")
    assert call("erase", missing, "--mask", places[b"m"], *QUICK, "--out", out) == 2


# --- consoles ----------------------------------------------------------------------------


class _Stream(io.TextIOWrapper):
    """Standard output as it is under an encoding."""

    def __init__(self, encoding: str, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def written(self) -> bytes:
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue()


@pytest.mark.parametrize(
    ("encoding", "terminal", "named", "expected"),
    [
        ("cp1252", False, None, "é 中".encode()),
        ("cp1252", False, "cp1252", b"\xe9 \\u4e2d"),
        ("cp1252", True, None, b"\xe9 \\u4e2d"),
        ("ascii", True, None, b"\\xe9 \\u4e2d"),
        ("utf-8", True, None, "é 中".encode()),
    ],
)
def test_any_text_can_be_written(
    monkeypatch: pytest.MonkeyPatch, encoding: str, terminal: bool, named: Any, expected: bytes
) -> None:
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    if named:
        monkeypatch.setenv("PYTHONIOENCODING", named)
    stream = _Stream(encoding, terminal)
    monkeypatch.setattr("sys.stdout", stream)
    write_any_text()
    stream.write("é 中")
    assert stream.written == expected
    assert takes_all_text() == expected.startswith("é".encode())


@pytest.mark.slow
def test_json_is_whole_on_a_console_of_windows(photo: Path, mask: Path, tmp_path: Path) -> None:
    """With the Chinese half of a remark: flat colours, whose fill is blurred."""
    flat = np.zeros((300, 400, 3), np.uint8)
    flat[:, :200], flat[:, 200:] = (200, 60, 40), (40, 60, 200)
    noise = np.random.default_rng(1).integers(-6, 7, flat.shape)
    PilImage.fromarray((flat + noise).clip(0, 255).astype(np.uint8)).save(photo)
    hole = np.zeros((300, 400), np.bool_)
    hole[100:200, 150:260] = True
    PilImage.fromarray(hole).save(mask)
    words = ["erase", str(photo), "--mask", str(mask), "--erasers", "telea", "--offline", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "methods", *words, "--out", str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        timeout=120,
    )
    assert done.returncode == 0
    report = json.loads(done.stdout.decode("cp1252"))
    remarks = [each["remark"] for each in report["results"][0]["readings"] if each["remark"]]
    assert remarks and not any(remark["zh"].isascii() for remark in remarks)


# --- arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["--box", "-20,100,345,425"], ["--box=-20,100,345,425"]),
        (["--point", "-3,4", "--point", "5,6"], ["--point=-3,4", "--point", "5,6"]),
        (["--dilate", "-3", "x.jpg"], ["--dilate=-3", "x.jpg"]),
        (["--point", "-.5,2"], ["--point=-.5,2"]),
        (["--box", "-1e2,0,5,5"], ["--box=-1e2,0,5,5"]),
        (["--json", "--box", "1,2,3,4"], ["--json", "--box", "1,2,3,4"]),
        (["--json", "-v"], ["--json", "-v"]),
        (["a", "-5,3"], ["a", "-5,3"]),
        (["--", "--box", "-5,3"], ["--", "--box", "-5,3"]),
        (["--box=1,2,3,4", "-5"], ["--box=1,2,3,4", "-5"]),
    ],
)
def test_numbers_with_a_minus_belong_to_their_option(given: list[str], expected: list[str]) -> None:
    assert with_their_numbers(given) == expected


def test_a_box_may_hang_over_the_edge(photo: Path, tmp_path: Path) -> None:
    grabcut = [*QUICK, "--segmenter", "grabcut", "--out"]
    box = ["--box", "-20,-5,30,25", "--negative-box", "-5,0,10,10"]
    assert call("erase", photo, *box, *grabcut, tmp_path / "a") == 0
    again = [f"{box[0]}={box[1]}", f"{box[2]}={box[3]}"]
    assert call("erase", photo, *again, *grabcut, tmp_path / "b") == 0
    assert np.array_equal(erased(tmp_path / "a"), erased(tmp_path / "b"))


# --- masks -------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--mask", "--case"])
@pytest.mark.parametrize("form", ["compressed", "uncompressed", "annotations"])
def test_run_lengths_are_taken_back(photo: Path, tmp_path: Path, option: str, form: str) -> None:
    flat = _mask().T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flat, [False])).astype(int)))
    counts = np.diff(np.concatenate(([0], edges, [flat.size]))).tolist()
    forms: dict[str, Any] = {
        "compressed": encode_rle(_mask()),
        "uncompressed": {"size": [40, 60], "counts": counts},
        "annotations": [{"segmentation": encode_rle(_mask()), "area": 100}],
    }
    file, out = tmp_path / "rle.json", tmp_path / "out"
    file.write_text(json.dumps(forms[form]), encoding="utf-8")
    assert call("erase", photo, option, file, *QUICK, "--out", out) == 0
    assert np.array_equal(erased(out), _mask())


def test_a_mask_in_which_nothing_is_marked_is_named(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    black = tmp_path / "black.png"
    PilImage.fromarray(np.zeros((40, 60), np.uint8)).save(black)
    assert call("erase", photo, "--mask", black, *QUICK, "--out", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert said.count("black.png") == 1 and "0 of 255" in said


def test_other_readings_are_named_and_can_be_taken(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = np.where(_mask(), 3, 0).astype(np.uint8)
    labels[30:35, 5:9] = 7
    file, out = tmp_path / "labels.png", tmp_path / "out"
    PilImage.fromarray(labels).save(file)
    words = ["erase", photo, "--mask", file, *QUICK, "--out", out]
    assert call(*words) == 0
    said = capsys.readouterr().err
    assert "labels (3, 7)" in said and "--mask-reading 2" in said and "--mask-reading 3" in said
    assert np.array_equal(erased(out), labels > 0)
    assert call(*words, "--mask-reading", 3) == 0
    assert np.array_equal(erased(out), labels == 7)
    said = capsys.readouterr().err
    assert "Label 7 alone is erased." in said and "another way" not in said
    report = json.loads((out / "settings.json").read_text(encoding="utf-8"))
    assert [note["en"] for note in report["mask_notes"]] == ["Label 7 alone is erased."]
    assert call(*words, "--mask-reading", 4) == 2
    said = capsys.readouterr().err
    assert "3 ways" in said and "2: Label 3 alone is erased. 3: Label 7" in said
