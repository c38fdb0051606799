"""What programs on this machine show each other of their places."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from methods import Image, InProcess, Job, Mask, Place, Started, known_places
from methods._workers import board
from methods._workers.board import Board, program_name, shown_places
from methods._workers.pool import Pool
from runner_tools import finished, runs_alive, wait_until

pytest_plugins = ["worker_fixtures"]

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(board.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield board._folder()
    wait_until(lambda: not runs_alive())


def test_a_program_shows_itself_as_soon_as_it_starts(toys: None) -> None:
    executor = InProcess()
    assert executor.places() and known_places() == ()
    executor.start()
    assert [place.kind for place in known_places()] == ["here"]
    executor.close()
    assert known_places() == ()


@pytest.mark.parametrize("kind", ["here", "workers"])
def test_others_see_what_is_at_work_and_loaded(
    kind: str, pool: Pool, image: Image, mask: Mask
) -> None:
    executor = InProcess() if kind == "here" else pool
    for event in executor.run([Job("noise")], image, mask):
        if isinstance(event, Started):
            assert [each.at_work for each in shown_places() if each.at_work] == ["noise"]
    wait_until(lambda: not any(place.at_work for place in shown_places()))
    assert any(place.held == ("noise",) for place in shown_places())
    assert {place.program for place in shown_places()} == {program_name()}
    executor.run([Job("noise", seed=2)], image, mask)
    if kind == "here":
        executor.close()
        assert shown_places() == ()


def test_a_run_that_is_left_is_not_at_work(toys: None, image: Image, mask: Mask) -> None:
    executor = InProcess()
    events = executor.run([Job("endless")], image, mask)
    while not isinstance(next(events), Started):
        pass
    events.close()  # type: ignore[attr-defined]
    assert not any(place.at_work for place in shown_places())
    assert finished(list(executor.run([Job("noise")], image, mask)))


def test_a_program_that_has_ended_is_forgotten(folder: Path) -> None:
    Board().show([Place("here", "here")])
    (file,) = folder.iterdir()
    told = json.loads(file.read_text("utf-8"))
    for changed in ({"pid": 2**22 + 1}, {"born": told["born"] - 1}):
        (folder / "another.json").write_text(json.dumps(told | changed), encoding="utf-8")
        assert len(shown_places()) == 1
        assert [each.name for each in folder.iterdir()] == [file.name]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1, "born": 0, "places": [1]}'])
def test_a_damaged_file_shows_nothing(folder: Path, content: bytes) -> None:
    (folder / "some.json").write_bytes(content)
    assert shown_places() == ()


def test_a_folder_of_somebody_else_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    Board().show([Place("here", "here")])
    assert shown_places() == () and not list(folder.iterdir())


@pytest.mark.slow
def test_the_command_shows_them_to_another_program(folder: Path) -> None:
    def said(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "methods", "places", *options]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    idle = said("--json")
    assert [place["kind"] for place in json.loads(idle.stdout)] == ["here"]
    Board().show([Place("gpu0", "cuda", "lama", ("lama", "mat"), starts=2, lost=1)])
    (place,) = json.loads(said("--json").stdout)
    assert place["held"] == ["lama", "mat"] and place["program"] == program_name()
    line = said().stdout.splitlines()[1].split()
    assert line == ["gpu0", "cuda", "lama", "lama,", "mat", "2", "1", program_name(), "-"]
