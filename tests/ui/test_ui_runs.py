"""Runs as the page sees them: a grid that fills, Stop, failures, links, no way in for others."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from segmentation import PromptedObject, Shape
from ui.service.erasing import live as live_module
from ui.service.erasing import watchers
from ui.service.erasing.live import LiveRun
from ui.service.service import Service
from ui_tools import (
    SECRET,
    Slow,
    Upload,
    box,
    last,
    order,
    owned,
    picture,
    png_file,
    prompts,
    run_id,
)

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

Answer = Mapping[str, Any]
VIEW = "0-telea.jpg"


def code(answer: Answer) -> str:
    return str(answer.get("error", {}).get("code", ""))


def states(grid: Answer) -> list[str]:
    return [card["state"] for card in grid["cards"]]


def result(service: Service, grid: Answer, index: int = 0) -> np.ndarray:
    """The lossless file of a card."""
    run, file = grid["run"], grid["cards"][index]["full"].rpartition("/")[2]
    path = service.runs.file(run, file)
    assert path is not None
    with Pil.open(path) as opened:
        return np.asarray(opened)


def mask_of(service: Service, grid: Answer) -> np.ndarray:
    with Pil.open(service.runs.folder / grid["run"] / "mask.png") as opened:
        return np.asarray(opened)


def quiet_order(photo: str) -> Answer:
    """A run whose one job says nothing while it works, and does not hear of Stop."""
    asked = order(photo)
    asked["jobs"] = [{"eraser": "slow", "settings": {"words": "quiet"}, "seed": 0}]
    return asked


def until(grids: Iterator[Answer], state: str) -> Answer:
    """The first value in which a card has that state."""
    return next(grid for grid in grids if state in states(grid))


# --- a run that goes well ----------------------------------------------------------------


def test_the_grid_fills_and_its_files_are_true(service: Service, photo: str) -> None:
    asked = order(photo, "telea", "paint", "navier_stokes")
    grids: list[Answer] = list(service.erase(asked, "anna"))
    first, final = grids[0], grids[-1]
    assert first["state"] == "running" and len(first["cards"]) == 3 and "mask" in first
    assert final["state"] == "done" and states(final) == ["done"] * 3
    assert final["run"] == asked["run"] and final["zip"] == f"lab/runs/{asked['run']}/all.zip"
    mask = mask_of(service, final)
    assert 0 < final["mask"]["area"] < 1 and abs(mask.mean() - final["mask"]["area"]) < 1e-9
    for index, card in enumerate(final["cards"]):
        pixels = result(service, final, index)
        assert np.array_equal(pixels[~mask], picture()[~mask])
        assert not np.array_equal(pixels[mask], picture()[mask])
        assert card["changed_outside"] == 0 and card["erase_seconds"] >= 0
        assert card["device"] == "cpu" and card["memory_kind"] == "ram" and card["peak_memory"] >= 0
        assert card["pieces"] == 1


def test_every_value_is_plain_json_of_its_own(service: Service, photo: str) -> None:
    grids = list(service.erase(order(photo, "telea", "paint")))
    for grid in grids:
        assert json.loads(json.dumps(grid, allow_nan=False)) == grid
    assert len({id(grid) for grid in grids}) == len(grids)
    assert grids[0]["cards"][0]["state"] != "done"  # not changed after it was handed out


def test_transparency_is_filled_as_the_photo_is(service: Service, upload: Upload) -> None:
    alpha = np.tile(np.linspace(0, 255, 120).astype(np.uint8), (90, 1))
    data = png_file(np.dstack([picture(), alpha]), "RGBA")
    opened = service.open_photo({"path": upload(data), "name": "glass.png"})
    final = last(service.erase(order(opened["photo"]["id"], "paint")))
    before, after = np.dstack([picture(), alpha]), result(service, final)
    hole = mask_of(service, final) > 0
    assert np.array_equal(after[~hole], before[~hole])
    assert np.abs(after[hole][:, 3].astype(int) - alpha[hole]).max() <= 12  # the gradient goes on


def test_the_page_shows_a_checkerboard_and_nothing_that_is_hidden(
    service: Service, upload: Upload
) -> None:
    alpha = np.zeros((90, 120), np.uint8)
    alpha[20:70, 70:110] = 255
    data = png_file(np.dstack([np.full((90, 120, 3), (20, 200, 40), np.uint8), alpha]), "RGBA")
    opened = service.open_photo({"path": upload(data), "name": "sticker.png"})
    final = last(service.erase(order(opened["photo"]["id"], "telea")))
    views = [service.photos.view(opened["photo"]["id"])]
    views += [service.runs.folder / final["run"] / name for name in ("original.jpg", VIEW)]
    for view in views:
        with Pil.open(view) as picture_shown:
            empty = np.asarray(picture_shown)[:, :60].astype(int)
        assert np.ptp(empty, axis=2).max() < 12 and empty.std() > 15


def test_settings_and_seed_reach_the_eraser(service: Service, photo: str) -> None:
    asked = order(photo)
    asked["jobs"] = [
        {"eraser": "paint", "settings": {"level": 200}, "seed": 5},
        {"eraser": "paint", "settings": {"level": 9, "words": "<b>hi</b>"}, "seed": 6},
    ]
    final = last(service.erase(asked))
    mask = mask_of(service, final)
    inner = mask & np.roll(mask, 12, 0) & np.roll(mask, -12, 0)  # away from its rim
    assert (result(service, final, 0)[inner] == 200).all()
    assert final["cards"][0]["seed"] == 5 and final["cards"][0]["settings"]["level"] == 200
    assert final["cards"][1]["settings"]["words"] == "<b>hi</b>"


def test_the_same_job_again_is_answered_from_the_cache(service: Service, photo: str) -> None:
    first = last(service.erase(order(photo, "telea", dilate=2)))
    again = last(service.erase(order(photo, "telea", dilate=2)))
    assert again["cards"][0]["cached"] is True
    assert np.array_equal(result(service, first), result(service, again))


def test_a_card_does_not_wait_for_lossless_files(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, real = threading.Event(), live_module.PngWriter._encode

    def held(self: Any, *args: Any) -> None:
        go_on.wait(20)
        real(self, *args)

    monkeypatch.setattr(live_module.PngWriter, "_encode", held)
    grids = service.erase(order(photo, "paint", "telea"))
    both = next(grid for grid in grids if states(grid) == ["done", "done"])
    assert all("view" in card and "full" not in card for card in both["cards"])
    ended = both if both["state"] == "done" else next(g for g in grids if g["state"] == "done")
    assert "zip" not in ended
    go_on.set()
    final = last(grids)
    assert all("full" in card for card in final["cards"]) and "zip" in final


def test_steps_are_told_a_few_times_a_second(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "STEP_SECONDS", 0.05)
    steps: list[int] = []
    for grid in service.erase(order(photo, "slow")):
        step = grid["cards"][0].get("step")
        if step is not None:
            steps.append(step)
            assert grid["cards"][0]["total"] == 50
        if len(steps) == 3:
            Slow.go_on.set()
    assert len(steps) >= 3 and len(set(steps)) > 1


def test_watchers_hear_of_a_run_in_which_nothing_happens(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "HEARTBEAT_SECONDS", 0.05)
    grids: Iterator[Answer] = service.erase(quiet_order(photo))
    until(grids, "running")
    quiet = [next(grids)["seconds"] for _ in range(3)]
    Slow.go_on.set()
    last(grids)
    assert quiet == sorted(quiet) and quiet[0] < quiet[-1]


# --- stopping ----------------------------------------------------------------------------


def test_stop_in_the_middle(service: Service, photo: str) -> None:
    asked = order(photo, "paint", "slow", "telea")
    grids = service.erase(asked, "anna")
    until(grids, "running")
    assert Slow.begun.wait(60)
    assert service.stop(owned(asked)) == {"ok": True, "stopped": True}
    final = last(grids)
    assert final["state"] == "stopped" and states(final) == ["done", "stopped", "stopped"]
    assert "full" in final["cards"][0] and "zip" in final
    assert not Slow.go_on.is_set()  # it did not run to its own end
    assert service.stop(owned(asked)) == {"ok": True, "stopped": False}


def test_a_call_that_cannot_be_interrupted_says_that_it_stops(service: Service, photo: str) -> None:
    asked = quiet_order(photo)
    grids = service.erase(asked)
    until(grids, "running")
    service.stop(owned(asked))
    assert states(until(grids, "stopping")) == ["stopping"]
    assert last(grids)["state"] == "stopped"


def test_a_run_outlives_the_tab_that_began_it(service: Service, photo: str) -> None:
    asked = order(photo, "slow", "paint")
    grids = service.erase(asked, "anna")
    until(grids, "running")
    grids.close()  # type: ignore[attr-defined]
    assert service.open_run({"run": asked["run"]})["grid"]["state"] == "running"
    Slow.go_on.set()
    final = wait_for_end(service, asked["run"])
    assert final["state"] == "done" and states(final) == ["done", "done"]


def test_after_stop_the_next_run_may_begin_at_once(service: Service, photo: str) -> None:
    grids = service.erase(order(photo, "slow"), "anna")
    grid = until(grids, "running")
    service.stop(owned(grid))
    assert last(service.erase(order(photo, "paint"), "anna"))["state"] == "done"
    last(grids)


def test_stop_needs_the_id_of_a_run(service: Service) -> None:
    assert code(service.stop({"run": "x" * 22})) == "run_gone"
    assert code(service.stop({"run": "../x"})) == "run_gone"
    assert code(service.open_run({"run": "half-a-li"})) == "run_gone"  # cut off on its way
    assert code(service.stop({})) == "bad_request"


def test_closing_the_service_stops_everything(service: Service, photo: str) -> None:
    asked = order(photo, "slow")
    grids = service.erase(asked)
    until(grids, "running")
    service.close()
    assert last(grids)["state"] == "stopped"


def wait_for_end(service: Service, run: str) -> Answer:
    """The grid on disk, once nobody works on the run any more."""
    for _ in range(400):
        if run not in service.erasing.running():
            return dict(service.open_run({"run": run})["grid"])
        threading.Event().wait(0.05)
    raise AssertionError("the run did not end")


# --- failures ----------------------------------------------------------------------------


def test_one_eraser_fails_and_the_others_finish(service: Service, photo: str) -> None:
    final = last(service.erase(order(photo, "paint", "broken", "telea")))
    assert final["state"] == "done" and states(final) == ["done", "failed", "done"]
    error = final["cards"][1]["error"]
    assert error["code"] == "internal" and "secret" not in json.dumps(final)
    assert SECRET not in (service.runs.folder / final["run"] / "run.json").read_text()


def test_a_full_disk_fails_the_card_not_the_run(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, views = live_module.write_atomic, []

    def full_at_first(path: Path, data: bytes) -> None:
        views.append(path.name)
        if len(views) == 1:
            raise OSError(28, "No space left on device", str(path))
        real(path, data)

    monkeypatch.setattr(live_module, "write_atomic", full_at_first)
    final = last(service.erase(order(photo, "paint", "telea")))
    assert states(final) == ["failed", "done"] and code(final["cards"][0]) == "disk_full"


def test_a_lossless_file_that_cannot_be_written_is_told(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("ui.stores.png_writer.write_atomic", full)
    final = last(service.erase(order(photo, "paint")))
    assert states(final) == ["failed"] and code(final["cards"][0]) == "disk_full"
    assert "zip" not in final and "view" in final["cards"][0]


BAD_JOBS: list[tuple[Any, str]] = [
    ([], "bad_request"),
    ([{"eraser": "telea"}] * 65, "bad_request"),
    ([{"eraser": "no_such", "settings": {}, "seed": 0}], "unknown_eraser"),
    ([{"eraser": "../telea", "settings": {}, "seed": 0}], "bad_request"),
    ([{"eraser": "paint", "settings": {"level": 999}, "seed": 0}], "bad_setting"),
    ([{"eraser": "paint", "settings": {"levle": 9}, "seed": 0}], "unknown_setting"),
    ([{"eraser": "paint", "settings": {"level": float("nan")}, "seed": 0}], "bad_request"),
    ([{"eraser": "paint", "settings": {"words": {"path": "/etc/passwd"}}}], "bad_request"),
    ([{"eraser": "paint", "settings": {"words": "\ud800"}}], "bad_request"),
    ([{"eraser": "paint", "settings": {"words": "x" * 9999}}], "bad_request"),
    ([{"eraser": "paint", "settings": {f"s{n}": 1 for n in range(99)}}], "bad_request"),
    ([{"eraser": "paint", "settings": [], "seed": 0}], "bad_request"),
    ([{"eraser": "paint", "seed": -1}], "bad_request"),
    ([{"eraser": "paint", "seed": 2**32}], "bad_request"),
    ([{"eraser": "paint", "seed": 1.5}], "bad_request"),
    ([{"eraser": "paint", "seed": True}], "bad_request"),
    ([{"eraser": "paint", "extra": 1}], "bad_request"),
    ("paint", "bad_request"),
]


@pytest.mark.parametrize(("jobs", "expected"), BAD_JOBS)
def test_jobs_that_cannot_be_are_refused_and_leave_nothing(
    service: Service, photo: str, jobs: Any, expected: str
) -> None:
    asked = {**order(photo), "jobs": jobs}
    final = last(service.erase(asked))
    assert final["state"] == "failed" and final["cards"] == [] and code(final) == expected
    assert final["run"] == asked["run"]
    assert not list(service.runs.folder.iterdir()) and not service.erasing.running()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"run": "short"}, "bad_request"),
        ({"run": "../" + "x" * 19}, "bad_request"),
        ({"run": "x" * 22 + "\n"}, "bad_request"),
        ({"run": None}, "bad_request"),
        ({"photo": "y" * 22}, "photo_gone"),
        ({"objects": []}, "no_prompts"),
        ({"dilate": -60}, "mask_empty"),
        ({"segmenter": "no_such"}, "unknown_segmenter"),
        ({"surprise": 1}, "bad_request"),
    ],
)
def test_payloads_that_cannot_be_are_refused(
    service: Service, photo: str, changes: Answer, expected: str
) -> None:
    final = last(service.erase({**order(photo, "telea"), **changes}))
    assert final["state"] == "failed" and final["cards"] == [] and code(final) == expected
    assert not list(service.runs.folder.iterdir()) and not service.erasing.running()


@pytest.mark.parametrize("payload", [None, 3, "x", [], {}, {"run": {"a": 1}}, {"run": 7}])
def test_payloads_of_another_kind_are_answered_once(service: Service, payload: Any) -> None:
    grids = list(service.erase(payload, "anna"))
    assert len(grids) == 1 and code(grids[0]) == "bad_request"


def test_inner_errors_at_the_start_stay_inside(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(mask: Any) -> bytes:
        raise RuntimeError(f"cannot open {SECRET}")

    monkeypatch.setattr("ui.service.erasing.erase.mask_png", fail)
    final = last(service.erase(order(photo)))
    assert code(final) == "internal" and "secret" not in str(final)
    assert not list(service.runs.folder.iterdir()) and not service.erasing.running()


# --- whose run it is, and how many -------------------------------------------------------


def test_an_id_is_used_once(service: Service, photo: str) -> None:
    asked = order(photo, "paint")
    last(service.erase(asked))
    assert code(last(service.erase(asked))) == "run_used"
    running = order(photo, "slow")
    grids = service.erase(running)
    next(grids)
    assert code(last(service.erase(running, "ben"))) == "run_used"
    Slow.go_on.set()
    last(grids)


def test_one_run_per_session(service: Service, photo: str) -> None:
    grids = service.erase(order(photo, "slow"), "anna")
    next(grids)
    assert code(last(service.erase(order(photo), "anna"))) == "run_in_progress"
    Slow.go_on.set()
    assert last(grids)["state"] == "done"
    assert last(service.erase(order(photo), "anna"))["state"] == "done"


def test_too_many_runs_at_once_are_refused(
    tmp_path: Path, uploads: Path, upload: Upload, grabcut_only: None
) -> None:
    service = Service(tmp_path / "small", most_runs=2)
    photo = service.open_photo({"path": upload(), "name": "x"})["photo"]["id"]
    going = [service.erase(order(photo, "slow"), name) for name in ("anna", "ben")]
    first = until(going[0], "running")  # so that it is the second that waits
    waiting = until(going[1], "waiting")
    refused = last(service.erase(order(photo), "carl"))
    assert code(refused) == "busy" and refused["error"]["details"]["waiting"] == 2
    assert first["run"] != waiting["run"]
    assert waiting["cards"][0]["ahead"] >= 1
    Slow.go_on.set()
    assert [last(grids)["state"] for grids in going] == ["done", "done"]
    service.close()


def test_two_sessions_do_not_see_each_other(service: Service, upload: Upload) -> None:
    red, blue = picture(), picture()[..., ::-1].copy()
    ids = [
        service.open_photo({"path": upload(png_file(image)), "name": name})["photo"]["id"]
        for image, name in ((red, "anna.png"), (blue, "ben.png"))
    ]
    anna, ben = (
        service.erase(order(ids[0], "paint"), "anna"),
        service.erase(order(ids[1], "paint", dilate=4), "ben"),
    )
    ended = []
    threads = [
        threading.Thread(target=lambda g=grids: ended.append(last(g))) for grids in (anna, ben)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    by_name = {grid["photo"]["name"]: grid for grid in ended}
    for name, image, other in (("anna.png", red, ids[1]), ("ben.png", blue, ids[0])):
        grid = by_name[name]
        mask = mask_of(service, grid)
        assert np.array_equal(result(service, grid)[~mask], image[~mask])
        assert other not in json.dumps(grid)


# --- the run's link ----------------------------------------------------------------------


def test_a_run_opens_again_as_it_was(service: Service, photo: str, tmp_path: Path) -> None:
    asked = order(photo, "paint", "telea", dilate=3)
    asked["jobs"][0] = {"eraser": "paint", "settings": {"level": 31}, "seed": 77}
    final = last(service.erase(asked, "anna"))
    service.close()
    later = Service(tmp_path / "data")  # after a restart
    answer = later.open_run({"run": asked["run"]})
    assert answer["ok"] and answer["grid"] == final
    assert answer["jobs"][0] == {"eraser": "paint", "settings": {"level": 31}, "seed": 77}
    sent = PromptedObject.model_validate(box()[0]).model_dump(mode="json")
    shape = Shape(dilate=3).model_dump()
    assert answer["prompt"] == {
        "version": 2,
        "objects": [sent],
        "strokes": [],
        "upload": None,
        "shape": shape,
        "segmenter": "grabcut",
        "words": None,
    }
    assert answer["photo"]["id"] == photo
    again = later.segment({"photo": photo, **answer["prompt"]})
    assert abs(again["area"] - final["mask"]["area"]) < 1e-9
    later.close()


def test_a_run_brings_its_photo_back(service: Service, photo: str) -> None:
    final = last(service.erase(order(photo, "paint")))
    original = service.photos.original(photo).read_bytes()
    shutil.rmtree(service.photos.folder / photo)
    service.photos.forget(photo)
    answer = service.open_run({"run": final["run"]})
    assert answer["ok"] and service.photos.original(photo).read_bytes() == original
    assert service.segment(prompts(photo))["ok"]


def test_a_running_run_can_be_looked_at(service: Service, photo: str) -> None:
    grids = service.erase(order(photo, "slow"))
    grid = until(grids, "running")
    assert service.open_run({"run": grid["run"]})["grid"]["state"] == "running"
    Slow.go_on.set()
    last(grids)


def test_a_run_that_a_crash_cut_off_counts_as_stopped(service: Service, photo: str) -> None:
    final = last(service.erase(order(photo, "paint", "telea")))
    saved = service.runs.load(final["run"])
    saved["grid"]["state"] = "running"
    saved["grid"]["cards"][1] = {**saved["grid"]["cards"][1], "state": "running", "step": 3}
    service.runs.save(final["run"], saved)
    grid = service.open_run({"run": final["run"]})["grid"]
    assert grid["state"] == "stopped" and states(grid) == ["done", "stopped"]
    assert "step" not in grid["cards"][1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1}'])
def test_a_run_that_cannot_be_read_is_gone(service: Service, photo: str, text: str) -> None:
    final = last(service.erase(order(photo, "paint")))
    (service.runs.folder / final["run"] / "run.json").write_text(text)
    assert code(service.open_run({"run": final["run"]})) == "run_gone"


def test_unknown_runs_are_gone(service: Service) -> None:
    assert code(service.open_run({"run": run_id()})) == "run_gone"
    assert code(service.open_run({"run": ".."})) == "run_gone"


def test_a_watcher_that_comes_late_gets_the_last_value(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    live: list[LiveRun] = []
    real = service.erasing.begin

    def keeping(asked: Any) -> LiveRun:
        live.append(real(asked))
        return live[0]

    monkeypatch.setattr(service.erasing, "begin", keeping)
    final = last(service.erase(order(photo, "paint")))
    assert list(live[0].grids()) == [final]
