"""Finding by words through the service, the API and the command line, with a tiny network."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image as Pil

from methods import Image
from ports import own_port
from segmentation._detection import detect
from ui.api import endpoints
from ui.cli.__main__ import main
from ui.common.limits import Rate, RateLimiter
from ui.page import routes
from ui.page.server_functions import NAMES, server_functions
from ui.service.selections.detect import MOST_WAITING
from ui.service.service import Service
from ui_tools import Answer, Upload, png_file

pytest_plugins = ["grounding_fixtures", "ui_fixtures"]

MODEL = "grounding-dino-tiny/model.safetensors"


def code(answer: Answer) -> str:
    return str(answer.get("error", {}).get("code", ""))


@pytest.fixture
def rocket_photo(service: Service, upload: Upload, rocket: Image) -> str:
    answer = service.open_photo({"path": upload(png_file(rocket)), "name": "rocket.png"})
    return str(answer["photo"]["id"])


# --- the page ----------------------------------------------------------------------------


def test_the_page_gets_everything_it_filters(
    service: Service, rocket_photo: str, forwards: list[str]
) -> None:
    asked = {"photo": rocket_photo, "phrase": "Red car, DOG"}
    answer = service.detect(asked)
    assert answer["ok"] and answer["phrase"] == "red car. dog." and not answer["translated"]
    assert answer["backend"] == "grounding_dino_tiny" and answer["notes"] == []
    assert len(answer["detections"]) > 5 and json.dumps(answer, allow_nan=False)
    for each in answer["detections"]:
        assert set(each) == {"label", "score", "text_score", "words", "box"}
        assert 0 <= each["box"]["x0"] < each["box"]["x1"] <= 640
        assert each["score"] > 0.05 and each["label"] in ("red car", "dog")
    assert service.detect(asked) == answer and forwards == ["red car. dog."]


def test_a_detection_becomes_an_object(
    service: Service, rocket_photo: str, tiny_detector: Path
) -> None:
    found = service.detect({"photo": rocket_photo, "phrase": "dog"})["detections"]
    largest = max(found, key=lambda each: each["box"]["x1"] - each["box"]["x0"])
    answer = service.segment(
        {"photo": rocket_photo, "objects": [{"box": largest["box"]}], "segmenter": "grabcut"}
    )
    assert answer["ok"] and answer["area"] > 0


def test_a_translation_is_told(service: Service, rocket_photo: str, tiny_detector: Path) -> None:
    answer = service.detect({"photo": rocket_photo, "phrase": "红色的汽车，狗"})
    assert answer["phrase"] == "red car. dog." and answer["translated"]
    (note,) = answer["notes"]
    assert "红色的汽车 = red car" in note["en"] and "红色的汽车 = red car" in note["zh"]


def test_the_same_photo_in_two_tabs_is_looked_at_once(
    service: Service, upload: Upload, rocket: Image, forwards: list[str]
) -> None:
    tabs = [
        service.open_photo({"path": upload(png_file(rocket)), "name": name})["photo"]["id"]
        for name in ("a.png", "b.png")
    ]
    gate = threading.Barrier(4)

    def ask(number: int) -> Answer:
        gate.wait(20)
        return service.detect({"photo": tabs[number % 2], "phrase": "cat"}, f"visitor {number}")

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert tabs[0] != tabs[1] and forwards == ["cat."]
    assert all(answer["ok"] and answer == answers[0] for answer in answers)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"phrase": ""}, "phrase_empty"),
    ({"phrase": "x" * 10_240}, "phrase_too_long"),
    ({"phrase": "那个戴帽子的人"}, "phrase_not_english"),
    ({"phrase": 7}, "bad_request"),
    ({"phrase": None}, "bad_request"),
    ({"backend": "nosuch"}, "unknown_detector"),
    ({"backend": "../../etc"}, "bad_request"),
    ({"photo": "x" * 22}, "photo_gone"),
    ({"photo": "../secret"}, "bad_request"),
    ({"more": 1}, "bad_request"),
]


def test_bad_requests(service: Service, rocket_photo: str, forwards: list[str]) -> None:
    for changes, expected in BAD:
        answer = service.detect({"photo": rocket_photo, "phrase": "dog", **changes})
        assert not answer["ok"] and code(answer) == expected and len(str(answer)) < 1000
    assert forwards == []


def test_without_weights(
    service: Service, rocket_photo: str, no_weights: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(
        "ui.service.choices.catalog.fetch_in_background",
        lambda *weights, again: begun.extend(weight.name for weight in weights),
    )
    answer = service.detect({"photo": rocket_photo, "phrase": "dog"})
    assert code(answer) == "detector_missing"
    assert answer["error"]["details"]["megabytes"] == 690
    tiny, *_, original = service.erasers({})["detectors"]
    assert tiny["id"] == "grounding_dino_tiny" and tiny["available"] and not tiny["ready"]
    assert tiny["why"] is None and {w["state"] for w in tiny["weights"]} == {"missing"}
    assert sum(weight["size"] for weight in tiny["weights"]) > 689e6
    assert original["id"] == "groundingdino_py"
    why = original["why"]
    assert original["available"] or (why and "requirements-groundingdino" in why["zh"])
    assert MODEL in service.weights({})["weights"]
    assert service.fetch_weights({"name": MODEL})["ok"] and begun == [MODEL]


def test_with_weights_the_page_may_ask(service: Service, tiny_detector: Path) -> None:
    tiny = service.erasers({})["detectors"][0]
    assert tiny["available"] and tiny["ready"]
    assert {weight["state"] for weight in tiny["weights"]} == {"ready"}


def test_too_many_new_questions(
    service: Service, rocket_photo: str, tiny_detector: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.detecting, "_rate", RateLimiter(Rate(per_second=0.001, burst=2)))
    asked = {"photo": rocket_photo, "phrase": "dog"}
    codes = [code(service.detect(asked, caller)) for caller in ("a", "a", "a", "b")]
    assert codes == ["", "", "too_fast", ""]
    for _ in range(MOST_WAITING):
        assert service.detecting._places.acquire(blocking=False)
    assert code(service.detect(asked, "c")) == "detector_busy"
    service.detecting._places.release()
    assert service.detect(asked, "d")["ok"]
    assert service.detecting._places.acquire(blocking=False)  # given back


def test_a_bug_in_the_network_is_no_text_for_visitors(
    service: Service, rocket_photo: str, tiny_detector: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = detect.get_detector("grounding_dino_tiny")

    def broken(image: Image, text: str) -> None:
        raise RuntimeError("/srv/secret/model.py line 7")

    monkeypatch.setattr(detector, "answer", broken)
    answer = service.detect({"photo": rocket_photo, "phrase": "dog"})
    assert code(answer) == "internal" and "secret" not in str(answer)


def test_the_browser_can_call_it() -> None:
    assert "detect" in NAMES


# --- the API -----------------------------------------------------------------------------


@pytest.fixture
def client(service: Service, tiny_detector: Path) -> Iterator[Client]:
    with gr.Blocks(analytics_enabled=False) as demo:
        gr.HTML("", server_functions=server_functions(service))
        endpoints.register(service)
    _, url, _ = demo.queue().launch(
        server_port=own_port(),
        prevent_thread_lock=True,
        quiet=True,
        ssr_mode=False,
        app_kwargs=routes.app_kwargs(service),
    )
    yield Client(url, verbose=False)
    demo.close()


@pytest.fixture
def rocket_file(tmp_path: Path, rocket: Image) -> Path:
    path = tmp_path / "rocket.png"
    path.write_bytes(png_file(rocket))
    return path


@pytest.mark.slow
def test_the_api(client: Client, rocket_file: Path, forwards: list[str]) -> None:
    photo = handle_file(rocket_file)
    every = client.predict(photo, "red car, dog", 0.05, 0.0, api_name="/detect")
    assert (every["width"], every["height"]) == (640, 427)
    some = client.predict(photo, "red car, dog", 0.4, 0.2, api_name="/detect")["detections"]
    above = [e for e in every["detections"] if e["score"] > 0.4 and e["text_score"] > 0.2]
    assert some == above and 0 < len(some) < len(every["detections"])

    found = client.predict(
        image=photo,
        text="red car, dog",
        box_threshold=some[1]["score"] - 1e-6,
        text_threshold=0.0,
        points=[[10, 10]],
        segmenter="grabcut",
        api_name="/segment",
    )
    assert [e["label"] for e in found["detections"]] == [e["label"] for e in every["detections"]][
        :2
    ]
    assert len(found["objects"]) == 3 and found["area"] > 0
    with Pil.open(found["mask"]) as mask:
        assert mask.size == (640, 427)

    erased = client.predict(
        image=photo,
        text="red car, dog",
        box_threshold=some[1]["score"] - 1e-6,
        text_threshold=0.0,
        erasers=["telea"],
        segmenter="grabcut",
        api_name="/erase",
    )
    assert [one["state"] for one in erased["results"]] == ["done"]
    # Once for five questions with three thresholds, once to look for it in the result.
    assert forwards == ["red car. dog."] * 2

    for arguments, words in (
        ({"text": "red car, dog", "box_threshold": 0.99}, "Lower the thresholds"),
        ({"text": ""}, "Say what to look for"),
        ({"text": "dog", "box_threshold": 2}, "box_threshold"),
        ({"text": "dog", "detector": "nosuch"}, "choose one of"),
        ({"text": "dog", "case": {"version": 1}}, "A case holds all prompts"),
    ):
        with pytest.raises(AppError, match=words):
            client.predict(image=photo, **arguments, api_name="/segment")


# --- the command line --------------------------------------------------------------------


def erase(photo: Path, out: Path, *arguments: str) -> int:
    common = ["--segmenter", "grabcut", "--erasers", "telea", "--offline", "--out", str(out)]
    return main(["erase", str(photo), *common, *arguments])


@pytest.mark.slow
def test_the_command_line(
    rocket_file: Path, tmp_path: Path, forwards: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    thresholds = ("--box-threshold", "0.05", "--text-threshold=0")
    assert erase(rocket_file, tmp_path / "out", "--text", "红色汽车, dog", *thresholds) == 0
    report = json.loads((tmp_path / "out" / "settings.json").read_text("utf-8"))
    assert len(report["objects"]) > 5 and all(entry["box"] for entry in report["objects"])
    assert "红色汽车 = red car" in capsys.readouterr().err
    assert erase(rocket_file, tmp_path / "less", "--text", "red car. dog.") == 0
    less = json.loads((tmp_path / "less" / "settings.json").read_text("utf-8"))
    assert 0 < len(less["objects"]) < len(report["objects"])
    both = ("--text", "red car, dog", "--box", "10,10,60,60")
    assert erase(rocket_file, tmp_path / "both", *both) == 0
    joined = json.loads((tmp_path / "both" / "settings.json").read_text("utf-8"))["objects"]
    assert [entry["box"] for entry in joined[1:]] == [entry["box"] for entry in less["objects"]]
    assert forwards == ["red car. dog."]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--text", ""], "Say what to look for"),
        (["--text", "x" * 10_240], "too long"),
        (["--text", "dog", "--box-threshold", "0.99"], "Lower the thresholds"),
        (["--text", "dog", "--detector", "nosuch"], "choose one of"),
        (["--box", "1,1,50,50", "--box-threshold", "0.3"], "belong to --text"),
    ],
)
def test_the_command_line_says_what_is_wrong(
    rocket_file: Path,
    tmp_path: Path,
    tiny_detector: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    assert erase(rocket_file, tmp_path / "out", *arguments) == 2
    assert words in capsys.readouterr().err and not (tmp_path / "out").exists()


@pytest.mark.parametrize("share", ["2", "-0.1", "nan", "many"])
def test_thresholds_are_shares(
    rocket_file: Path, tmp_path: Path, share: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        erase(rocket_file, tmp_path / "out", "--text", "dog", f"--box-threshold={share}")
    assert ending.value.code == 2 and "from 0 to 1" in capsys.readouterr().err


def test_offline_without_weights(
    rocket_file: Path, tmp_path: Path, no_weights: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase(rocket_file, tmp_path / "out", "--text", "dog") == 1
    said = capsys.readouterr().err
    assert "Grounding DINO tiny (690 MB)" in said and "fetch grounding_dino_tiny" in said


def test_the_list_names_the_detectors(capsys: pytest.CaptureFixture[str], no_weights: None) -> None:
    assert main(["list", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    tiny = rows["grounding_dino_tiny"]
    assert tiny["kind"] == "detector" and tiny["state"] == "missing" and not tiny["default"]
    assert MODEL in tiny["weights"]
