"""`python -m methods erase`: what it writes, what it refuses, and its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PilImage

from methods import BadInput, Image, Mask, WeightsUnavailable, fetch, get_eraser, load_image
from methods._engine import registry, worker
from methods._engine.result_cache import ResultCache
from methods._weights.store import use_local
from segmentation import list_segmenters
from ui.cli.__main__ import main
from ui.cli.weights import weights as cli_weights

ROOT = Path(__file__).resolve().parents[3]
BOX = "--box=40,25,75,60"
QUICK = ["--erasers", "telea,navier_stokes"]


@pytest.fixture(autouse=True)
def no_cached_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "results", ResultCache())


def pixels_of(file: Path) -> Image:
    return np.asarray(PilImage.open(file).convert("RGB"))


def mask_of(file: Path) -> Mask:
    return np.asarray(PilImage.open(file).convert("L")) > 0


def call(*args: object) -> int:
    """main() as the shell calls it, its exit codes included."""
    try:
        return main([str(arg) for arg in args])
    except SystemExit as ending:
        assert isinstance(ending.code, int)
        return ending.code


def shell(*args: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "methods", *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        **more,
    )


# --- erase -------------------------------------------------------------------------------


def test_erase_with_a_mask(
    photo: Path, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out" / "deep"
    before = photo.read_bytes()
    assert call("erase", photo, "--mask", mask, *QUICK, "--out", out) == 0
    names = {"mask.png", "navier_stokes.png", "settings.json", "telea.png"}
    assert {path.name for path in out.iterdir()} == names
    original, hole = pixels_of(photo), mask_of(mask)
    assert (mask_of(out / "mask.png") == hole).all()
    said = capsys.readouterr().out
    for name in ("telea.png", "navier_stokes.png"):
        result = pixels_of(out / name)
        assert (result[~hole] == original[~hole]).all()
        assert (result[hole] != original[hole]).any(axis=1).mean() > 0.5
        assert name in said
    assert photo.read_bytes() == before


def test_a_long_thin_mask_is_erased_in_pieces_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (60, 2600, 3), np.uint8)
    wire = np.zeros((60, 2600), np.uint8)
    wire[30:33, 10:2590] = 255
    for name, array in (("wide.png", pixels), ("wire.png", wire)):
        PilImage.fromarray(array).save(tmp_path / name)
    args = ["--mask", tmp_path / "wire.png", "--erasers", "telea", "--out", tmp_path / "out"]
    assert call("erase", tmp_path / "wide.png", *args) == 0
    assert "telea.png   4 pieces" in capsys.readouterr().out
    report = json.loads((tmp_path / "out" / "settings.json").read_text(encoding="utf-8"))
    assert [one["pieces"] for one in report["results"]] == [4]


def test_the_report_tells_how_to_repeat(photo: Path, mask: Path, tmp_path: Path) -> None:
    args = ["--seed", "5", "--set", "patchmatch.patch_size=4", "--dilate", "3"]
    erasers = ["--erasers", "patchmatch"]
    assert call("erase", photo, "--mask", mask, *erasers, *args, "--out", tmp_path / "a") == 0
    report = json.loads((tmp_path / "a" / "settings.json").read_text(encoding="utf-8"))
    assert report["photo"]["name"] == "photo.png"
    assert (report["photo"]["width"], report["photo"]["height"]) == (120, 100)
    assert report["dilate"] == 3 and report["mask_file"] == "hand.png"
    assert report["masked_pixels"] > mask_of(mask).sum()
    (result,) = report["results"]
    assert result["settings"] == {"whole_picture": False, "seamless": True, "patch_size": 4}
    assert (result["seed"], result["changed_outside"]) == (5, 0)
    again = ["--mask", tmp_path / "a" / "mask.png", *erasers, *args[:4], "--out", tmp_path / "b"]
    assert call("erase", photo, *again) == 0
    assert (
        pixels_of(tmp_path / "a/patchmatch.png") == pixels_of(tmp_path / "b/patchmatch.png")
    ).all()


def test_json_is_all_that_is_printed(
    photo: Path, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("erase", photo, "--mask", mask, *QUICK, "--out", tmp_path / "o", "--json") == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert report == json.loads((tmp_path / "o" / "settings.json").read_text(encoding="utf-8"))
    assert captured.err == ""


def test_prompts_select_with_the_segmenter_of_last_resort(photo: Path, tmp_path: Path) -> None:
    args = [BOX, "--segmenter", "grabcut", "--dilate", "0", "--erasers", "telea", "--out", tmp_path]
    assert call("erase", photo, *args) == 0
    report = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))
    assert report["segmenter"] == "grabcut"
    assert report["objects"][0]["box"] == {"x0": 40, "y0": 25, "x1": 75, "y1": 60}
    hole = mask_of(tmp_path / "mask.png")
    assert 0 < hole.sum() <= 35 * 35
    assert not hole[:, 80:].any()


@pytest.mark.slow
def test_a_click_and_the_real_networks(tmp_path: Path) -> None:
    (sam, *_) = list_segmenters()
    for weight in (*sam.weights, *get_eraser("migan").spec.weights):
        try:
            fetch(weight)
        except WeightsUnavailable as error:
            pytest.skip(str(error))
    rocket = ROOT / "examples" / "rocket.jpg"
    args = ["--point", "320,165", "--dilate", "6", "--erasers", "migan", "--out", tmp_path]
    assert call("erase", rocket, *args, "--format", "png") == 0
    hole = mask_of(tmp_path / "mask.png")
    assert hole[165, 320] and 0.003 < hole.mean() < 0.2
    original, result = load_image(rocket).rgb, load_image(tmp_path / "migan.png").rgb
    assert (result[~hole] == original[~hole]).all()
    assert (result[hole] != original[hole]).any(axis=1).mean() > 0.9


def test_each_box_but_the_first_begins_an_object_and_points_are_clicks() -> None:
    from ui.cli.erase.select import said_in

    prompts: list[tuple[str, tuple[float, ...]]] = [
        ("point", (1, 2)),
        ("box", (0, 0, 9, 9)),
        ("point", (3, 4, 0)),
        ("box", (20, 20, 30, 30)),
        ("point", (25, 25, 1)),
    ]
    prompts += [("negative-box", (21, 21, 23, 23)), ("join", (40, 40))]
    gestures, cuts = said_in(prompts, 2)
    assert [gesture.how for gesture in gestures] == ["meant"] * 3 + ["new", "meant", "join"]
    assert [(each.x, each.label) for each in gestures if not each.box] == [
        (1, 1),
        (3, 0),
        (25, 1),
        (40, 1),
    ]
    assert {gesture.level for gesture in gestures} == {2}
    assert [(place, box.x1) for place, box in cuts] == [(4, 23)]
    assert said_in([], None) == ((), ())
    with pytest.raises(BadInput):
        said_in([("negative-box", (1, 1, 2, 2))], None)


def test_clicks_on_two_things_select_both(tmp_path: Path) -> None:
    """Two dark squares, far apart: each click is an object, and the report has both."""
    picture = np.full((120, 200, 3), 230, np.uint8)
    picture[40:70, 20:50] = picture[40:70, 150:180] = 20
    photo = tmp_path / "two.png"
    PilImage.fromarray(picture).save(photo)
    clicks = ["--point", "35,55", "--point", "165,55", "--negative-box", "150,40,160,70"]
    options = ["--segmenter", "grabcut", "--dilate", "0", "--erasers", "telea"]
    assert call("erase", photo, *clicks, *options, "--out", tmp_path / "out") == 0
    hole = mask_of(tmp_path / "out" / "mask.png")
    assert hole[55, 35] and hole[55, 165] and not hole[55, 100] and not hole[55, 155]
    said = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert [len(entry["points"]) for entry in said["objects"]] == [1, 1]
    assert said["case"]["selection"]["objects"] == said["objects"]


def test_transparency_is_filled_as_the_photo_is(tmp_path: Path, mask: Path) -> None:
    rgba = np.full((100, 120, 4), 90, np.uint8)
    rgba[:, :60, 3] = 255
    rgba[:, 100:, 3] = 0
    PilImage.fromarray(rgba).save(tmp_path / "glass.png")
    args = ["--mask", mask, "--erasers", "telea", "--out", tmp_path / "o"]
    assert call("erase", tmp_path / "glass.png", *args) == 0
    with PilImage.open(tmp_path / "o" / "telea.png") as result:
        assert result.mode == "RGBA"
        pixels = np.asarray(result)
    with PilImage.open(mask) as marked:
        hole = np.asarray(marked.convert("L")) > 127
    assert (pixels[~hole] == rgba[~hole]).all()
    assert pixels[hole][:, 3].min() >= 80


def test_a_weight_file_of_ones_own_is_used(
    photo: Path, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "own.onnx"
    bad.write_bytes(b"this is no network")
    try:
        args = ["--erasers", "migan,telea", "--weights", f"migan_pipeline_v2.onnx={bad}"]
        assert call("erase", photo, "--mask", mask, *args, "--out", tmp_path / "o") == 1
    finally:
        use_local("migan_pipeline_v2.onnx", None)
    captured = capsys.readouterr()
    assert "migan" in captured.err and "own.onnx" in captured.err
    assert "Traceback" not in captured.err and str(tmp_path) not in captured.err
    assert (tmp_path / "o" / "telea.png").exists()
    assert not (tmp_path / "o" / "migan.png").exists()
    report = json.loads((tmp_path / "o" / "settings.json").read_text(encoding="utf-8"))
    assert [result["state"] for result in report["results"]] == ["failed", "done"]


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["{photo}"],
        ["{photo}", "--point", "1"],
        ["{photo}", "--point", "nan,1"],
        ["{photo}", "--point", "1,1,7", "--segmenter", "grabcut"],
        ["{photo}", "--point", "5000,1", "--segmenter", "grabcut"],
        ["{photo}", "--box", "5,5,5,9", "--segmenter", "grabcut"],
        ["{photo}", BOX, "--segmenter", "nobody"],
        ["{photo}", BOX, "--level", "3"],
        ["{photo}", "--mask", "{mask}", "--dilate", "9999"],
        ["{photo}", "--mask", "{mask}", "--erasers", "nobody"],
        ["{photo}", "--mask", "{mask}", "--erasers", ","],
        ["{photo}", "--mask", "{mask}", "--seed", "-1"],
        ["{photo}", "--mask", "{mask}", "--seed", "4294967296"],
        ["{photo}", "--mask", "{mask}", "--erasers", "telea", "--set", "telea.radius=0"],
        ["{photo}", "--mask", "{mask}", "--erasers", "telea", "--set", "telea.radios=1"],
        ["{photo}", "--mask", "{mask}", "--erasers", "telea", "--set", "patchmatch.patch_size=4"],
        ["{photo}", "--mask", "{mask}", "--erasers", "telea", "--set", "radius"],
        ["{photo}", "--mask", "{mask}", "--erasers", "telea", "--set", "radius=3"],
        ["{photo}", "--mask", "{mask}", "--weights", "x=/no/such/file"],
        ["{photo}", "--mask", "{photo}.none"],
        ["{photo}.none", "--mask", "{mask}"],
        ["{text}", "--mask", "{mask}"],
        ["{photo}", "--mask", "{mask}", "--erasers", "telea", "--out", "{text}"],
        ["{photo}", "--mask", "{mask}", "--no-such-option"],
    ],
    ids=lambda args: " ".join(args)[:60],
)
def test_what_cannot_be_used_is_said_in_a_sentence(
    args: list[str], photo: Path, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("not a picture", encoding="utf-8")
    given = [arg.format(photo=photo, mask=mask, text=text) for arg in args]
    out = [] if "--out" in args else ["--out", str(tmp_path / "out")]
    assert call("erase", *given, *out) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.rstrip().splitlines()[-1].count(" ") >= 3
    assert "Traceback" not in captured.err
    assert not list(tmp_path.glob("out/*.png"))


@pytest.mark.parametrize("name", ["telea.png", "mask.png"])
def test_an_input_is_never_overwritten(
    name: str, photo: Path, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = photo if name == "telea.png" else mask
    inside = tmp_path / "out" / name
    inside.parent.mkdir()
    inside.write_bytes(given.read_bytes())
    link = tmp_path / "link.png"
    link.symlink_to(inside)
    before = inside.read_bytes()
    for path in (inside, link):
        pair = (path, mask) if name == "telea.png" else (photo, path)
        args = [pair[0], "--mask", pair[1], "--erasers", "telea", "--out", inside.parent]
        assert call("erase", *args) == 2
        assert "overwrite" in capsys.readouterr().err
        assert inside.read_bytes() == before


def test_a_failing_eraser_fails_alone(
    photo: Path,
    mask: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def explode(*args: Any) -> Image:
        raise ZeroDivisionError("/secret/path")

    monkeypatch.setattr(registry.get_eraser("telea"), "erase", explode)
    assert call("erase", photo, "--mask", mask, *QUICK, "--out", tmp_path / "o") == 1
    captured = capsys.readouterr()
    assert "telea" in captured.err and "secret" not in captured.err
    assert (tmp_path / "o" / "navier_stokes.png").exists()


def test_a_bug_is_a_sentence_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(args: Any) -> int:
        raise ZeroDivisionError("/secret/path")

    monkeypatch.setattr(cli_weights, "show_list", explode)
    assert call("list") == 1
    captured = capsys.readouterr()
    assert "--verbose" in captured.err and "secret" not in captured.err
    with pytest.raises(ZeroDivisionError):
        call("list", "--verbose")


def test_nothing_is_left_half_written(
    photo: Path,
    mask: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert call("erase", photo, "--mask", mask, *QUICK, "--out", tmp_path / "o") == 2
    assert "No space left on device" in capsys.readouterr().err
    assert list((tmp_path / "o").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="signals differ there")
def test_control_c_ends_at_once(tmp_path: Path) -> None:
    """In the middle of a call that hears nothing for many seconds."""
    found = np.zeros((427, 640), np.uint8)
    found[60:380, 60:580] = 255
    PilImage.fromarray(found).save(tmp_path / "large.png")
    args = ["examples/rocket.jpg", "--mask", str(tmp_path / "large.png")]
    args += ["--erasers", "telea,patchmatch", "--set", "patchmatch.patch_size=15"]
    # What a shell started in its background ignores Ctrl-C, and so would its children.
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        started = subprocess.Popen(
            [sys.executable, "-m", "methods", "erase", *args, "--out", str(tmp_path / "o")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, usual)
    assert started.stdout is not None
    assert "telea" in started.stdout.readline()  # from here on PatchMatch is at work
    threading.Event().wait(0.5)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert err.strip() == "Stopped."
    assert [file.stem for file in (tmp_path / "o").glob("*.jpg")] == ["telea"]


@pytest.mark.slow
def test_a_reader_that_leaves_is_no_error() -> None:
    shown = subprocess.Popen(
        [sys.executable, "-m", "methods", "list"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert shown.stdout is not None
    shown.stdout.close()
    assert shown.stderr is not None
    assert "Traceback" not in shown.stderr.read()
    shown.stderr.close()
    shown.wait(timeout=60)
