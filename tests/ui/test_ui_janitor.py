"""Clearing away: by age and by size, only what is ours, never what is in use."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from ui.service.service import Service
from ui.stores.janitor import GIB, HOUR, Janitor, Keep
from ui.stores.runs import RUNNING_MARK, RunStore
from ui_tools import Slow, last, order

pytest_plugins = ["ui_fixtures"]

NOW = 1_700_000_000.0


class Place:
    """A data folder with photos and runs of chosen ages and sizes."""

    def __init__(self, root: Path) -> None:
        self.photos, self.runs, self.uploads = root / "photos", root / "runs", root / "uploads"
        for folder in (self.photos, self.runs, self.uploads):
            folder.mkdir(parents=True)
        self.running: list[str] = []
        self.renewed: list[str] = []
        self.forgotten: list[str] = []

    def add(self, kind: Path, name: str, hours_old: float, size: int = 10) -> Path:
        folder = kind / name.ljust(22, "x")
        folder.mkdir()
        (folder / "data").write_bytes(b"x" * size)
        record = folder / ("photo.json" if kind == self.photos else "run.json")
        record.write_text("{}")
        for path in (record, folder):
            os.utime(path, (NOW - hours_old * HOUR,) * 2)
        return folder

    def sweep(self, **keep: Any) -> int:
        janitor = Janitor(
            self.photos,
            self.runs,
            self.uploads,
            Keep(**keep),
            running=lambda: self.running,
            renew=self.renewed.append,
            on_photo_removed=self.forgotten.append,
        )
        return janitor.sweep(NOW)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_uploads_count_in_what_is_kept(place: Place) -> None:
    old, new = place.add(place.runs, "old", 2, 400), place.add(place.runs, "new", 1, 400)
    assert place.sweep(bytes=1000) == 0
    upload = place.uploads / "aa" / "photo.png"
    upload.parent.mkdir()
    upload.write_bytes(b"x" * 500)
    os.utime(upload, (NOW, NOW))
    assert place.sweep(bytes=1000) == 1
    assert new.exists() and not old.exists() and upload.exists()


def test_old_photos_and_runs_go_and_others_stay(place: Place) -> None:
    old_photo = place.add(place.photos, "old", 25)
    photo = place.add(place.photos, "new", 23)
    old_run = place.add(place.runs, "old", 24 * 7 + 1)
    run = place.add(place.runs, "new", 24 * 6)
    assert place.sweep() == 2
    assert not old_photo.exists() and not old_run.exists() and photo.exists() and run.exists()
    assert place.forgotten == [old_photo.name]


def test_too_much_goes_oldest_first(place: Place) -> None:
    folders = [
        place.add(place.photos if age % 2 else place.runs, f"n{age}", age, size=1000)
        for age in range(6)
    ]
    assert place.sweep(bytes=3200) == 3
    assert [folder.exists() for folder in folders] == [True, True, True, False, False, False]


def test_a_run_in_progress_stays_whatever_its_age_and_size(place: Place) -> None:
    here = place.add(place.runs, "here", 24 * 30, size=5000)
    elsewhere = place.add(place.runs, "elsewhere", 24 * 30, size=5000)
    crashed = place.add(place.runs, "crashed", 24 * 30)
    place.running = [here.name]
    for folder, age in ((elsewhere, 60.0), (crashed, 5 * HOUR)):
        (folder / RUNNING_MARK).touch()
        os.utime(folder / RUNNING_MARK, (NOW - age,) * 2)
    place.sweep(bytes=100)
    assert here.exists() and elsewhere.exists() and not crashed.exists()
    assert place.renewed == [here.name]


def test_only_folders_of_ours_are_touched(place: Place, tmp_path: Path) -> None:
    family = place.photos / "Christmas 1999"
    family.mkdir()
    (family / "tree.jpg").write_bytes(b"x" * 9000)
    note = place.photos / "note.txt"
    note.write_text("x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("x")
    link = place.runs / "l".ljust(22, "x")
    link.symlink_to(outside)
    for path in (family, note):
        os.utime(path, (NOW - 999 * HOUR,) * 2)
    assert place.sweep(bytes=1) == 0
    assert (family / "tree.jpg").exists() and note.exists() and (outside / "keep").exists()


def test_forgotten_uploads_go_after_an_hour(place: Place, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "keep.png").write_text("x")
    os.utime(precious / "keep.png", (NOW - 99 * HOUR,) * 2)
    for name, age in (("old", 2.0), ("new", 0.5)):
        folder = place.uploads / name
        folder.mkdir()
        (folder / "photo.png").write_text("x")
        for path in (folder / "photo.png", folder):
            os.utime(path, (NOW - age * HOUR,) * 2)
    (place.uploads / "link").symlink_to(precious)
    place.sweep()
    assert not (place.uploads / "old" / "photo.png").exists()
    assert (place.uploads / "new" / "photo.png").exists()
    assert (precious / "keep.png").exists() and place.uploads.exists()


def test_a_folder_that_vanishes_meanwhile_does_no_harm(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = place.add(place.photos, "a", 99), place.add(place.photos, "b", 99)

    def vanish(folder: Path, file: str) -> float:
        shutil.rmtree(first, ignore_errors=True)  # another process tidies too
        return 0.0

    monkeypatch.setattr("ui.stores.janitor._used", vanish)
    place.sweep()
    assert not second.exists()


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_MAX_GB", "0.5")
    monkeypatch.setenv("ERASER_LAB_RUN_DAYS", "2")
    keep = Keep.from_environment()
    assert keep.bytes == GIB // 2 and keep.runs == 48 * HOUR
    for nonsense in ("lots", "-1", "nan", "0"):
        monkeypatch.setenv("ERASER_LAB_MAX_GB", nonsense)
        with pytest.raises(ValueError, match="ERASER_LAB_MAX_GB"):
            Keep.from_environment()


def test_a_mark_is_believed_for_a_while_only(tmp_path: Path) -> None:
    runs, run = RunStore(tmp_path), "r" * 22
    runs.create(run)
    assert runs.is_running(run)
    mark = tmp_path / run / RUNNING_MARK
    os.utime(mark, (time.time() - 9 * HOUR,) * 2)
    assert not runs.is_running(run)
    runs.mark_running(run)
    assert runs.is_running(run)
    runs.mark_ended(run)
    assert not runs.is_running(run)


@pytest.mark.usefixtures("toy_erasers")
def test_the_service_clears_everything_but_what_runs(service: Service, photo: str) -> None:
    ended = last(service.erase(order(photo, "paint")))
    grids = service.erase(order(photo, "slow"))
    running = next(grids)["run"]
    assert running is not None
    service.janitor.sweep(time.time() + 90 * 24 * HOUR)
    assert not service.runs.exists(ended["run"]) and service.runs.exists(running)
    assert service.reopen_photo({"photo": photo})["error"]["code"] == "photo_gone"
    Slow.go_on.set()
    final = last(grids)  # it had all it needed
    assert final["state"] == "done" and service.open_run({"run": running})["ok"]


def test_the_janitor_works_by_itself(place: Place) -> None:
    old = place.add(place.photos, "old", 99)
    janitor = Janitor(
        place.photos,
        place.runs,
        None,
        Keep(),
        running=list,
        renew=place.renewed.append,
        on_photo_removed=place.forgotten.append,
    )
    janitor.start()
    for _ in range(200):
        if not old.exists():
            break
        time.sleep(0.02)
    janitor.close()
    assert not old.exists() and place.uploads.exists()
