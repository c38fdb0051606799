"""How programs hand over pictures, how little a call needs, and that every refusal has words."""

from __future__ import annotations

import base64
import inspect
import io
import json
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
from PIL import Image as Pil

from methods import BadInput
from ports import own_port
from segmentation import encode_rle
from tiers import rest_is_slow
from ui.api import endpoints
from ui.api.pictures import picture_of
from ui.api.requests import FileArgument
from ui.page import routes
from ui.service.service import Service
from ui_tools import picture, png_file

META = {"meta": {"_type": "gradio.FileData"}}
BOX = [38, 23, 82, 67]
TEXT = base64.b64encode(png_file()).decode()


@pytest.fixture(scope="module")
def api() -> Iterator[tuple[str, Service]]:
    """The URL under which the endpoints are, and their service."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv("GRADIO_TEMP_DIR", str(Path(folder, "uploads")))
        patch.setattr("ui.service.selections.select.is_ready", lambda spec: not spec.weights)
        patch.setattr("ui.service.helper.judge.are_features_ready", lambda: False)
        service = Service(Path(folder, "data"))
        with gr.Blocks(analytics_enabled=False) as demo:
            endpoints.register(service)
        options: Any = {"app_kwargs": routes.app_kwargs(service), "ssr_mode": False}
        _, url, _ = demo.queue().launch(
            server_port=own_port(), prevent_thread_lock=True, quiet=True, **options
        )
        yield f"{url}gradio_api/", service
        demo.close()
        service.close()


def call(url: str, name: str, *values: Any) -> str:
    """What an endpoint answers, as text; its refusals too."""
    begun = httpx.post(f"{url}call/{name}", json={"data": list(values)}, timeout=60)
    if begun.status_code != 200:
        return begun.text
    return httpx.get(f"{url}call/{name}/{begun.json()['event_id']}", timeout=60).text


def uploaded(url: str) -> str:
    answer = httpx.post(f"{url}upload", files={"files": ("my photo.png", png_file())})
    return str(answer.json()[0])


WAYS: dict[str, Any] = {
    "path and mark": lambda path, url: {"path": path, **META},
    "path": lambda path, url: {"path": path},
    "path alone": lambda path, url: path,
    "address": lambda path, url: f"{url}file={path}",
    "address in url": lambda path, url: {"path": None, "url": f"{url}file={path}", **META},
    "address in path": lambda path, url: {"path": f"{url}file={path}", **META},
    "data URL": lambda path, url: f"data:image/png;base64,{TEXT}",
    "data URL in url": lambda path, url: {"url": f"data:image/png;base64,{TEXT}", **META},
    "data URL in path": lambda path, url: {"path": f"data:image/png;base64,{TEXT}", **META},
    "base64": lambda path, url: TEXT,
    "base64 in path": lambda path, url: {"path": TEXT, **META},
}


@pytest.mark.parametrize("way", list(WAYS))
def test_every_way_of_giving_a_picture(api: tuple[str, Service], way: str) -> None:
    answer = call(api[0], "segment", WAYS[way](uploaded(api[0]), api[0]), None, BOX)
    assert "event: complete" in answer and '"width": 120' in answer


def test_the_first_value_is_enough_where_something_is_found(api: tuple[str, Service]) -> None:
    """With the mask as the second: all others have their defaults."""
    mask = np.zeros((90, 120), np.bool_)
    mask[30:50, 40:70] = True
    for given in (encode_rle(mask), "data:image/png;base64," + _as_text(mask)):
        answer = call(api[0], "erase", TEXT, given, ["telea"])
        assert "event: complete" in answer
        (result,) = json.loads(answer.split("data: ")[-1])[0]["results"]
        assert result["state"] == "done" and result["changed_outside"] == 0
        with Pil.open(result["image"]["path"]) as opened:
            assert np.array_equal(np.asarray(opened)[~mask], picture()[~mask])


def _as_text(mask: np.ndarray) -> str:
    file = io.BytesIO()
    Pil.fromarray(mask).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_run_lengths_come_in_as_a_case_too(api: tuple[str, Service]) -> None:
    mask = np.zeros((90, 120), np.bool_)
    mask[30:50, 40:70] = True
    found = call(api[0], "segment", TEXT, *[None] * 9, encode_rle(mask))
    assert encode_rle(mask)["counts"] in json.loads(found.split("data: ")[-1])[0]["rle"]["counts"]


def test_a_mask_in_which_nothing_is_marked_is_named(api: tuple[str, Service]) -> None:
    empty = np.zeros((90, 120), np.bool_)
    black = {"path": "data:image/png;base64," + _as_text(empty), "orig_name": "black.png"}
    assert "Nothing in black.png is marked" in call(api[0], "erase", TEXT, black, ["telea"])
    assert "Nothing in RLE is marked" in call(api[0], "erase", TEXT, encode_rle(empty), ["telea"])


def labels() -> dict[str, str]:
    """A mask with two labels that are known as such: 3 in one place, 7 in another."""
    values = np.zeros((90, 120), np.uint8)
    values[30:50, 40:70] = 3
    values[60:70, 80:90] = 7
    return {"path": "data:image/png;base64," + _as_text(values), "orig_name": "labels.png"}


MASK, READING = {"segment": 9, "erase": 1}, {"segment": 15, "erase": 18}
"""At which place a call has them."""


def asking(endpoint: str, mask: Any, reading: Any = None) -> list[Any]:
    values: list[Any] = [TEXT] + [None] * READING[endpoint]
    values[MASK[endpoint]], values[READING[endpoint]] = mask, reading
    if endpoint == "erase":
        values[2] = ["telea"]
    return values


def answered(url: str, endpoint: str, mask: Any, reading: Any = None) -> Any:
    answer = call(url, endpoint, *asking(endpoint, mask, reading))
    assert "event: complete" in answer, answer
    return json.loads(answer.split("data: ")[-1])[0]


@pytest.mark.parametrize("endpoint", ["segment", "erase"])
def test_an_answer_says_how_its_mask_was_read(api: tuple[str, Service], endpoint: str) -> None:
    found = answered(api[0], endpoint, labels())
    (note,) = found["mask_notes"]
    assert note["code"] == "mask.labels" and note["details"] == {"labels": "3, 7"}
    assert note["text"] == note["said"]["en"] and "3, 7" in note["said"]["zh"]
    assert found["mask_reading"] == 1
    told = [(one["number"], one["code"]) for one in found["mask_readings"]]
    assert told == [(1, "mask.labels"), (2, "mask.label"), (3, "mask.label")]
    shares = [one["area"] for one in found["mask_readings"]]
    assert shares == pytest.approx([700 / 10800, 600 / 10800, 100 / 10800])


@pytest.mark.parametrize("endpoint", ["segment", "erase"])
def test_another_reading_can_be_taken(api: tuple[str, Service], endpoint: str) -> None:
    found = answered(api[0], endpoint, labels(), 3)
    assert found["mask_reading"] == 3 and len(found["mask_readings"]) == 3
    assert [note["text"] for note in found["mask_notes"]] == ["Label 7 alone is erased."]
    if endpoint == "segment":
        assert found["area"] == pytest.approx(100 / 10800)
        return
    with Pil.open(found["results"][0]["image"]["path"]) as opened:
        changed = (np.asarray(opened) != picture()).any(axis=2)
    assert not changed[:60].any() and changed[60:70, 80:90].any()
    kept = api[1].runs.load(found["run"])["grid"]["mask"]
    assert [note["en"] for note in kept["notes"]] == ["Label 7 alone is erased."]


@pytest.mark.parametrize("endpoint", rest_is_slow(["erase", "segment"]))
def test_of_a_plain_mask_nothing_is_said(api: tuple[str, Service], endpoint: str) -> None:
    mask = np.zeros((90, 120), np.bool_)
    mask[30:50, 40:70] = True
    found = answered(api[0], endpoint, encode_rle(mask), 1)
    assert (found["mask_notes"], found["mask_reading"], found["mask_readings"]) == ([], 1, [])
    there = call(api[0], "segment", TEXT, None, BOX)
    assert '"mask_reading": null' in there and '"mask_notes": []' in there


@pytest.mark.parametrize("endpoint", rest_is_slow(["segment", "erase"]))
def test_a_reading_that_there_is_not_is_refused_with_those_that_there_are(
    api: tuple[str, Service], endpoint: str
) -> None:
    mask = np.ones((90, 120), np.bool_)
    answer = call(api[0], endpoint, *asking(endpoint, labels(), 4))
    assert "labels.png can be read in 3 ways" in answer and "3: Label 7 alone" in answer
    assert "1 way only" in call(api[0], endpoint, *asking(endpoint, encode_rle(mask), 2))
    assert "give it with a mask" in call(api[0], endpoint, *asking(endpoint, None, 1))
    for nonsense in (0, -1, 1.5, "two", True):
        refused = call(api[0], endpoint, *asking(endpoint, labels(), nonsense))
        assert "event: error" in refused and "mask_reading" in refused, nonsense


REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": (None, "first value"),
    "an empty text": ("", "first value"),
    "an empty object": ({}, "first value"),
    "no picture in it": (base64.b64encode(b"x" * 90).decode(), "not a picture"),
    "half of base64": ("data:image/png;base64,AAA*", "base64"),
    "a data URL in plain": ("data:text/plain,hello", "base64"),
    "a file of the server": ({"path": "/etc/passwd", **META}, "uploaded here"),
    "its address": ("http://127.0.0.1/gradio_api/file=/etc/passwd", "uploaded here"),
    "a way up": ({"path": "../../../etc/passwd"}, "uploaded here"),
    "another host": ({"path": "http://127.0.0.1:9/x.png", **META}, "Nothing is fetched"),
    "a number": (5, "image"),
}


@pytest.mark.parametrize("name", list(REFUSED))
@pytest.mark.parametrize("endpoint", rest_is_slow(["segment", "detect", "erase"]))
def test_every_refusal_has_words(api: tuple[str, Service], endpoint: str, name: str) -> None:
    given, words = REFUSED[name]
    answer = call(api[0], endpoint, given)
    assert "event: error" in answer and words in answer
    assert '"error": null' not in answer and "root:" not in answer


def test_no_call_at_all_has_words(api: tuple[str, Service]) -> None:
    assert "first value" in call(api[0], "segment")
    kind = {"Content-Type": "application/json"}
    address, nested = f"{api[0]}call/segment", '{"data":' + "[" * 900 + "]" * 900 + "}"
    deep = httpx.post(address, content=nested, headers=kind)
    assert deep.status_code in (200, 400) and deep.text
    large = httpx.post(address, content=b'{"data": ["' + b"x" * (5 << 20) + b'"]}', headers=kind)
    assert large.status_code == 413 and "Upload" in large.text


def test_the_server_fetches_nothing_for_anyone(api: tuple[str, Service]) -> None:
    """Whatever place in whatever request an address stands in."""
    asked: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Noting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/x.png"
    file = {"path": address, "url": address, **META}
    try:
        for value in (address, file, {"url": address, **META}, [[file]], {"a": {"b": file}}):
            assert "event: error" in call(api[0], "segment", value)
            assert "event: error" in call(api[0], "erase", TEXT, value)
        httpx.post(f"{api[0]}call/v2/segment", json={"image": file}, timeout=60)
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


def test_values_are_counted_as_the_endpoints_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: dict[str, int] = {}

    def note(function: Any, **_: Any) -> None:
        names = inspect.signature(function).parameters
        counted[function.__name__] = len([name for name in names if name != "request"])

    monkeypatch.setattr("ui.api.endpoints.gr.api", note)
    monkeypatch.setattr("ui.api.endpoints.api_results.register", lambda service: None)
    endpoints.register(SimpleNamespace(visits=SimpleNamespace(lanes=None)))  # type: ignore[arg-type]
    assert {name: counted[name] for name in endpoints.VALUES} == endpoints.VALUES


def test_text_is_judged_by_its_length_before_it_is_decoded(api: tuple[str, Service]) -> None:
    with pytest.raises(BadInput) as caught:
        picture_of(FileArgument(path="A" * 300_000), api[1].uploads, megabytes=0.1)
    assert caught.value.code == "file_bytes"
