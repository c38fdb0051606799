"""The page's eyes in a process of their own: the same answers, and what their death costs."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seer_toys
from methods import HELPER_LOST, Image
from methods._system import lock
from runner_tools import wait_until
from segmentation import Embedding, PromptedObject, Selection, mask_png
from segmentation._engine import registry
from tile_tools import Scaled, always, square
from ui.service.helper.judge import measured
from ui.service.helper.seeing import Seeing
from ui.service.selections.detect import Detecting
from ui.service.selections.select import Eyes, Question
from ui.service.service import Service
from ui_mask_tools import SWIPE, shaped
from ui_tools import Answer, box, last, order, picture, png_file, prompts
from worker_fixtures import pool_of

pytest_plugins = ["ui_fixtures"]

LANE = (("lane1", "lane"),)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for this module's services. There are no weights, so nothing heavy is loaded."""
    folder = tmp_path_factory.mktemp("seeing")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        patch.setenv("ERASER_LAB_WEIGHTS", str(folder / "weights"))
        yield folder


@pytest.fixture(scope="module")
def away(bare: Path) -> Iterator[Service]:
    """A page whose eyes are elsewhere."""
    made = Service(bare / "away", executor=pool_of(LANE))
    assert isinstance(made.selecting.eyes, Seeing)
    yield made
    made.close()


@pytest.fixture(scope="module")
def here(bare: Path) -> Iterator[Service]:
    made = Service(bare / "here")
    assert isinstance(made.selecting.eyes, Eyes)
    yield made
    made.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


def uploaded(data: bytes, name: str) -> str:
    folder = Path(os.environ["GRADIO_TEMP_DIR"]) / name.partition(".")[0]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return str(folder / name)


def opened(service: Service) -> str:
    path = uploaded(png_file(), "photo.png")
    answer = service.open_photo({"path": path, "name": "photo.png", "segmenter": "grabcut"})
    assert answer["ok"], answer
    return str(answer["photo"]["id"])


# --- the same answers --------------------------------------------------------------------------


def drawn(service: Service) -> dict[str, Any]:
    """A disc, a swipe, and an uploaded mask, grown."""
    photo = opened(service)
    mask = np.zeros((90, 120), bool)
    mask[5:15, 5:25] = True
    path = uploaded(mask_png(mask), "mask.png")
    answer = service.upload_mask({"photo": photo, "path": path, "name": "mask.png"})
    assert answer["ok"], answer
    return {**shaped(photo, dilate=3), "strokes": [SWIPE], "upload": answer["upload"]}


def test_a_click_has_the_same_answer(away: Service, here: Service) -> None:
    ours, theirs = (
        dict[str, Any](service.segment({**drawn(service), "n": 1, "side": 100, "show": "margin"}))
        for service in (away, here)
    )
    assert ours["ok"] and ours["area"] > 0.05
    del ours["milliseconds"], theirs["milliseconds"]
    assert ours == theirs


def test_a_mask_at_full_size_is_the_same(away: Service, here: Service) -> None:
    ours, theirs = (service.mask(drawn(service)) for service in (away, here))
    assert ours["ok"] and ours["rle"] == theirs["rle"]


@pytest.mark.slow
def test_an_error_is_the_same_sentence(away: Service, here: Service) -> None:
    registry._shared.clear()  # another test may have loaded what is not to be had here
    for changes in ({"segmenter": "mobile_sam"}, {"segmenter": "sam9"}):
        ours, theirs = (
            service.segment({**prompts(opened(service)), **changes}) for service in (away, here)
        )
        assert not ours["ok"] and ours["error"] == theirs["error"]
    asked = "disc"
    found, other = (
        service.detect({"photo": opened(service), "phrase": asked}) for service in (away, here)
    )
    assert found == other and found["error"]["code"] == "detector_missing"


def test_what_is_found_by_words_is_the_same() -> None:
    with pool_of(LANE) as pool:
        away = Seeing(pool.helper(seer_toys.ENTRY))
        for backend in (None, "other"):
            found, other = (
                Detecting(find).detect("a photo", picture, "红色的汽车，狗", backend)
                for find in (away.detect, seer_toys.detect)
            )
            assert found == other and found.found[0].box.x1 == 120


def judged(measure: Callable[..., Any], truth: Image | None = None) -> Any:
    photo, mask = picture(), np.zeros((90, 120), bool)
    mask[25:65, 40:80] = True
    result = np.where(mask[..., None], 128, photo).astype(np.uint8)
    return [reading.plain() for reading in measure(photo, mask, result, truth, None)]


def test_numbers_are_the_same(away: Service) -> None:
    assert away.measure is not measured
    for truth in (None, picture()[::-1].copy()):
        assert judged(away.measure, truth) == judged(measured, truth) != []


def test_a_run_has_its_numbers(away: Service) -> None:
    grid = last(away.erase(order(opened(away), "telea")))
    assert grid["state"] == "done" and len(grid["cards"][0]["readings"]) >= 3


# --- others ------------------------------------------------------------------------------------


def asked(key: str) -> Question:
    objects = tuple(PromptedObject.model_validate(each) for each in box())
    return Question(key, (90, 120), picture, Selection(objects=objects, segmenter="scaled"))


def test_clicks_on_a_known_photo_do_not_wait_for_other_photos(threads: ThreadPoolExecutor) -> None:
    """Nor for those who wait for these."""
    with pool_of(LANE) as pool:
        helper = pool.helper(seer_toys.ENTRY)
        seeing = Seeing(helper)
        found, spec = seeing.select(asked("quick"), None, 0)
        assert spec.id == "scaled" and found.mask.any()
        ahead = threads.submit(seeing.encode, "slow 1", picture, "scaled")
        clicks = [threads.submit(seeing.select, asked(f"slow {n}"), None, 0) for n in (1, 2)]
        wait_until(lambda: len(helper._line._waiting) == 3 if helper._line else False)
        again, _ = seeing.select(asked("quick"), 60, 0)
        assert again.mask.any() and not ahead.done() and not any(each.done() for each in clicks)
        helper.call("go_on")
        assert ahead.result(60) is None
        assert all(np.array_equal(each.result(60)[0].mask, found.mask) for each in clicks)


# --- who goes first ----------------------------------------------------------------------------


class Watching(Scaled):
    """Notes who could have waited when it looked at a photo."""

    def __init__(self) -> None:
        answer = always([square(0.1), square(0.2), square(0.3)], [0.9, 0.95, 0.9])
        super().__init__(answer, answer)
        self.patient: list[bool] = []

    def encode(self, image: Image, key: str) -> Embedding:
        self.patient.append(lock._patient.get() is not None)
        return super().encode(image, key)


class Held(Watching):
    """Looks at a photo when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.free = threading.Event(), threading.Event()
        self.patience: lock.Patience | None = None

    def encode(self, image: Image, key: str) -> Embedding:
        self.patience = lock._patient.get()
        self.begun.set()
        assert self.free.wait(60)
        return super().encode(image, key)


def test_a_click_ends_the_patience_of_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or it would stand behind all clicks on other photos."""
    held = Held()
    monkeypatch.setattr("ui.service.selections.select.get_segmenter", lambda *args, **more: held)
    eyes = Eyes()
    with ThreadPoolExecutor(2) as threads:
        try:
            ahead = threads.submit(eyes.encode, "photo", picture, "scaled")
            assert held.begun.wait(60)
            patience = held.patience
            assert patience is not None and not patience.is_over
            click = threads.submit(eyes.select, asked("photo"), None, 0)
            wait_until(lambda: patience.is_over)
        finally:
            held.free.set()
        assert click.result(60)[0].mask.any() and ahead.result(60) is None
    assert len(held.patient) == 1 and not eyes._ahead


def features(watching: Watching, image: Image) -> Any:
    watching.encode(image, "a result")
    return image[::4, ::4].astype(np.float32)


def test_clicks_go_before_what_nobody_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    watching = Watching()
    monkeypatch.setattr(
        "ui.service.selections.select.get_segmenter", lambda *args, **more: watching
    )
    monkeypatch.setattr("ui.service.helper.judge.are_features_ready", lambda: True)
    monkeypatch.setattr(
        "ui.service.helper.judge.features_of", lambda seen: features(watching, seen)
    )
    eyes = Eyes()
    eyes.encode("ahead", picture, "scaled")
    eyes.select(asked("now"), None, 0)
    assert watching.patient == [True, False]
    judged(measured)
    assert len(watching.patient) > 2 and all(watching.patient[2:])


# --- when they die -----------------------------------------------------------------------------


def dies_under(
    service: Service, threads: ThreadPoolExecutor, action: Callable[[], Answer]
) -> Future[Answer]:
    """What becomes of an action whose process is killed while it is at it."""
    seeing = service.selecting.eyes
    assert isinstance(seeing, Seeing)
    seeing.load()
    helper = seeing._helper
    pid = helper.pid
    os.kill(pid, signal.SIGSTOP)
    under_way = threads.submit(action)
    wait_until(lambda: bool(helper._line and helper._line._waiting))
    os.kill(pid, signal.SIGKILL)
    return under_way


def test_a_click_whose_process_dies_is_answered_by_the_next(
    away: Service, threads: ThreadPoolExecutor
) -> None:
    asked = prompts(opened(away))
    before = away.segment(asked)
    again = dies_under(away, threads, lambda: away.segment(asked)).result(300)
    assert again["ok"] and again["overlay"] == before["overlay"]


def test_a_click_whose_process_dies_too_often_is_told_to_try_again(
    away: Service, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = prompts(opened(away))
    before = away.segment(asked)
    monkeypatch.setattr("methods._workers.helper.MOST_TRIES", 1)
    answer = dies_under(away, threads, lambda: away.segment(asked)).result(60)
    error = answer["error"]
    assert error["code"] == HELPER_LOST and "try again" in error["text"]
    assert "再试一次" in error["said"]["zh"]
    seeing = away.selecting.eyes
    assert isinstance(seeing, Seeing)
    wait_until(lambda: seeing._helper.pid != 0)  # and nobody has asked for it
    again = away.segment(asked)
    assert again["ok"] and again["overlay"] == before["overlay"]


@pytest.mark.slow
def test_numbers_outlive_it(away: Service, threads: ThreadPoolExecutor) -> None:
    found = dies_under(away, threads, lambda: judged(away.measure)).result(60)
    assert found == judged(measured)
