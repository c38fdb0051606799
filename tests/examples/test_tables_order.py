"""A table goes eraser by eraser: networks are loaded once, seeds are columns, shares fit."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from examples import tables
from examples.running import arguments, numbers
from examples.running.cases import CaseTable, of_folder, open_case
from examples.running.jobs import Choice
from examples.running.records import Cell, Folder
from examples.running.run import Step, run_table
from examples.running.work import RowResult
from examples.tables import main
from methods import Job, StopToken, fingerprint, picture_key, png_bytes
from methods._engine import worker
from methods._engine.residency import Residency
from methods._system.lock import DeviceLock
from runner_tools import Endless, Noise
from table_fixtures import put_case

pytest_plugins = ["runner_fixtures"]

TOYS = ("red", "green", "blue", "grey")
ROOM = 2**20


class Loaded(Noise):
    """Counts its loads."""

    loads: ClassVar[list[str]] = []

    def load(self, device: Any, dtype: Any) -> None:
        self.loads.append(self.spec.id)


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: DeviceLock) -> None:
    """No weights are fetched; a device with room for two of the four toys."""
    monkeypatch.setattr(tables, "fetch", lambda weight: weight)
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(Loaded, "loads", [])
    monkeypatch.setattr(worker, "residency", Residency(2 * ROOM + ROOM // 2, lock))


@pytest.fixture
def toys(add: Callable[..., str]) -> tuple[str, ...]:
    return tuple(add(Loaded, name, memory=ROOM) for name in TOYS)


@pytest.fixture
def photos(tmp_path: Path) -> CaseTable:
    for number in range(6):
        put_case(tmp_path / "mine", f"photo{number}", seed=number)
    return of_folder(tmp_path / "mine")


def ran(table: CaseTable, out: Path, choice: Choice, **more: Any) -> list[RowResult]:
    return list(run_table(table, choice, Folder(out), StopToken(), lambda step: None, **more))


def test_each_eraser_is_loaded_once(
    photos: CaseTable, toys: tuple[str, ...], tmp_path: Path
) -> None:
    rows = ran(photos, tmp_path / "out", Choice(toys, features=False))
    assert Loaded.loads == list(toys)
    assert [row.case.id for row in rows] == [case.id for case in photos.cases]
    for row in rows:
        assert [cell.id for cell in row.cells] == list(toys)
        assert all(cell.state == "done" and cell.readings for cell in row.cells)


@pytest.mark.slow
def test_a_window_bounds_how_many_cases_are_open(
    photos: CaseTable, toys: tuple[str, ...], tmp_path: Path
) -> None:
    """Three windows of two cases: each eraser once in each, less those that are still loaded."""
    told: list[Step] = []
    choice, folder = Choice(toys, features=False), Folder(tmp_path / "out")
    rows = run_table(photos, choice, folder, StopToken(), told.append, ahead=2)
    assert next(rows).case.id == photos.cases[0].id
    assert {step.number for step in told} == {1, 2}
    assert len(list(rows)) == 5
    assert len(Loaded.loads) <= 3 * len(toys)


def test_a_result_that_is_there_when_stop_is_pressed_is_kept(
    photos: CaseTable, toys: tuple[str, ...], add: Callable[..., str], tmp_path: Path
) -> None:
    token = StopToken()

    def stop(step: Step) -> None:
        if step.eraser == "endless" and step.event is not None:
            token.stop()

    add(Endless, "endless")
    choice = Choice((toys[0], "endless"), features=False)
    rows = list(run_table(photos, choice, Folder(tmp_path / "out"), token, stop))
    assert [cell.state for cell in rows[0].cells] == ["done", "stopped"]
    assert [[cell.state for cell in row.cells] for row in rows[1:]] == [["done"]] * 5
    again = ran(photos, tmp_path / "out", Choice(toys[:1], features=False))
    assert all(cell.kept and cell.readings for row in again for cell in row.cells)


def test_what_breaks_a_run_off_costs_no_finished_result(
    photos: CaseTable, toys: tuple[str, ...], tmp_path: Path
) -> None:
    def interrupt(step: Step) -> None:
        if step.cell is not None and step.number == 2:
            raise KeyboardInterrupt

    choice, token = Choice(toys, features=False), StopToken()
    with pytest.raises(KeyboardInterrupt):
        list(run_table(photos, choice, Folder(tmp_path / "out"), token, interrupt))
    assert token.stopped
    assert not [thread for thread in threading.enumerate() if "finishing" in thread.name]
    kept = ran(photos, tmp_path / "out", choice, only_kept=True)
    assert [len(row.cells) for row in kept] == [1, 1, 0, 0, 0, 0]


def test_a_number_that_cannot_be_found_costs_no_result(
    photos: CaseTable, toys: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **named: Any) -> None:
        raise RuntimeError("no number")

    monkeypatch.setattr(numbers, "judge", fails)
    rows = ran(photos, tmp_path / "out", Choice(toys[:1], features=False))
    assert [(cell.state, cell.readings) for row in rows for cell in row.cells] == [("done", [])] * 6


# --- seeds ---------------------------------------------------------------------------------------


def test_each_seed_is_a_column_for_those_that_throw_dice(
    photos: CaseTable, add: Callable[..., str], tmp_path: Path
) -> None:
    add(Loaded, "dice", seeded=True)
    add(Loaded, "plain", seeded=False)
    table = CaseTable(photos.title, photos.cases[:1])
    (row,) = ran(table, tmp_path / "out", Choice(("dice", "plain"), seeds=(3, 5), features=False))
    assert [(cell.id, cell.seed) for cell in row.cells] == [
        ("dice--seed-3", 3),
        ("dice--seed-5", 5),
        ("plain", 3),
    ]
    files = {(tmp_path / "out" / cell.file).read_bytes() for cell in row.cells[:2]}
    assert len(files) == 2
    assert Loaded.loads == ["dice", "plain"]


@pytest.mark.parametrize(
    ("given", "meant"), [("0-2", (0, 1, 2)), ("7", (7,)), ("3,1,3", (3, 1)), ("0-1,9", (0, 1, 9))]
)
def test_seeds_are_ranges_or_lists(given: str, meant: tuple[int, ...]) -> None:
    assert arguments.seeds(given) == meant


@pytest.mark.parametrize("given", ["", "a", "-1", "4-2", "0-100", "0-4294967295", "1,,2"])
def test_seeds_that_are_none_are_refused(given: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        arguments.seeds(given)


def test_seeds_stand_in_the_report(photos: CaseTable, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call = [str(tmp_path / "mine"), "--erasers", "telea,noise", "--quick", "--out", str(out)]
    assert main([*call, "--seeds", "0,4", "--cases", "photo0"]) == 0
    report = json.loads((out / "table.json").read_text())
    assert report["seeds"] == [0, 4]
    labels = [line["label"]["en"] for line in report["summary"]]
    assert len(labels) == 3 and labels[2].endswith(", seed 4")
    said = (out / "table.html").read_text("utf-8")
    assert "seed 0, 4" in said and "，种子 4" in said


# --- shares --------------------------------------------------------------------------------------


def test_shares_make_up_the_whole_table(photos: CaseTable, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call = [str(tmp_path / "mine"), "--erasers", "telea", "--quick", "--out", str(out)]
    for place in (1, 2, 3, 4):
        assert main([*call, "--shard", f"{place}/4"]) == 0
    shares = [json.loads((out / f"table-{n}-of-4.json").read_text()) for n in (1, 2, 3, 4)]
    assert [[case["id"] for case in share["cases"]] for share in shares] == [
        ["photo0", "photo4"],
        ["photo1", "photo5"],
        ["photo2"],
        ["photo3"],
    ]
    assert not (out / "table.json").exists()
    assert main([*call, "--report-only"]) == 0
    cases = json.loads((out / "table.json").read_text())["cases"]
    assert [case["id"] for case in cases] == [case.id for case in photos.cases]
    assert all(case["cells"][0]["state"] == "done" for case in cases)


@pytest.mark.parametrize("given", ["0/4", "5/4", "1", "1/0", "a/b", "-1/2", "1/2/3"])
def test_shares_that_are_none_are_refused(given: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        arguments.shard(given)


# --- a machine without weights -------------------------------------------------------------------


def test_a_machine_without_weights_knows_what_is_finished(tmp_path: Path) -> None:
    """A pinned file counts by its pin, whether it is here or not."""
    assert fingerprint(Job("migan"), "a picture")
    assert fingerprint(Job("migan"), "a picture") != fingerprint(Job("lama"), "a picture")


def test_a_share_of_another_machine_is_reported_without_weights(
    photos: CaseTable, tmp_path: Path
) -> None:
    table, out = CaseTable(photos.title, photos.cases[:1]), Folder(tmp_path / "out")
    choice = Choice(("migan",), features=False)
    opened = ran(table, tmp_path / "other", choice, only_kept=True)[0].case
    pictures = open_case(opened)
    key = fingerprint(Job("migan"), picture_key(pictures.photo.rgb, pictures.mask))
    cell = Cell(id="migan", eraser="migan", name="MI-GAN", state="done", key=key)
    out.keep(opened.id, cell, png_bytes(pictures.photo.rgb))
    (row,) = ran(table, out.path, choice, only_kept=True)
    assert [found.kept for found in row.cells] == [True]
