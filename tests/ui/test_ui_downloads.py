"""Results as files to keep: formats, what is said of them, and who gets them."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pil
from starlette.applications import Starlette
from starlette.testclient import TestClient

from methods import JSON
from ui.page.routes import lab_routes
from ui.service.saving import downloads, make
from ui.service.service import Service
from ui_tools import Answer, Upload, last, order, owned, picture

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(Starlette(routes=lab_routes(service)))


@pytest.fixture
def run(service: Service, photo: str) -> Answer:
    return last(service.erase(order(photo, "paint")))


def code(answer: Answer) -> str:
    return str(answer["error"]["code"])


def saving(service: Service, run: Answer, **more: object) -> Answer:
    return service.downloads.saving({"run": run["run"], "index": 0, **more})


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Pil.open(io.BytesIO(data)))


def deep_photo(service: Service, upload: Upload) -> str:
    """A grey picture of 16 bits."""
    buffer = io.BytesIO()
    deep = (np.arange(90 * 120, dtype=np.uint16) * 6).reshape(90, 120)
    Pil.fromarray(deep).save(buffer, "PNG")
    opened = service.open_photo({"path": upload(buffer.getvalue(), "deep.png"), "name": "deep.png"})
    return str(opened["photo"]["id"])


def test_a_download_is_described_before_it_is_taken(
    service: Service, client: TestClient, run: Answer
) -> None:
    said = saving(service, run)
    facts = said["facts"]
    assert said["offered"][0] == "png" and said["file"] == "0.png"
    assert (facts["format"], facts["samples_changed_outside"]) == ("png", 0)
    answer = client.get(f"/lab/runs/{run['run']}/save/{said['file']}")
    assert answer.status_code == 200 and len(answer.content) == facts["size"]
    mask = np.asarray(Pil.open(service.runs.folder / run["run"] / "mask.png"))
    done = pixels_of(answer.content)
    assert np.array_equal(done[~mask], picture()[~mask]) and (done[mask] != picture()[mask]).any()


def test_samples_keep_their_depth_over_a_chain_of_erases(
    service: Service, client: TestClient, upload: Upload
) -> None:
    photo = deep_photo(service, upload)
    first = last(service.erase(order(photo, "paint")))
    photo = service.steps.continue_with({"run": first["run"], "index": 0})["photo"]["id"]
    corner: list[JSON] = [
        {"points": [], "box": {"x0": 2, "y0": 2, "x1": 30, "y1": 20}, "level": None}
    ]
    second = last(service.erase(order(photo, "paint", objects=corner)))
    data = client.get(f"/lab/runs/{second['run']}/save/0.auto").content
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None and found.dtype == np.uint16
    reached = np.zeros((90, 120), bool)
    for each in (first, second):
        reached |= np.asarray(Pil.open(service.runs.folder / each["run"] / "mask.png"))
    original = (np.arange(90 * 120) * 6).reshape(90, 120)
    samples = found.reshape(90, 120, -1)[~reached]
    assert reached[5, 5] and (samples == original[~reached][:, None]).all()


def test_a_download_is_made_once(
    service: Service, client: TestClient, run: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/lab/runs/{run['run']}/save/0.png"
    once = client.get(address)
    monkeypatch.setattr(downloads, "saved_file", lambda *of: pytest.fail("made again"))
    again = client.get(address)
    assert again.content == once.content
    tag = {"If-None-Match": once.headers["etag"]}
    assert client.get(address, headers=tag).status_code == 304
    assert once.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in once.headers["content-security-policy"]
    assert once.headers["content-disposition"] == "attachment; filename*=utf-8''photo-paint.png"


def test_what_is_kept_by_another_version_is_made_anew(
    service: Service, run: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = service.downloads.get(run["run"], 0, "png", "somebody")
    path.write_bytes(b"of before")
    monkeypatch.setattr("ui.service.saving.kept.PROGRAM", "99")
    monkeypatch.setattr(make, "PROGRAM", "99")
    path, facts = service.downloads.get(run["run"], 0, "png", "somebody")
    assert path.stat().st_size == facts.size > 100


def test_other_names_are_not_there(client: TestClient, run: Answer) -> None:
    names = ["0.gif", "0.png.json", "1.png", "99.png", "0.place", "x.png", "..%2Frun.json"]
    for name in names:
        assert client.get(f"/lab/runs/{run['run']}/save/{name}").status_code == 404, name


def test_only_who_may_see_a_run_gets_its_files(
    service: Service, client: TestClient, run: Answer
) -> None:
    assert service.keep_private(owned(run, private=True))["ok"]
    assert client.get(f"/lab/runs/{run['run']}/save/0.png").status_code == 404
    assert code(saving(service, run)) == "run_private"
    assert saving(service, run, secret=owned(run)["secret"])["ok"]
    shown = service.open_run(owned(run))["grid"]["shown"]
    assert client.get(f"/lab/runs/{shown}/save/0.png").status_code == 200


def test_a_format_that_is_not_offered_is_the_default(service: Service, run: Answer) -> None:
    assert saving(service, run, format="avif")["file"] == "0.png"
    assert code(saving(service, run, format="exe")) == "bad_request"


def test_no_line_tells_of_a_visitors_words() -> None:
    assert make.step_line("Paint", {"level": 7, "words": "my aunt"}, 3) == "Paint, level=7, seed=3"


def test_files_of_a_run_are_not_served_by_their_own_names(
    service: Service, client: TestClient, run: Answer
) -> None:
    path, _ = service.downloads.get(run["run"], 0, "png", "somebody")
    assert Path(path).is_file()
    assert client.get(f"/lab/runs/{run['run']}/{path.name}").status_code == 404


def test_a_jpeg_comes_back_as_a_jpeg(service: Service, client: TestClient, upload: Upload) -> None:
    buffer = io.BytesIO()
    exif = Pil.Exif()
    exif[0x010F] = "Maker"  # Make
    exif.get_ifd(0x8825)[1] = "N"  # of a place
    Pil.fromarray(picture()).save(buffer, "JPEG", quality=88, exif=exif)
    path = upload(buffer.getvalue(), "disc.jpg")
    opened = service.open_photo({"path": path, "name": "disc.jpg"})["photo"]["id"]
    run = last(service.erase(order(opened, "paint")))
    said = saving(service, run)
    assert said["offered"][0] == "jpeg" and said["file"] == "0.jpeg"
    assert said["facts"]["coefficients_changed_outside"] == 0
    assert "location" in said["facts"]["removed"] and "exif" in said["facts"]["holds"]
    answer = client.get(f"/lab/runs/{run['run']}/save/0.default")
    assert answer.headers["content-type"] == "image/jpeg" and answer.content[:2] == b"\xff\xd8"
    assert "disc-paint.jpg" in answer.headers["content-disposition"]
    kept = saving(service, run, keep_location=True)
    assert kept["file"] == "0.place.jpeg" and "location" in kept["facts"]["holds"]
    assert client.get(f"/lab/runs/{run['run']}/save/0.place.jpeg").content != answer.content
