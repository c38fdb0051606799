"""Clicks: from prompts to an overlay, by the best segmenter that is ready."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from methods import find_weights
from segmentation import PromptedObject, Selection, get_segmenter, list_segmenters
from ui.service.selections.select import Question, Selecting, is_ready
from ui.service.service import Service
from ui_tools import SECRET, Upload, box, picture, png_file, prompts

pytest_plugins = ["ui_fixtures"]

Answer = Mapping[str, Any]


def overlay(answer: Answer) -> np.ndarray:
    """(H, W) bool: where the overlay shows the mask."""
    head, _, data = answer["overlay"].partition(",")
    assert head == "data:image/png;base64"
    picture = Pil.open(io.BytesIO(base64.b64decode(data)))
    return np.asarray(picture.convert("RGBA"))[..., 3] > 0


def code(answer: Answer) -> str:
    return str(answer.get("error", {}).get("code", ""))


def test_a_box_gives_a_mask(service: Service, photo: str) -> None:
    answer = service.segment({**prompts(photo), "n": 41})
    assert answer["ok"] and answer["n"] == 41
    shown = overlay(answer)
    assert shown.shape == (90, 120) and shown[45, 60] and not shown[5, 5]
    assert abs(answer["area"] - shown.mean()) < 1e-6
    assert len(answer["levels"]) == len(answer["chosen"]) == 1
    chosen = answer["chosen"][0]
    assert chosen is not None and {"score", "area"} == set(answer["levels"][0][chosen])
    assert answer["segmenter"] == "grabcut" and answer["approximate"] is True
    assert answer["milliseconds"] >= 0 and len(answer["overlay"]) < 20_000


def test_dilating_grows_the_mask(service: Service, photo: str) -> None:
    areas = [service.segment({**prompts(photo), "dilate": by})["area"] for by in (-3, 0, 6)]
    assert areas[0] < areas[1] < areas[2]


def test_a_large_photo_has_a_small_overlay_and_a_full_mask(
    service: Service, upload: Upload
) -> None:
    image = picture(900, 2000)
    opened = service.open_photo({"path": upload(png_file(image)), "name": "wide.png"})
    asked = prompts(opened["photo"]["id"], objects=box(900, 2000))
    assert overlay(service.segment(asked)).shape == (720, 1600)
    url = service.mask(asked)["url"]
    path = service.photos.file(opened["photo"]["id"], url.rpartition("/")[2])
    assert path is not None
    with Pil.open(path) as mask:
        assert mask.size == (2000, 900) and mask.mode == "1"


def test_masks_to_download_do_not_pile_up(service: Service, photo: str) -> None:
    urls = {service.mask({**prompts(photo), "dilate": by})["url"] for by in range(12)}
    kept = list((service.photos.folder / photo).glob("mask-*.png"))
    assert len(urls) > 8 and len(kept) == 8


def test_one_encode_however_many_clicks(
    service: Service, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    segmenter = get_segmenter("grabcut")
    encoded: list[str] = []
    real, hold = segmenter.encode, threading.Event()

    def counting(image: Any, key: str) -> Any:
        encoded.append(key)
        hold.wait(10)
        return real(image, key)

    monkeypatch.setattr(segmenter, "encode", counting)
    ids = [
        service.open_photo({"path": upload(), "name": name})["photo"]["id"] for name in ("a", "b")
    ]
    answers: list[Answer] = []
    clicks = [
        threading.Thread(target=lambda p=p: answers.append(service.segment(prompts(p))))
        for p in ids * 4
    ]
    for click in clicks:
        click.start()
    hold.set()
    for click in clicks:
        click.join(20)
    assert len(encoded) == 1 and len(answers) == 8 and all(answer["ok"] for answer in answers)


def test_the_photo_is_encoded_as_soon_as_it_is_opened(
    service: Service, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    segmenter = get_segmenter("grabcut")
    done, real = threading.Event(), segmenter.encode

    def telling(image: Any, key: str) -> Any:
        try:
            return real(image, key)
        finally:
            done.set()

    monkeypatch.setattr(segmenter, "encode", telling)
    service.open_photo({"path": upload(), "name": "x.png"})
    assert done.wait(60)  # without any click


def test_grabcut_steps_back_as_soon_as_the_weights_are_here(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {**prompts(photo), "segmenter": None}
    assert service.segment(asked)["approximate"] is True
    chosen: list[str] = []
    real = get_segmenter

    def watching(segmenter_id: str, *, fetch_missing: bool = True) -> Any:
        chosen.append(segmenter_id)
        assert fetch_missing is False  # a click never waits for a download
        return real("grabcut")

    monkeypatch.setattr("ui.service.selections.select.is_ready", lambda spec: True)
    monkeypatch.setattr("ui.service.selections.select.get_segmenter", watching)
    assert service.segment(asked)["ok"] and chosen == ["mobile_sam"]


def test_a_segmenter_that_is_asked_for_is_not_replaced_by_another(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("methods._weights.store.find_weights", lambda weight: None)
    monkeypatch.setattr("methods.find_weights", lambda weight: None)
    monkeypatch.setattr("segmentation._engine.registry._shared", {})
    answer = service.segment({**prompts(photo), "segmenter": "mobile_sam"})
    assert code(answer) == "weights_missing"
    assert code(service.segment({**prompts(photo), "segmenter": "sam9"})) == "unknown_segmenter"


@pytest.mark.slow
def test_the_real_mobile_sam_is_used_when_it_is_here(service: Service) -> None:
    spec = next(spec for spec in list_segmenters() if spec.id == "mobile_sam")
    if not is_ready(spec) or any(find_weights(weight) is None for weight in spec.weights):
        pytest.skip("MobileSAM's weights are not on this machine")
    opened = service.open_example({"id": "rocket"})
    point = {"points": [{"x": 320, "y": 165, "label": 1}], "box": None, "level": None}
    asked = {"photo": opened["photo"]["id"], "objects": [point], "dilate": 0}
    answer = service.segment({**asked, "segmenter": "mobile_sam"})
    assert answer["ok"] and answer["approximate"] is False and len(answer["levels"][0]) == 3
    assert overlay(answer)[165, 320] and 0.001 < answer["area"] < 0.5


# --- what is refused ---------------------------------------------------------------------


def point(**changes: Any) -> list[Answer]:
    return [{"points": [{"x": 5, "y": 5, "label": 1, **changes}], "box": None, "level": None}]


@pytest.mark.parametrize(
    "changes",
    [
        {"objects": []},
        {"objects": None},
        {"objects": "x"},
        {"objects": point(x=float("nan"))},
        {"objects": point(y=float("inf"))},
        {"objects": point(x="left")},
        {"objects": point(x=1e300)},
        {"objects": point(label=7)},
        {"objects": point(extra=1)},
        {"objects": point(x=5000)},
        {"objects": point(x=-5)},
        {"objects": [{"points": [], "box": None, "level": None}]},
        {"objects": [{**box()[0], "level": 9}]},
        {"objects": [{**box()[0], "box": {"x0": 9, "y0": 9, "x1": 3, "y1": 3}}]},
        {"objects": box() * 500},
        {"objects": [{"points": point()[0]["points"] * 5000, "box": None}]},
        {"objects": [{"points": point()[0]["points"] * 60, "box": None}] * 20},
        {"dilate": 1.5},
        {"dilate": "1"},
        {"dilate": True},
        {"dilate": 10**9},
        {"dilate": 900},
        {"n": -1},
        {"n": 2**60},
        {"photo": "x" * 22},
        {"photo": "../../../etc/passwd"},
        {"photo": None},
        {"segmenter": "../x"},
        {"unknown": 1},
    ],
)
def test_prompts_that_cannot_be_are_refused(service: Service, photo: str, changes: Answer) -> None:
    answer = service.segment({**prompts(photo), "n": 1, **changes})
    assert answer["ok"] is False and answer["error"]["text"].endswith(".")
    assert code(answer) != "internal" and len(str(answer)) < 3000


def test_clicking_faster_than_anyone_can_is_refused(service: Service, photo: str) -> None:
    bad = {**prompts("x" * 22)}
    codes = [code(service.segment(bad, "anna")) for _ in range(200)]
    assert codes[:80] == ["photo_gone"] * 80 and "too_fast" in codes


def test_inner_errors_stay_inside_and_are_numbered(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise ValueError(f"cannot open {SECRET}")

    monkeypatch.setattr("ui.service.selections.select.select", fail)
    answer = service.segment({**prompts(photo), "n": 8})
    assert answer == {"ok": False, "n": 8, "error": answer["error"]}
    assert code(answer) == "internal" and "secret" not in str(answer)


def test_a_failed_early_encode_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.service.selections.select.is_ready", lambda spec: not spec.weights)
    selecting = Selecting()

    def unreadable() -> Any:
        raise OSError("gone")

    for number in range(40):  # more than may wait
        selecting.encode_soon(f"key {number}", unreadable)
    image = picture()
    objects = [PromptedObject.model_validate(entry) for entry in box()]
    question = Question("key 1", image.shape[:2], lambda: image, Selection(objects=tuple(objects)))
    selection, _spec = selecting.select(question)
    assert selection.mask.any()
    selecting.close()
