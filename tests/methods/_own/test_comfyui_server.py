"""ComfyUI's interface, spoken to by an owner's eraser."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from comfy_lookalike import WORKFLOW, comfy
from methods import Failed, Finished, Image, Mask, StopToken, get_eraser
from own_tools import Own
from server_fixtures import serve, stop_when
from troubled_server import Trouble, until

pytest_plugins = ["own_fixtures"]

Erase = Callable[..., Finished | Failed]
Nodes = dict[str, Any]

TABLE = """
    workflow = "grey.json"
    photo = "Photo"
    mask = "2.image"
    seed = "3"
    result = "9"
    settings = { level = "3.level" }
"""
LEVEL = '[settings.level]\ntype = "int"\ndefault = 50\nmin = 0\nmax = 255\nhelp = "h"'


def put(own: Own, url: str, nodes: Nodes | None = None, server: str = "retries = 1") -> None:
    """The manifest, and its workflow with other nodes."""
    workflow = {**deepcopy(WORKFLOW), **(nodes or {})}
    (own.folder / "grey.json").write_text(json.dumps(workflow), encoding="utf-8")
    serve(own, "comfyui", url, TABLE, LEVEL, server)


@pytest.mark.parametrize("websocket", [True, False])
def test_it_runs_the_workflow(
    own: Own, erase: Erase, image: Image, mask: Mask, websocket: bool
) -> None:
    with comfy(websocket=websocket) as (url, state, _):
        put(own, url)
        last = erase("theirs", {"seamless": False, "level": 60}, seed=7)
        assert state.sockets if websocket else not state.sockets
    assert isinstance(last, Finished), last
    assert last.changed_outside == 0
    assert (last.image[mask] == 67).all()
    assert np.array_equal(last.image[~mask], image[~mask])


def test_its_steps_are_told(own: Own) -> None:
    told: list[tuple[int, int]] = []
    with comfy(hold=0.15) as (url, _, _):
        put(own, url)
        eraser = get_eraser("theirs")()
        photo, hole = np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), bool)
        settings = eraser.Settings()
        eraser.erase(photo, hole, settings, 0, lambda step, total: told.append((step, total)))
    assert {(1, 3), (2, 3), (3, 3)} <= set(told)
    assert told[:-1] == sorted(told[:-1])  # asking the history in between tells nothing else


@pytest.mark.parametrize("waits", [False, True])
def test_stop_reaches_it(own: Own, erase: Erase, waits: bool) -> None:
    """Also while it waits in the queue; then nobody else's work is interrupted."""
    token = StopToken()
    with comfy(hold=30) as (url, state, handler):
        if waits:
            state.running.append((0, "another", {}, ""))
            state.over.set()  # the worker is at that one
        put(own, url)
        busy = state.pending if waits else state.running
        asked = stop_when(lambda: busy, token)
        last = erase("theirs", token=token)
        asked.join()
        assert isinstance(last, Failed) and last.code == "stopped"
        if waits:
            assert until(lambda: not state.pending)
            assert "/interrupt" not in [path for _, path, _ in handler.seen]
        else:
            assert until(lambda: len(state.interrupted) == 1)


def test_what_fails_in_a_node_is_told(own: Own, erase: Erase) -> None:
    broken: dict[str, Any] = {"class_type": "Boom", "inputs": {"seed": 0, "level": 0}}
    with comfy() as (url, _, _):
        put(own, url, {"3": broken})
        last = erase("theirs")
    assert isinstance(last, Failed)
    assert "Boom (3): CUDA out of memory" in last.text


def test_a_workflow_that_it_refuses(own: Own, erase: Erase) -> None:
    with comfy() as (url, _, _):
        put(own, url, {"8": {"class_type": "LoadImage", "inputs": {"image": "gone.png"}}})
        first = erase("theirs")
        put(own, url, {"8": {"class_type": "Unknown", "inputs": {}}})
        second = erase("theirs")
    assert isinstance(first, Failed) and isinstance(second, Failed)
    assert "LoadImage (8): Custom validation failed" in first.text
    assert "Invalid image file: gone.png" in first.text
    assert "Node 'Unknown' not found." in second.text


@pytest.mark.parametrize(
    ("path", "trouble", "words"),
    [
        ("/upload/image", 401, "without a key"),
        ("/upload/image", "html", "no result"),
        ("/prompt", 500, "says: no: 500"),
        ("/prompt", "half", "no result"),
        ("/view", "half", "no result"),
        ("/view", 404, "says: no: 404"),
    ],
)
def test_each_way_to_fail_is_a_sentence(
    own: Own, erase: Erase, path: str, trouble: Trouble, words: str
) -> None:
    with comfy() as (url, _, handler):
        handler.troubles[path] = [trouble]
        put(own, url)
        last = erase("theirs")
    assert isinstance(last, Failed)
    assert (last.code, words in last.text) == ("own_server", True), last.text


def test_a_picture_of_another_size(own: Own, erase: Erase) -> None:
    with comfy() as (url, state, _):
        state.size = (9, 7)
        put(own, url)
        last = erase("theirs")
    assert isinstance(last, Failed)
    assert (last.code, "9 × 7" in last.text) == ("own_result", True)


def test_it_waits_no_longer_than_it_may(own: Own, erase: Erase) -> None:
    with comfy(hold=30) as (url, state, _):
        put(own, url, server="seconds = 1")
        last = erase("theirs")
        assert isinstance(last, Failed)
        assert "longer than 1 s" in last.text
        assert until(lambda: len(state.interrupted) == 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('photo = "Photo"', 'photo = "Foto"'), "did you mean “Photo”"),
        (('"2.image"', '"2.picture"'), "no such input; it has: image"),
        (('result = "9"', 'result = "99"'), "no “99” here"),
        (("level = ", "levels = "), "did you mean “level”"),
        (('settings = { level = "3.level" }', ""), "the setting level reaches nothing"),
        (('photo = "Photo"', ""), "“photo” is missing"),
        (("grey.json", "gone.json"), "gone.json"),
    ],
)
def test_what_is_not_in_the_workflow_is_refused(
    own: Own, change: tuple[str, str], words: str
) -> None:
    (own.folder / "grey.json").write_text(json.dumps(WORKFLOW), encoding="utf-8")
    serve(own, "comfyui", "http://127.0.0.1:9", TABLE.replace(*change), LEVEL)
    said = str(get_eraser("theirs").spec.unavailable)
    assert words in said and "line" in said, said


def test_the_form_of_the_page_itself_is_refused(own: Own) -> None:
    (own.folder / "grey.json").write_text('{"nodes": [], "links": []}', encoding="utf-8")
    serve(own, "comfyui", "http://127.0.0.1:9", TABLE, LEVEL)
    assert "Export (API)" in str(get_eraser("theirs").spec.unavailable)


def test_another_workflow_is_another_eraser(own: Own) -> None:
    put(own, "http://127.0.0.1:9")
    first = get_eraser("theirs").spec.version
    put(own, "http://127.0.0.1:9", {"20": {"class_type": "LoadImage", "inputs": {}}})
    assert get_eraser("theirs").spec.version != first
