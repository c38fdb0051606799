"""`python -m methods doctor`: what it says, its exit codes, and whom it asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loopback_hub import Hub
from methods import list_erasers
from methods._engine import outlook, registry
from methods._engine.registry import BrokenEraser
from methods._weights.cache import cache_dir
from ui.cli.__main__ import main
from ui.cli.doctor import findings
from ui.cli.doctor.text import WIDTH
from ui.cli.output import DONE, NOT_READY, UNUSABLE
from ui.service.choices import catalog

pytest_plugins = ["hub_fixtures"]

ROOT = Path(__file__).resolve().parents[3]
IDS = [spec.id for spec in list_erasers()]


@pytest.fixture(autouse=True)
def alike(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same machine for everybody: a CPU, eight gigabytes for models, room on the disk, nothing
    fetched."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10**12))
    monkeypatch.setenv("ERASER_LAB_DEVICE", "cpu")
    monkeypatch.setenv("ERASER_LAB_MEMORY", "8")
    outlook._surveyed_once.cache_clear()
    yield
    outlook._surveyed_once.cache_clear()


def call(*args: object) -> int:
    """main() as the shell calls it, its exit codes included."""
    try:
        return main(["doctor", *map(str, args)])
    except SystemExit as ending:
        assert isinstance(ending.code, int)
        return ending.code


def told(capsys: pytest.CaptureFixture[str], *args: object) -> Any:
    """What it prints as JSON."""
    call(*args, "--json")
    return json.loads(capsys.readouterr().out)


def test_all_that_were_named_are_ready(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("telea", "navier_stokes") == DONE
    assert "2 ready, 0 to fetch, 0 not ready" in capsys.readouterr().out
    assert hub.seen == []


def test_one_that_is_not_ready_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("telea", "lama", "--offline") == NOT_READY
    shown = capsys.readouterr().out
    assert "to be fetched from" in shown and "python -m methods fetch lama" in shown
    assert "nobody was asked (--offline)" in shown


def test_the_hub_is_asked_by_heads_alone(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("rorem") == NOT_READY  # the loopback hub has no such model
    shown = " ".join(capsys.readouterr().out.split())
    assert f"see {hub.endpoint}/LetsThink/RORem" in shown
    assert hub.asked("GET") == [] and hub.asked("HEAD")
    assert list(cache_dir().parent.glob("**/*.part")) == []


def test_offline_by_the_environment_is_said(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    assert call("rorem") == NOT_READY
    assert "nobody was asked (ERASER_LAB_OFFLINE is set)" in capsys.readouterr().out
    assert hub.seen == []


def test_a_glance_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--offline") == NOT_READY
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert [line.split()[0] for line in lines if line.partition(" ")[0] in IDS] == IDS
    commands = [line for line in lines if "python -m methods fetch" in line]
    assert len(commands) > 10 and all(line.rstrip("`.").split()[-1] in IDS for line in commands)


def test_the_json_has_all_that_the_text_is_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "telea", "flux_fill", "--offline")
    ready, blocked = found["erasers"]
    assert ready["state"] == "ready" and ready["obstacles"] == []
    assert blocked["state"] == "blocked" and blocked["memory"]["lacking"] == "main"
    assert blocked["to_fetch"] == sum(file["size"] for file in blocked["weights"])
    kinds = [each["kind"] for each in blocked["obstacles"]]
    assert kinds == ["memory", "access"]
    assert all(each["text"]["en"] and each["text"]["zh"] for each in blocked["obstacles"])
    assert found["asked"] == {"files": 0, "not_because": "--offline"}
    assert found["machine"]["device"] == "cpu" and found["machine"]["budget"] == {"cpu": 8 << 30}


@pytest.mark.parametrize(
    "args", [("nobody",), ("telea", "--seconds", 0), ("telea", "--seconds", "nan")]
)
def test_a_call_that_cannot_be_used(args: tuple[object, ...]) -> None:
    assert call(*args) == UNUSABLE


def test_what_is_not_installed_is_said_and_counts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "unmet_requirements", lambda: ("torch>=2.8 (not installed)",))
    assert call("telea") == NOT_READY
    assert "torch>=2.8 (not installed): pip install -r" in capsys.readouterr().out


def test_what_can_run_nowhere_counts_only_when_it_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [spec for spec in list_erasers() if spec.id in ("telea", "co_mod_gan")]
    monkeypatch.setattr(findings, "list_erasers", lambda: few)
    assert call() == DONE and "1 not ready" in capsys.readouterr().out
    assert call("co_mod_gan") == NOT_READY


def test_a_file_with_an_error_is_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.found().broken, "odd", BrokenEraser("odd", "SyntaxError"))
    assert call("odd", "telea") == NOT_READY
    assert "Its file has an error" in capsys.readouterr().out


def test_the_cards_have_the_same_state_and_reasons(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {one["id"]: one for one in told(capsys, "--offline")["erasers"]}
    for card in catalog.describe_erasers():
        one = said[card["id"]]
        assert card["readiness"] == one["state"], card["id"]
        reasons = [(each["kind"], each["text"]) for each in one["obstacles"]]
        assert [(each["kind"], each["text"]) for each in card["obstacles"]] == reasons
        assert card["available"] == (one["device"] is not None)
    assert hub.seen == []


@pytest.mark.slow
def test_a_machine_without_a_gpu_need_not_wait_for_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from ui.cli.__main__ import main; main(['doctor', '--offline']);"
        "sys.exit('torch' in sys.modules)"
    )
    places = {"ERASER_LAB_WEIGHTS": tmp_path / "weights", "ERASER_LAB_DATA": tmp_path / "data"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {name: str(place) for name, place in places.items()},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
