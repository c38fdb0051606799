"""Tools for agents, called by the protocol's own client from the running program."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image as Pil
from starlette.requests import Request as StarletteRequest

import app
from methods import Image
from ports import own_port
from ui.api.tools.arguments import SegmentArguments
from ui.api.tools.calls import Told, Visit, tools_of
from ui.api.tools.pictures import ROOM, Shown
from ui.api.tools.server import ToolServer
from ui.common.limits import Rate, RateLimiter
from ui.page.layout import launch_options
from ui.service.service import Service
from ui_tools import Upload, picture, png_file

pytest_plugins = ["ui_fixtures"]
if "CI" not in os.environ and find_spec("mcp") is None:
    pytest.skip("needs the package mcp (requirements-mcp.txt)", allow_module_level=True)

from mcp import ClientSession  # noqa: E402
from mcp.client.streamable_http import streamable_http_client  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
VISIT = Visit("visitor", "http://lab.example")
BOX = [38, 23, 82, 67]
SCOPE = {"type": "http", "headers": []}
FOUR = ["segment", "erase", "list_erasers", "judge"]


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


PHOTO = data_url(png_file())
DISC = {"image": PHOTO, "box": BOX, "segmenter": "grabcut"}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the tools of `python app.py --mcp`, on a machine without weights."""
    folder = tmp_path_factory.mktemp("program")
    own = {"ERASER_LAB_DATA": folder / "data", "ERASER_LAB_WEIGHTS": folder / "weights"}
    environment = os.environ | {name: str(place) for name, place in own.items()}
    environment |= {"ERASER_LAB_OFFLINE": "1"}
    environment.pop("GRADIO_TEMP_DIR", None)
    port = own_port()
    command = [sys.executable, "app.py", "--no-fetch", "--mcp", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/", process)
        yield f"http://127.0.0.1:{port}/gradio_api/mcp"
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None
        try:
            httpx.get(url, timeout=5)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the page never came")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[ClientSession]:
    async with (
        streamable_http_client(url) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
        await session.initialize()
        yield session


def listed(url: str) -> list[dict[str, Any]]:
    async def ask() -> Any:
        async with connected(url) as session:
            return await session.list_tools()

    tools: list[dict[str, Any]] = asyncio.run(ask()).model_dump(by_alias=True)["tools"]
    return tools


def call(url: str, name: str, **arguments: Any) -> dict[str, Any]:
    """A result as the protocol writes it."""

    async def ask() -> Any:
        async with connected(url) as session:
            return await session.call_tool(name, arguments)

    answer: dict[str, Any] = asyncio.run(ask()).model_dump(by_alias=True)
    return answer


def said(answer: Mapping[str, Any]) -> str:
    return "\n".join(block["text"] for block in answer["content"] if block["type"] == "text")


def pictures(answer: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    blocks = [block for block in answer["content"] if block["type"] == "image"]
    return [(block["mimeType"], base64.b64decode(block["data"])) for block in blocks]


def pixels(data: bytes, mode: str = "RGB") -> Image:
    with Pil.open(io.BytesIO(data)) as opened:
        return np.asarray(opened.convert(mode))


@pytest.mark.slow
def test_four_tools_and_nothing_of_the_page(program: str) -> None:
    assert [tool["name"] for tool in listed(program)] == FOUR


@pytest.mark.slow
def test_each_argument_says_all_there_is_to_know_in_a_plain_schema(program: str) -> None:
    for tool in listed(program):
        assert len(tool["description"]) > 100
        for name, field in tool["inputSchema"]["properties"].items():
            assert len(field["description"]) > 40, name
            assert "As in" not in field["description"] and "anyOf" not in field
            assert isinstance(field["type"], str), name


@pytest.mark.slow
def test_a_photo_goes_in_and_a_picture_without_the_object_comes_back(program: str) -> None:
    found = call(program, "segment", **DISC)
    (_, tinted), (kind, mask_file) = pictures(found)
    mask = pixels(mask_file, "L") > 127
    assert kind == "image/png" and mask.shape == (90, 120) and mask[45, 60]
    assert not np.array_equal(pixels(tinted), picture())
    mask_url = data_url(mask_file)
    erased = call(program, "erase", image=PHOTO, mask=mask_url, erasers=["telea"])
    ((kind, result),) = pictures(erased)
    assert not erased["isError"] and kind == "image/png"
    assert np.array_equal(pixels(result)[~mask], picture()[~mask])
    assert pixels(result)[45, 60, 0] < 100 < picture()[45, 60, 0]
    assert "0 pixels changed outside the mask" in said(erased)


@pytest.mark.slow
def test_addresses_that_were_answered_may_be_given(program: str) -> None:
    """The whole chain without the bytes of a picture, as a model works."""
    found = call(program, "segment", **DISC)["structuredContent"]
    inputs = {"image": found["photo"], "mask": found["mask"]}
    erased = call(program, "erase", **inputs, erasers=["telea", "navier_stokes"])
    first = erased["structuredContent"]["results"][0]
    assert len(pictures(erased)) == 2
    assert httpx.get(first["image"]).content == pictures(erased)[0][1]
    judged = call(program, "judge", **inputs, result=first["image"])["structuredContent"]
    assert judged["changed_outside"] == 0 and first["changed_outside"] == 0
    assert {each["id"] for each in judged["readings"]} >= {"rim", "seam"}
    again = call(program, "erase", image=first["image"], box=[5, 5, 20, 20], erasers=["telea"])
    assert not again["isError"]


@pytest.mark.slow
def test_a_picture_of_another_program_is_judged(program: str) -> None:
    painted = picture().copy()
    painted[40:50, 55:65] = (0, 0, 255)
    painted[0, :7] = 0
    mask = np.zeros((90, 120), np.uint8)
    mask[25:65, 40:80] = 255
    given = {"result": data_url(png_file(painted)), "mask": data_url(png_file(mask, "L"))}
    judged = call(program, "judge", image=PHOTO, **given)
    assert judged["structuredContent"]["changed_outside"] == 7
    assert "7 pixels outside the mask are not the photo's." in said(judged)


@pytest.mark.slow
def test_erasers_are_listed_and_one_with_its_settings(program: str) -> None:
    everything = call(program, "list_erasers")
    erasers = {each["id"]: each for each in everything["structuredContent"]["erasers"]}
    assert erasers["telea"]["readiness"] == "ready" and "- telea = " in said(everything)
    one = call(program, "list_erasers", eraser="telea")
    assert "radius" in {each["name"] for each in one["structuredContent"]["settings"]}


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "nothing selected": ("segment", {"image": PHOTO}, "Nothing is pointed at yet"),
    "no image": ("erase", {"box": BOX}, "picture"),
    "two images": ("erase", {**DISC, "continue_from": "x:0"}, "Give either a photo, or the result"),
    "unknown argument": ("segment", {**DISC, "colour": 1}, "colour"),
    "box too short": ("segment", {"image": PHOTO, "box": [1, 2]}, "box"),
    "unknown eraser": ("erase", {**DISC, "erasers": ["no_such"]}, "There is no eraser"),
    "unknown eraser listed": ("list_erasers", {"eraser": "x"}, "There is no eraser 'x'"),
    "no picture": ("segment", {**DISC, "image": data_url(b"no picture")}, "picture"),
    "gone photo": ("segment", {**DISC, "image": "lab/photos/" + "a" * 22 + "/view.jpg"}, "photo"),
    "gone result": ("segment", {**DISC, "image": "lab/runs/" + "a" * 22 + "/0-telea.png"}, "run"),
    "other size": (
        "judge",
        {"image": PHOTO, "mask": PHOTO, "result": data_url(png_file(picture(40, 50)))},
        "The result has 50 x 40 pixels but the photo has 120 x 90",
    ),
    "unknown tool": ("open_photo", {}, "There is no such tool. Choose from: segment, erase"),
}


@pytest.mark.slow
@pytest.mark.parametrize("why", list(REFUSED))
def test_a_refusal_is_a_sentence(program: str, why: str) -> None:
    name, arguments, sentence = REFUSED[why]
    answer = call(program, name, **arguments)
    assert answer["isError"] and sentence in said(answer)
    assert "Traceback" not in said(answer) and str(ROOT) not in said(answer)


@pytest.fixture
def visits() -> Iterator[tuple[int, list[str]]]:
    """A server of this machine that notes each request, and a picture is its answer."""
    seen: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(png_file())

    with HTTPServer(("", 0), Noting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, seen
        server.shutdown()


@pytest.mark.slow
def test_no_address_is_fetched(program: str, visits: tuple[int, list[str]]) -> None:
    port, seen = visits
    httpx.get(f"http://127.0.0.1:{port}/there")
    assert seen == ["/there"]  # it does listen
    hosts = ("127.0.0.1", "localhost", "0.0.0.0", "127.1", "2130706433", "[::ffff:127.0.0.1]")
    paths = ("photo.png", f"lab/photos/{'a' * 22}/view.jpg", "file=/etc/hostname")
    for address in [f"http://{host}:{port}/{path}" for host in hosts for path in paths]:
        assert call(program, "segment", **{**DISC, "image": address})["isError"]
    address = f"http://127.0.0.1:{port}/photo.png"
    for name in ("image", "mask"):
        assert call(program, "erase", **{**DISC, name: address})["isError"]
    for name in ("image", "mask", "result", "truth"):
        given = {"image": PHOTO, "mask": PHOTO, "result": PHOTO, name: address}
        assert call(program, "judge", **given)["isError"]
    assert seen == ["/there"]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/etc/hostname", "file:///etc/hostname", "app.py", "README.md"])
def test_no_file_of_this_machine_is_read(program: str, path: str) -> None:
    answer = call(program, "segment", **{**DISC, "image": path})
    assert answer["isError"] and "not a file that was just uploaded" in said(answer)


@pytest.mark.slow
def test_an_uploaded_file_is_taken_by_its_path(program: str) -> None:
    url = program.removesuffix("mcp") + "upload"
    (path,) = httpx.post(url, files={"files": ("my photo.png", png_file())}).json()
    assert not call(program, "segment", **{**DISC, "image": path})["isError"]


# --- without the program ----------------------------------------------------------------------


def answer(service: Service, name: str, visit: Visit = VISIT, **given: Any) -> Told:
    return tools_of(service)[name].answer(given, visit)


def test_visitors_have_the_limits_of_the_endpoints_each_for_himself(service: Service) -> None:
    service.erases = RateLimiter(Rate(per_second=0.001, burst=1))
    asked: dict[str, Any] = {**DISC, "erasers": ["telea"]}
    assert not answer(service, "erase", **asked).failed
    again = answer(service, "erase", **asked)
    assert again.failed and "Too many requests" in str(again.blocks[0])
    assert answer(service, "judge", image=PHOTO, mask=PHOTO, result=PHOTO).failed
    assert not answer(service, "erase", Visit("another", ""), **asked).failed
    service.clicks = RateLimiter(Rate(per_second=0.001, burst=1))
    assert not answer(service, "list_erasers").failed
    assert answer(service, "list_erasers").failed


@pytest.mark.slow
def test_a_visitor_is_who_he_is_for_the_endpoints(program: str) -> None:
    """Behind a proxy each of its visitors has an allowance of his own."""
    params = {"name": "judge", "arguments": {"image": "x", "mask": "x", "result": "x"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    accepted = {"Accept": "application/json, text/event-stream"}

    def judge(visitor: str) -> str:
        headers = {**accepted, "X-Forwarded-For": visitor}
        return httpx.post(program, json=body, headers=headers, timeout=60).text

    answers = [judge("203.0.113.1") for _ in range(60)]
    assert "uploaded" in answers[0] and any("Too many requests" in each for each in answers)
    assert "uploaded" in judge("203.0.113.2")


def test_more_calls_than_may_wait_are_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.api.tools.server.MOST_WAITING", 0)
    refused = asyncio.run(ToolServer(service).called("list_erasers", {}, StarletteRequest(SCOPE)))
    assert refused["isError"] and "busy" in refused["content"][0]["text"].lower()


def test_a_large_result_is_reduced_to_what_clients_take(service: Service, upload: Upload) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (700, 900, 3), np.uint8)
    path = upload(png_file(noise))
    told = answer(service, "erase", image=path, mask=path_of_mask(upload), erasers=["telea"])
    (shown,) = (block for block in told.blocks if isinstance(block, Shown))
    assert len(shown.data) <= ROOM and not shown.lossless
    assert "lossless PNG of full size is at the address" in str(told.blocks[-1])
    address = str(told.facts["results"][0]["image"])  # type: ignore[index, call-overload]
    assert address.startswith(f"{VISIT.root}/lab/runs/")
    _, _, run, file = address.removeprefix(VISIT.root).removeprefix("/").split("/")
    mask = np.zeros((700, 900), np.bool_)
    mask[300:320, 400:420] = True
    whole = pixels((service.runs.folder / run / file).read_bytes())
    assert np.array_equal(whole[~mask], noise[~mask])
    again = answer(service, "judge", image=path, mask=path_of_mask(upload), result=address)
    assert again.facts["changed_outside"] == 0  # the address means the whole, not what was shown


def test_a_truth_adds_numbers(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "weights"))  # no LPIPS
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    mask = np.zeros((90, 120), np.uint8)
    mask[25:65, 40:80] = 255
    url = data_url(png_file(mask, "L"))
    given: dict[str, Any] = {"image": PHOTO, "mask": url, "result": PHOTO}
    with_truth = answer(service, "judge", **given, truth=data_url(png_file(picture() // 2)))
    numbers = str(with_truth.facts["readings"])
    assert "psnr" in numbers and "psnr" not in str(answer(service, "judge", **given).facts)
    other = answer(service, "judge", **given, truth=data_url(png_file(picture(40, 50))))
    assert other.failed and "The truth has 50 x 40" in str(other.blocks[0])


def path_of_mask(upload: Upload) -> str:
    mask = np.zeros((700, 900), np.uint8)
    mask[300:320, 400:420] = 255
    return upload(png_file(mask, "L"), "mask.png")


def test_a_view_stands_for_the_whole_photo(service: Service, upload: Upload) -> None:
    path = upload(png_file(picture(40, 2000)))
    told = answer(service, "segment", image=path, box=[980, 10, 1020, 30], segmenter="grabcut")
    again = answer(service, "segment", image=str(told.facts["photo"]), mask=str(told.facts["mask"]))
    assert (again.facts["width"], again.facts["height"]) == (2000, 40)
    assert again.facts["area"] == told.facts["area"]


def test_what_models_fill_in_says_nothing() -> None:
    given = SegmentArguments(image="x", text="", points=[], box=None, dilate=0).given()
    assert given == {"image": "x", "dilate": 0}


@pytest.mark.parametrize(
    ("language", "words"), [("en", "need a package that is not here"), ("zh", "缺少软件包")]
)
def test_without_the_package_the_way_out_is_said(
    monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    monkeypatch.setattr("ui.api.tools.server.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=words) as ended:
        app.main(["--mcp", "--lang", language])
    assert "pip install -r requirements-mcp.txt" in str(ended.value.code)


@pytest.mark.parametrize("name", ["ERASER_LAB_MCP", "GRADIO_MCP_SERVER"])
def test_the_environment_switches_it_on(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for other in ("ERASER_LAB_MCP", "GRADIO_MCP_SERVER"):
        monkeypatch.delenv(other, raising=False)
    assert not app.parse([]).mcp
    monkeypatch.setenv(name, "True")
    assert app.parse([]).mcp


def test_gradios_own_server_stays_off(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    """It would make tools of all endpoints."""
    monkeypatch.setenv("GRADIO_MCP_SERVER", "True")
    assert launch_options(service, None, tools=True)["mcp_server"] is False
