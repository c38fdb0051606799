"""Runs whose program ended in the middle, however it ended."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner_tools import wait_until
from ui.service.erasing.interrupted import take_up_all
from ui.service.service import Service
from ui.stores.runs import RUNNING_MARK, RunStore
from ui_tools import Slow, last, order, owned, png_file, run_id

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

ANOTHER = "0123456789abcdef"
"""A program of which nothing is left."""


def other_program(work: Callable[[], object]) -> int:
    """A process that has done its work, keeps what came of it and goes on; its id."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        kept = work()
        assert kept
        os.write(writing, b"x")
        signal.pause()
        os._exit(0)
    assert os.read(reading, 1) == b"x"
    os.close(reading)
    os.close(writing)
    return child


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_run_goes_on_for_as_long_as_its_program_lives(tmp_path: Path) -> None:
    run = run_id()

    def begin() -> RunStore:
        store = RunStore(tmp_path)
        store.create(run)
        return store

    child = other_program(begin)
    runs = RunStore(tmp_path)
    try:
        assert runs.is_running(run) and runs.left_behind() == []
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert not runs.is_running(run) and runs.left_behind() == [run]


def test_two_that_share_a_folder_believe_each_other(tmp_path: Path) -> None:
    one, two = RunStore(tmp_path), RunStore(tmp_path)
    first, second = run_id(), run_id()
    one.create(first)
    two.create(second)
    assert one.is_running(second) and two.is_running(first)
    assert one.left_behind() == two.left_behind() == []


def interrupted(service: Service, photo: str, **changes: Any) -> tuple[str, dict[str, Any]]:
    """A run as a killed program leaves it: id, and what run.json says. changes: of the grid."""
    run = last(service.erase(order(photo, "paint", "telea")))["run"]
    saved: Any = service.runs.load(run)
    saved["grid"].update(changes)
    saved["grid"].pop("zip", None)
    service.runs.save(run, saved)
    (service.runs.folder / run / RUNNING_MARK).write_text(ANOTHER)
    return run, saved


def test_a_killed_run_is_taken_up_with_all_that_is_there(service: Service, photo: str) -> None:
    run, saved = interrupted(service, photo, state="running")
    first, second = saved["grid"]["cards"]
    first.pop("full")  # its file was written, and the program killed before that was noted
    second.update(state="running", step=3)
    service.runs.save(run, saved)
    half_written = service.runs.folder / run / ".1-telea.png.0a1b2c3d.part"
    half_written.write_bytes(b"\x89PNG")
    assert take_up_all(service.runs) == 1
    assert not (service.runs.folder / run / RUNNING_MARK).exists() and not half_written.exists()
    grid = service.open_run({"run": run})["grid"]
    assert grid["state"] == "stopped" and grid["error"]["code"] == "run_interrupted"
    assert [card["state"] for card in grid["cards"]] == ["done", "stopped"]
    assert grid["cards"][0]["full"].endswith("0-paint.png") and "step" not in grid["cards"][1]
    assert grid["zip"].endswith("all.zip")
    assert take_up_all(service.runs) == 0


def test_a_run_killed_while_it_was_judged_says_so_at_once(service: Service, photo: str) -> None:
    """Also where nobody has started since: the link is opened in another program."""
    run, _ = interrupted(service, photo, judging=True)
    grid = service.open_run({"run": run})["grid"]
    assert grid["state"] == "done" and "judging" not in grid
    assert grid["error"]["code"] == "run_interrupted" and grid["zip"]


def ended(service: Service, run: str) -> dict[str, Any]:
    """The run's grid once it is complete."""
    wait_until(lambda: run not in service.erasing.running())
    return dict(service.open_run({"run": run})["grid"])


def test_what_is_missing_is_made_into_the_same_run(service: Service, photo: str) -> None:
    """And nothing else; also where the program has not been started anew in between."""
    run, saved = interrupted(service, photo, state="running")
    for card, state in zip(saved["grid"]["cards"], ("done", "running"), strict=True):
        card["state"] = state
        card.pop("readings", None)
    saved["note_of_a_newer_program"] = 1
    service.runs.save(run, saved)
    folder = service.runs.folder / run
    before = (folder / "0-paint.png").stat().st_mtime_ns
    (folder / "1-telea.png").unlink()
    answer = service.go_on(owned({"run": run}))
    assert answer["ok"] and answer["grid"]["state"] == "running"
    assert service.go_on(owned({"run": run}))["error"]["code"] == "run_in_progress"
    grid = ended(service, run)
    assert grid["state"] == "done" and "error" not in grid and grid["zip"]
    assert [card["state"] for card in grid["cards"]] == ["done", "done"]
    assert all(card["readings"] for card in grid["cards"])
    assert (folder / "0-paint.png").stat().st_mtime_ns == before
    assert (folder / "1-telea.png").is_file()
    assert not service.runs.is_running(run)
    assert service.runs.load(run)["note_of_a_newer_program"] == 1  # type: ignore[typeddict-item]
    assert service.go_on(owned({"run": run}))["error"]["code"] == "run_complete"


def test_numbers_alone_are_made(service: Service, photo: str) -> None:
    run, saved = interrupted(service, photo, judging=True)
    first, second = saved["grid"]["cards"]
    readings = first.pop("readings")
    second.update(state="stopped")
    second.pop("full")
    (service.runs.folder / run / "1-telea.png").unlink()
    service.runs.save(run, saved)
    answer = service.go_on(owned({"run": run}, wanted="numbers"))
    assert answer["ok"] and answer["grid"]["judging"]
    grid = ended(service, run)
    assert grid["cards"][0]["readings"] == readings and grid["cards"][1]["state"] == "stopped"
    assert grid["error"]["code"] == "run_interrupted" and "judging" not in grid and grid["zip"]
    assert service.go_on(owned({"run": run}, wanted="numbers"))["error"]["code"] == "run_complete"


def test_a_run_that_cannot_go_on_stays_as_it_is(service: Service, photo: str) -> None:
    run, saved = interrupted(service, photo, state="running")
    saved["grid"]["cards"][1]["state"] = "running"
    saved["jobs"][1]["eraser"] = "no_longer_there"
    service.runs.save(run, saved)
    (service.runs.folder / run / "1-telea.png").unlink()
    assert service.go_on(owned({"run": run}))["error"]["code"] == "unknown_eraser"
    saved["jobs"][1]["eraser"] = "telea"
    service.runs.save(run, saved)
    (service.runs.folder / run / "mask.png").write_bytes(png_file(mode="1"))
    assert service.go_on(owned({"run": run}))["error"]["code"] == "run_gone"
    assert service.erasing.running() == [] and (service.runs.folder / run).is_dir()
    assert service.go_on({"run": "x" * 22})["error"]["code"] == "run_gone"


def test_a_damaged_run_does_not_keep_the_program_from_starting(
    service: Service, photo: str
) -> None:
    run, saved = interrupted(service, photo, state="running")
    service.runs.save(run, {**saved, "grid": {"state": "running", "cards": None}})
    assert take_up_all(service.runs) == 1
    assert service.open_run({"run": run})["error"]["code"] == "run_gone"


def test_at_the_end_what_is_at_work_gets_its_time(service: Service, photo: str) -> None:
    grids = service.erase(order(photo, "slow", "paint"))
    run = str(next(grids)["run"])
    assert Slow.begun.wait(30)
    Slow.go_on.set()
    service.close(grace=30)
    assert service.ending.is_set()
    saved = service.runs.load(run)["grid"]
    assert [card["state"] for card in saved["cards"]] == ["done", "done"]
    assert not service.runs.is_running(run)
