"""The files under lab/: the right ones, under safe names, and nothing else."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.page import routes
from ui.service.service import Service
from ui_tools import Upload, last, order, owned, picture, png_file, prompts

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

Answer = Mapping[str, Any]


@pytest.fixture
def client(service: Service) -> TestClient:
    async def catch_all(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"not ours, {len(await request.body())} bytes", 404)

    app = Starlette(routes=[Route("/{path:path}", catch_all, methods=["GET", "POST"])])
    routes.install(app, service)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def run(service: Service, upload: Upload) -> Answer:
    """The grid of a finished run of three erasers, one of which has failed."""
    path = upload(png_file(), "Mein Urlaub.png")
    opened = service.open_photo({"path": path, "name": 'Mein "Urlaub" 照片.png'})
    return last(service.erase(order(opened["photo"]["id"], "paint", "broken", "telea")))


def test_every_url_of_a_run_leads_to_its_file(client: TestClient, run: Answer) -> None:
    urls = [run["photo"]["view"], run["mask"]["url"], run["mask"]["overlay"]]
    for card in run["cards"]:
        urls += [card[kind] for kind in ("view", "full") if kind in card]
    assert len(urls) == 7 and not any(url.startswith("/") for url in urls)
    for url in urls:
        answer = client.get(f"/{url}")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("image/")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"].startswith("private")
        assert "content-disposition" not in answer.headers
        Pil.open(io.BytesIO(answer.content)).verify()
    full = client.get("/" + run["cards"][0]["full"])
    mask = np.asarray(Pil.open(io.BytesIO(client.get("/" + run["mask"]["url"]).content)))
    assert np.array_equal(np.asarray(Pil.open(io.BytesIO(full.content)))[~mask], picture()[~mask])


def test_views_of_photos_masks_and_examples(
    client: TestClient, service: Service, photo: str
) -> None:
    view = client.get(f"/lab/photos/{photo}/view.jpg")
    assert view.headers["content-type"] == "image/jpeg"
    mask = client.get("/" + service.mask(prompts(photo))["url"] + "?download=1")
    assert mask.status_code == 200 and "photo-mask.png" in mask.headers["content-disposition"]
    thumb = client.get("/lab/examples/rocket/thumb.jpg")
    assert max(Pil.open(io.BytesIO(thumb.content)).size) == 320


def test_downloads_have_safe_names(client: TestClient, run: Answer) -> None:
    answer = client.get("/" + run["cards"][0]["full"] + "?download=1")
    name = answer.headers["content-disposition"]
    assert name.startswith("attachment") and "Mein%20_Urlaub_%20" in name and "-paint.png" in name
    assert '"' not in name.replace('filename="', "").rstrip('"')
    mask = client.get("/" + run["mask"]["url"] + "?download=1")
    assert "-mask.png" in mask.headers["content-disposition"]


def test_the_zip_has_everything_needed_to_repeat_the_run(
    client: TestClient, service: Service, run: Answer
) -> None:
    answer = client.get("/" + run["zip"])
    assert answer.headers["content-type"] == "application/zip"
    assert "-eraser-lab.zip" in answer.headers["content-disposition"]
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    names = archive.namelist()
    assert names == [
        "Mein _Urlaub_ 照片.png",
        "mask.png",
        "results/0-paint.png",
        "results/2-telea.png",
        "report.html",
        "settings.json",
    ]
    assert archive.read(names[0]) == png_file()  # the upload, byte for byte
    settings = json.loads(archive.read("settings.json"))
    assert settings["photo"]["file_sha256"] == hashlib.sha256(png_file()).hexdigest()
    assert settings["selection"]["segmenter"] == "grabcut" and settings["selection"]["objects"]
    assert [job["state"] for job in settings["jobs"]] == ["done", "failed", "done"]
    done = settings["jobs"][0]
    for key in ("settings", "seed", "device", "erase_seconds", "peak_memory", "weights"):
        assert key in done
    assert done["file"] in names and done["changed_outside"] == 0
    assert settings["versions"]["python"] and settings["versions"]["numpy"]


def test_an_upload_named_like_our_own_files_keeps_both(
    client: TestClient, service: Service, upload: Upload
) -> None:
    opened = service.open_photo({"path": upload(), "name": "mask.png"})
    run = last(service.erase(order(opened["photo"]["id"], "paint")))
    names = zipfile.ZipFile(io.BytesIO(client.get("/" + run["zip"]).content)).namelist()
    assert names[:2] == ["original-mask.png", "mask.png"] and len(set(names)) == len(names)


def test_a_large_zip_is_streamed(service: Service, run: Answer) -> None:
    from ui.service.reports.archive import CHUNK, stream_zip

    with (service.runs.folder / run["run"] / "0-paint.png").open("ab") as file:
        file.write(b"\0" * (5 * CHUNK))
    pieces = [len(piece) for piece in stream_zip(service.runs, run["run"])]
    assert max(pieces) < 2 * CHUNK and sum(pieces) > 5 * CHUNK


PROBES = [
    "lab/photos/{photo}/photo.json",
    "lab/photos/{photo}/original",
    "lab/photos/{photo}/",
    "lab/photos/{photo}",
    "lab/photos/",
    "lab/photos/{photo}/..%2fview.jpg",
    "lab/photos/{photo}/..%2f..%2fruns%2f{run}%2frun.json",
    "lab/photos/..%2fruns/view.jpg",
    "lab/photos/%2e%2e/view.jpg",
    "lab/photos/{photo}%00/view.jpg",
    "lab/photos/{photo}%0a/view.jpg",
    "lab/runs/{run}/run.json",
    "lab/runs/{run}/original",
    "lab/runs/{run}/running",
    "lab/runs/{run}/",
    "lab/runs/{run}/9-paint.png",
    "lab/runs/{run}/0-paint.png%00.jpg",
    "lab/runs/{run}/.0-paint.png",
    "lab/runs/{run}/0-..%2f..%2fpaint.png",
    "lab/runs/{unknown}/0-paint.png",
    "lab/runs/{unknown}/all.zip",
    "lab/runs/..%2f..%2fetc/all.zip",
    "lab/runs/all.zip",
    "lab/examples/nothing/thumb.jpg",
    "lab/examples/..%2frocket/thumb.jpg",
    "lab/",
    "lab",
]


def test_there_is_no_way_to_anything_else(client: TestClient, run: Answer, tmp_path: Any) -> None:
    for probe in PROBES:
        url = probe.format(photo=run["photo"]["id"], run=run["run"], unknown="u" * 22)
        answer = client.get(f"/{url}")
        assert answer.status_code == 404, probe
        assert str(tmp_path) not in answer.text and run["run"] not in answer.text, probe


def test_files_are_only_read(client: TestClient, run: Answer) -> None:
    url = "/" + run["mask"]["url"]
    before = client.get(url).content
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.request(method, url).status_code in (404, 405)
    assert client.get(url).content == before and client.head(url).status_code == 200


def test_a_run_whose_record_is_lost_is_a_404(
    client: TestClient, service: Service, run: Answer
) -> None:
    (service.runs.folder / run["run"] / "run.json").unlink()
    assert client.get("/" + run["zip"]).status_code == 404
    assert client.get("/" + run["mask"]["url"] + "?download=1").status_code == 404


def test_a_remark_makes_another_download(client: TestClient, service: Service, run: Answer) -> None:
    for url in (f"/{run['zip']}", f"/lab/report.html?runs={run['run']}"):
        first = client.get(url)
        assert "no-cache" in first.headers["cache-control"]
        tag = {"If-None-Match": f'"other", {first.headers["etag"]}'}
        same = client.get(url, headers=tag)
        assert same.status_code == 304 and same.content == b""
        assert service.remark(owned(run, index=0, text=f"seen {url}"))["ok"]
        second = client.get(url, headers=tag)
        assert second.status_code == 200 and second.content != first.content


def test_that_a_report_is_missing_is_not_remembered(client: TestClient) -> None:
    gone = client.get(f"/lab/report.html?runs={'u' * 22},{'v' * 22}")
    assert gone.status_code == 404 and gone.headers["cache-control"] == "no-store"
