"""What is said of results: numbers that come after them, and what a person writes beside them."""

from __future__ import annotations

import json
import math
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from examples.rows import PhotoRef, Row
from methods import METRICS, Image, Mask, Reading, png_bytes
from methods import judge as real_judge
from segmentation import mask_png
from ui.common.limits import Quiet
from ui.service.helper.judge import finder_of
from ui.service.reports.archive import stream_zip
from ui.service.service import Service
from ui_tools import Answer, Slow, Upload, last, order, owned, picture, run_id

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

Judge = Callable[..., tuple[Reading, ...]]


def wait_for(true: Callable[[], bool], seconds: float = 30) -> None:
    """Until it is; a thread of the program makes it so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


class SlowJudge:
    """Judges when it is let; `asked` is set once it has been called."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, photo: Image, mask: Mask, result: Image, **more: Any) -> Any:
        self.asked.set()
        assert self.go_on.wait(60)
        return real_judge(photo, mask, result, **more)


@pytest.fixture
def slow_judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowJudge]:
    judge = SlowJudge()
    monkeypatch.setattr("ui.service.helper.judge.judge", judge)
    yield judge
    judge.go_on.set()


# --- numbers -----------------------------------------------------------------------------


def test_every_finished_card_gets_its_numbers(service: Service, photo: str) -> None:
    grid = last(service.erase(order(photo, "telea", "broken", "paint")))
    assert grid["state"] == "done"
    assert "judging" not in grid
    telea, broken, paint = grid["cards"]
    assert "readings" not in broken
    for card in (telea, paint):
        assert {reading["id"] for reading in card["readings"]} <= set(METRICS)
        assert len(card["readings"]) >= 3
    json.dumps(grid, allow_nan=False)


def test_no_result_waits_for_a_number(service: Service, photo: str, slow_judge: SlowJudge) -> None:
    grids: Iterator[Answer] = service.erase(order(photo, "paint"), "anna")
    grid = next(grid for grid in grids if grid["state"] == "done")
    assert grid["judging"] and "readings" not in grid["cards"][0]
    assert slow_judge.asked.wait(60)
    # The session may run again at once, while the former results are looked at.
    other = service.erase(order(photo, "telea"), "anna")
    assert "error" not in next(other)
    # And what there is can be taken away.
    assert any("zip" in grid for grid in takewhile(lambda grid: "judging" in grid, grids))
    slow_judge.go_on.set()
    assert last(other)["state"] == "done"
    grid = last(grids)
    assert grid["cards"][0]["readings"] and "judging" not in grid


def test_a_run_that_is_opened_while_it_is_judged_says_so(
    service: Service, photo: str, slow_judge: SlowJudge
) -> None:
    asked = order(photo, "paint")
    grids = service.erase(asked)
    next(grid for grid in grids if grid["state"] == "done")
    assert service.open_run({"run": asked["run"]})["grid"]["judging"]
    slow_judge.go_on.set()
    last(grids)
    opened = service.open_run({"run": asked["run"]})["grid"]
    assert "judging" not in opened and opened["cards"][0]["readings"]


def test_a_run_that_breaks_off_while_it_is_judged_keeps_its_zip(
    service: Service, photo: str, slow_judge: SlowJudge
) -> None:
    asked = order(photo, "paint")
    grids = service.erase(asked)
    next(grid for grid in grids if "zip" in grid)
    assert slow_judge.asked.wait(60)
    on_disk = service.runs.folder / asked["run"] / "run.json"
    wait_for(lambda: "zip" in json.loads(on_disk.read_bytes())["grid"])
    assert json.loads(on_disk.read_bytes())["grid"]["state"] == "done"
    slow_judge.go_on.set()
    last(grids)


def test_a_judge_that_fails_costs_no_result(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*pictures: Any, **more: Any) -> Any:
        raise RuntimeError("inside")

    monkeypatch.setattr("ui.service.helper.judge.judge", fails)
    grid = last(service.erase(order(photo, "paint")))
    assert grid["state"] == "done" and grid["cards"][0]["readings"] == []
    assert "error" not in grid


def test_a_stopped_run_is_not_judged_on_and_on(
    service: Service, photo: str, slow_judge: SlowJudge
) -> None:
    asked = order(photo, "paint", "telea")
    grids = service.erase(asked, "anna")
    next(grid for grid in grids if grid["state"] == "done")
    assert slow_judge.asked.wait(60)
    assert service.stop(owned(asked))["stopped"]
    slow_judge.go_on.set()
    grid = last(grids)
    assert grid["state"] == "done"
    assert "readings" not in grid["cards"][1]


# --- the truth of a row --------------------------------------------------------------------


@pytest.fixture
def row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Row:
    """A row whose photo without its disc is known; nothing is fetched for its numbers."""
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    clean = picture()
    y, x = np.mgrid[:90, :120]
    clean[...] = np.stack([0 * x, 60 + x, 80 + y], axis=2)
    files = {"photo": png_bytes(picture()), "truth": png_bytes(clean)}
    files["mask"] = mask_png((picture() != clean).any(-1))
    for name, data in files.items():
        (tmp_path / f"{name}.png").write_bytes(data)
    photo, truth, mask = (PhotoRef(name, path=str(tmp_path / f"{name}.png")) for name in files)
    made = Row(id="ours-1", table="ours", photo=photo, truth=truth, mask=mask)
    monkeypatch.setattr("ui.service.helper.judge.rows", lambda: {made.id: made})
    return made


def ids(grid: Answer) -> set[str]:
    return {reading["id"] for reading in grid["cards"][0]["readings"]}


def test_a_row_with_a_truth_is_measured_against_it(
    service: Service, upload: Upload, row: Row
) -> None:
    path = upload(png_bytes(picture()))
    photo = service.open_photo({"path": path, "name": "photo.png"})["photo"]["id"]
    with_truth = last(service.erase(order(photo, "telea", row=row.id)))
    assert {"psnr", "ssim_mask"} <= ids(with_truth)
    assert service.runs.load(with_truth["run"])["row"] == row.id
    without = last(service.erase(order(photo, "telea")))
    assert "psnr" not in ids(without)


def test_the_truth_of_another_photo_is_not_believed(
    service: Service, upload: Upload, row: Row
) -> None:
    path = upload(png_bytes(picture()[:, ::-1].copy()))
    photo = service.open_photo({"path": path, "name": "photo.png"})["photo"]["id"]
    assert "psnr" not in ids(last(service.erase(order(photo, "telea", row=row.id))))


# --- what a network sees ---------------------------------------------------------------------


def test_the_segmenters_features_are_used_where_they_are_here(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def features(image: Image) -> Any:
        return image[::4, ::4].astype(np.float32)

    without = last(service.erase(order(photo, "paint")))
    monkeypatch.setattr("ui.service.helper.judge.are_features_ready", lambda: True)
    monkeypatch.setattr("ui.service.helper.judge.features_of", features)
    with_them = last(service.erase(order(photo, "paint")))
    assert "remove" in ids(with_them) and "inserted" in ids(with_them)
    assert "remove" not in ids(without)


# --- the words by which it was found ---------------------------------------------------------


def test_what_was_found_by_name_is_looked_for_in_the_result(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    def finder(phrase: str | None) -> Any:
        asked.append(phrase)
        return None if phrase is None else lambda image: 0.75

    monkeypatch.setattr("ui.service.helper.judge.finder_of", finder)
    grid = last(service.erase(order(photo, "paint", words="red disc")))
    (found,) = (r for r in grid["cards"][0]["readings"] if r["id"] == "leftover_words")
    assert found["value"] == 0.75 and "still finds it" in found["remark"]["en"]
    assert "leftover_words" not in ids(last(service.erase(order(photo, "paint"))))
    assert asked == ["red disc", None]


def test_without_a_detector_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.service.helper.judge.is_detector_ready", lambda spec: False)
    assert finder_of("a dog") is None


def test_numbers_wait_while_another_run_is_at_work(
    service: Service, photo: str, slow_judge: SlowJudge
) -> None:
    """A second visitor is not slowed by what is still to be said to the first."""
    slow = service.erase(order(photo, "slow"), "anna")
    next(slow)
    assert Slow.begun.wait(60)
    slow_judge.go_on.set()
    quick = service.erase(order(photo, "paint"), "ben")
    next(quick)
    assert not slow_judge.asked.wait(0.3)
    Slow.go_on.set()
    assert last(slow)["cards"][0]["readings"] is not None
    last(quick)
    assert slow_judge.asked.is_set()


def test_a_quiet_that_never_comes_is_not_waited_for() -> None:
    quiet = Quiet()
    quiet.begin("one")
    quiet.wait(time.monotonic() + 0.01)
    quiet.wait(math.inf, lambda: True)
    quiet.end("one")
    quiet.wait(math.inf)


# --- a person's remarks --------------------------------------------------------------------


def finished(service: Service, photo: str) -> Answer:
    return last(service.erase(order(photo, "paint", "telea")))


def remark(service: Service, grid: Answer, text: Any, index: Any = 0) -> Answer:
    answer = service.remark(owned(grid, index=index, text=text))
    return dict(answer)


def test_a_remark_is_kept_with_the_run(service: Service, photo: str) -> None:
    grid = finished(service, photo)
    assert remark(service, grid, "  A grey\n\tspot <b>stays</b>.\u202e ")["remark"] == (
        "A grey spot <b>stays</b>."
    )
    remark(service, grid, "Smooth.", 1)
    opened = service.open_run({"run": grid["run"]})["grid"]["cards"]
    assert [card["remark"] for card in opened] == ["A grey spot <b>stays</b>.", "Smooth."]
    remark(service, grid, "", 1)
    opened = service.open_run({"run": grid["run"]})["grid"]["cards"]
    assert "remark" not in opened[1]


def test_a_remark_and_the_numbers_are_in_the_zip(service: Service, photo: str) -> None:
    grid = finished(service, photo)
    remark(service, grid, "好，没有痕迹。")
    packed = zipfile.ZipFile(BytesIO(b"".join(stream_zip(service.runs, grid["run"]))))
    job = json.loads(packed.read("settings.json"))["jobs"][0]
    assert job["remark"] == "好，没有痕迹。"
    assert job["readings"] == grid["cards"][0]["readings"]


def test_a_remark_survives_what_is_still_written(
    service: Service, photo: str, slow_judge: SlowJudge
) -> None:
    """run.json is written again when the numbers have come; the remark is not lost by that."""
    asked = order(photo, "paint")
    grids = service.erase(asked)
    grid = next(grid for grid in grids if grid["state"] == "done")
    assert remark(service, grid, "Early.")["ok"]
    slow_judge.go_on.set()
    last(grids)
    card = service.open_run({"run": asked["run"]})["grid"]["cards"][0]
    assert card["remark"] == "Early." and card["readings"]


def test_a_long_remark_is_cut(service: Service, photo: str) -> None:
    grid = finished(service, photo)
    assert len(remark(service, grid, "x" * 700)["remark"]) == 500


@pytest.mark.parametrize(
    "changes",
    [
        {"index": 7},
        {"index": 64},
        {"index": -1},
        {"index": True},
        {"index": "0"},
        {"text": 3},
        {"text": "x" * 3000},
        {"text": None},
        {"run": run_id()},
        {"run": "../../../etc/passwd"},
    ],
)
def test_remarks_that_cannot_be_are_refused(service: Service, photo: str, changes: Answer) -> None:
    grid = finished(service, photo)
    answer = service.remark({**owned(grid, index=0, text="Good."), **changes})
    assert not answer["ok"]
    assert answer["error"]["code"] in ("run_gone", "bad_request")
    assert service.runs.remarks(grid["run"]) == {}


def test_remarks_of_one_run_are_not_those_of_another(service: Service, photo: str) -> None:
    one, two = finished(service, photo), finished(service, photo)
    remark(service, one, "Mine.")
    assert service.runs.remarks(two["run"]) == {}


def test_a_damaged_file_of_remarks_costs_no_run(service: Service, photo: str) -> None:
    grid = finished(service, photo)
    (service.runs.folder / grid["run"] / "remarks.json").write_text('["x"]')
    assert service.open_run({"run": grid["run"]})["ok"]
    assert remark(service, grid, "Again.")["ok"]


def test_the_remarks_file_is_not_handed_out(service: Service, photo: str) -> None:
    grid = finished(service, photo)
    remark(service, grid, "Mine.")
    assert service.runs.file(grid["run"], "remarks.json") is None
