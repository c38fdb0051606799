"""The command line: help, list, fetch, bench; what it says and its exit codes."""

from __future__ import annotations

import argparse
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

from hub_files import REPO, body, unpinned
from loopback_hub import Content, Hold, Hub, Repo
from methods import (
    PROGRAM,
    BadInput,
    HubFile,
    Image,
    Mask,
    Unavailable,
    WeightFile,
    find_weights,
    list_erasers,
)
from methods._engine import registry, worker
from methods._engine.result_cache import ResultCache
from methods._weights import flights
from segmentation import list_segmenters
from ui.cli.__main__ import main
from ui.cli.output import megabytes, settings_for, table
from ui.cli.weights import weights as cli_weights

pytest_plugins = ["hub_fixtures"]

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


# --- help, list, fetch -------------------------------------------------------------------


def test_help_names_the_commands() -> None:
    done = shell("--help")
    assert done.returncode == 0 and done.stderr == ""
    for word in ("list", "fetch", "doctor", "erase", "bench", "fits", "pin", "completion"):
        assert word in done.stdout


@pytest.mark.parametrize(
    "command", ["list", "fetch", "doctor", "erase", "bench", "fits", "pin", "completion"]
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(command, "--help") == 0
    assert "usage: python -m methods " + command in capsys.readouterr().out


def test_list_shows_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list") == 0
    lines = capsys.readouterr().out.splitlines()
    known = [(spec.id, spec.name, spec.license) for spec in list_erasers()]
    known += [(segmenter.id, segmenter.name, segmenter.license) for segmenter in list_segmenters()]
    for eraser_id, name, license_name in known:
        (line,) = (line for line in lines if f" {eraser_id} " in line)
        assert name in line and license_name in line


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list", "--json") == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["telea"]["state"] == "ready" and rows["telea"]["size"] == 0
    assert rows["migan"]["size"] == 28_079_181 and rows["migan"]["license"] == "MIT"
    assert rows["mobile_sam"]["kind"] == "segmenter"
    assert set(rows) >= {spec.id for spec in list_erasers()}


def test_list_shows_what_is_in_the_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path))
    monkeypatch.delenv("ERASER_LAB_WEIGHT_MIGAN_PIPELINE_V2_ONNX", raising=False)
    monkeypatch.delenv("ERASER_LAB_LOCAL_WEIGHTS", raising=False)
    monkeypatch.setattr(flights, "failed", {})  # another test may have tried in vain
    sick = registry.BrokenEraser("sick", "ImportError: no")
    monkeypatch.setitem(registry.found().broken, "sick", sick)
    monkeypatch.setattr(
        cli_weights, "missing_packages", lambda spec: ("nix",) if spec.id == "telea" else ()
    )
    assert call("list", "--json") == 0
    states = {row["id"]: row["state"] for row in json.loads(capsys.readouterr().out)}
    assert states["migan"] == "missing"
    assert states["sick"] == "broken"
    assert states["telea"] == "needs the package nix"
    assert states["patchmatch"] == "ready"


@pytest.mark.parametrize("args", [[], ["nobody"], ["telea", "nobody"], ["--every"]])
def test_fetch_needs_names_that_it_knows(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("fetch", *args) == 2
    assert capsys.readouterr().err


def test_fetch_of_what_needs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("fetch", "telea", "patchmatch") == 0
    assert "nothing to fetch" in capsys.readouterr().out


def test_fetch_uses_what_is_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = tmp_path / "any.onnx"
    here.write_bytes(b"something")
    monkeypatch.setenv("ERASER_LAB_WEIGHT_MIGAN_PIPELINE_V2_ONNX", str(here))
    for name in ("migan", "migan_pipeline_v2.onnx"):
        assert call("fetch", name) == 0
        assert capsys.readouterr().out == "migan_pipeline_v2.onnx: here already\n"


def test_fetch_that_fails_says_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    monkeypatch.delenv("ERASER_LAB_WEIGHT_MIGAN_PIPELINE_V2_ONNX", raising=False)
    monkeypatch.delenv("ERASER_LAB_LOCAL_WEIGHTS", raising=False)
    assert call("fetch", "--default") == 1
    captured = capsys.readouterr()
    assert "migan_pipeline_v2.onnx" in captured.err
    assert "Traceback" not in captured.err and str(tmp_path) not in captured.err


def test_fetch_of_an_eraser_is_what_the_list_says(tmp_path: Path) -> None:
    """Also where a folder of weights is called like the eraser and holds more than it needs."""
    for entry in cli_weights.entries():
        if entry.weights:
            asked = argparse.Namespace(names=[entry.id], all=False, default=False)
            wanted = cli_weights._wanted(asked)
            assert [w.name for w in wanted] == [w.name for w in entry.weights], entry.id


@pytest.fixture
def hub_files(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[WeightFile]:
    """A model of two files without pins at the loopback hub, the only thing there is."""
    hub.publish(REPO, {"net.bin": body(), "config.json": b"{}"})
    files = [unpinned(), unpinned("config.json", 2)]
    entry = cli_weights.Entry("eraser", "model", "Model", "MIT", tuple(files), default=True)
    monkeypatch.setattr(cli_weights, "entries", lambda: [entry])
    return files


def test_fetch_says_what_came_and_what_was_here(
    hub_files: list[WeightFile], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("fetch", "model") == 0
    said = capsys.readouterr()
    assert set(said.out.splitlines()) == {f"{weight.name}: fetched" for weight in hub_files}
    assert call("fetch", "model") == 0
    assert set(capsys.readouterr().out.splitlines()) == {
        f"{weight.name}: here already" for weight in hub_files
    }


def test_fetch_again_replaces_what_is_here(
    hub: Hub, hub_files: list[WeightFile], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("fetch", "model") == 0
    hub.publish(REPO, {"net.bin": body(2), "config.json": b"[]"})
    assert call("fetch", "model", "--again") == 0
    paths = [find_weights(weight) for weight in hub_files]
    assert [path and path.read_bytes() for path in paths] == [body(2), b"[]"]


def test_fetch_says_each_refusal_once(
    hub: Hub, hub_files: list[WeightFile], capsys: pytest.CaptureFixture[str]
) -> None:
    hub.repos[REPO].gated = True
    assert call("fetch", "model") == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.count(f"Accept it at {hub.endpoint}/{REPO}") == 1


def test_fetch_tells_of_a_bad_token_once(
    hub: Hub,
    hub_files: list[WeightFile],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    assert call("fetch", "model") == 0
    assert capsys.readouterr().err.count("is not valid (any more)") == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGINT is sent as POSIX does")
def test_ctrl_c_ends_a_fetch_at_once_and_keeps_what_came(hub: Hub, clean: Path) -> None:
    """Whatever threads are in the middle of."""
    wanted = next(
        w for entry in cli_weights.entries() if entry.id == "migan" for w in entry.weights
    )
    source = next(source for source in wanted.sources if isinstance(source, HubFile))
    content = Content(b"\x08" * wanted.size)
    hub.repos[source.repo] = Repo({source.revision: {source.path: content}})
    content.sha256 = wanted.sha256 or ""
    hub.troubles[source.repo, source.path] = [Hold(1_000_000)]
    home = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(clean), "ERASER_LAB_WEIGHTS": str(clean)}
    words = [sys.executable, "-m", "methods", "fetch", "migan"]
    with subprocess.Popen(
        words, cwd=ROOT, env=os.environ | home, stderr=subprocess.PIPE, start_new_session=True
    ) as program:
        part = clean / f"{wanted.name}.part"
        assert hub.held.wait(60)
        while not part.exists() or part.stat().st_size < 1_000_000:
            threading.Event().wait(0.01)
        program.send_signal(signal.SIGINT)
        assert program.wait(100) == 130
    assert part.stat().st_size == 1_000_000


# --- small parts -------------------------------------------------------------------------


def test_tables_are_aligned() -> None:
    drawn = table(("name", "n"), [("a", "1"), ("long", "1,000")]).splitlines()
    assert drawn == ["name      n", "a         1", "long  1,000"]
    assert megabytes(28_079_181) == "28 MB"


def test_settings_are_sorted_by_eraser() -> None:
    given = [("a.x", "1"), ("b.y", "2"), ("a.z", "3=3")]
    assert settings_for(["a", "b", "c"], given) == {
        "a": {"x": "1", "z": "3=3"},
        "b": {"y": "2"},
        "c": {},
    }


def test_progress_is_drawn_on_a_terminal(
    photo: Path, mask: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def write(text: str) -> int:
        drawn.append(text)
        return len(text)

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "write", write, raising=False)
    assert call("erase", photo, "--mask", mask, *QUICK, "--out", tmp_path / "o") == 0
    assert any("telea" in text for text in drawn)


# --- what goes wrong is one sentence -----------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (BadInput.retold("No such photo.", "x"), 2, "Error: No such photo."),
        (Unavailable.retold("No network.", "x"), 1, "Error: No network."),
        (OSError(28, "No space left on device", "/far/away/mask.png"), 1,
         "Error: mask.png: No space left on device."),
        (ModuleNotFoundError("No module named 'cv2.x'", name="cv2.x"), 1,
         "Error: cv2 is missing. Run: pip install -r requirements.txt"),
        (MemoryError(), 1,
         "Error: There is not enough memory. Close other programs, or erase less."),
        (RuntimeError("inner words"), 1,
         "Error: the program failed. Run it again with --verbose for the details."),
        (KeyboardInterrupt(), 130, "Stopped."),
    ],
)  # fmt: skip
def test_an_error_is_a_sentence_and_a_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    said: str,
) -> None:
    def failing() -> list[Any]:
        raise error

    monkeypatch.setattr(cli_weights, "entries", failing)
    assert call("list") == code
    assert capsys.readouterr().err == f"{said}\n"


def test_a_bad_limit_is_said_before_any_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ERASER_LAB_MAX_MEGAPIXELS", "many")
    assert call("list") == 2
    assert "ERASER_LAB_MAX_MEGAPIXELS must be a positive number" in capsys.readouterr().err


def test_every_help_says_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        [],
        ["list"],
        ["fetch"],
        ["erase"],
        ["bench"],
        ["fits"],
        ["pin"],
        ["completion"],
    ):
        assert call(*command, "--help") == 0
        assert "130 interrupted" in " ".join(capsys.readouterr().out.split())


def test_the_version_is_the_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out == f"Eraser Lab {PROGRAM}\n"
