"""Files that there are not, and folders that take none: a sentence, whatever was asked for."""

from __future__ import annotations

import errno
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ui.page import routes
from ui.service.service import Service
from ui_tools import last, order

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

NOBODY = "A" * 22


@pytest.fixture
def client(service: Service) -> TestClient:
    app = Starlette()
    routes.install(app, service)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def run(service: Service, photo: str) -> Mapping[str, Any]:
    return last(service.erase(order(photo, "paint")))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"photos/{NOBODY}/view.jpg", "photo_gone"),
        (f"photos/{NOBODY}/tiles/0-0-0.png", "photo_gone"),
        (f"runs/{NOBODY}/0-paint.png", "run_gone"),
        (f"runs/{NOBODY}/all.zip", "run_gone"),
        (f"runs/{NOBODY}/original.png", "run_gone"),
        (f"runs/{NOBODY}/save/0.png", "run_gone"),
        (f"all.zip?runs={NOBODY}", "run_gone"),
        (f"report.html?runs={NOBODY}", "run_gone"),
        ("tables/nothing/photo-small.jpg", "unknown_row"),
    ],
)
def test_what_is_not_there_is_a_sentence(client: TestClient, path: str, code: str) -> None:
    answer = client.get(f"/lab/{path}")
    error = answer.json()["error"]
    assert answer.status_code == 404 and error["code"] == code
    assert error["said"]["zh"] != error["said"]["en"] == error["text"] == answer.json()["detail"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EROFS, "data_unwritable")]
)
def test_where_nothing_can_be_written_a_report_and_a_zip_are_still_handed_out(
    client: TestClient,
    service: Service,
    run: Mapping[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    code: str,
) -> None:
    def full(*given: object, **more: object) -> None:
        raise OSError(number, "no")

    for kept in (service.runs.folder / run["run"]).glob("report-*"):
        kept.unlink()
    monkeypatch.setattr("ui.service.reports.reports.write_atomic", full)
    report = client.get(f"/lab/report.html?runs={run['run']}")
    zipped = client.get(f"/{run['zip']}")
    assert report.status_code == zipped.status_code == 200
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
        assert archive.read("report.html") == report.content
    monkeypatch.setattr(service.downloads, "get", full)
    saved = client.get(f"/lab/runs/{run['run']}/save/0.png")
    assert saved.status_code == 507 and saved.json()["error"]["code"] == code


def test_a_bug_tells_nothing_of_itself(
    client: TestClient, service: Service, run: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object, **more: object) -> None:
        raise ZeroDivisionError("/srv/secret")

    monkeypatch.setattr(service.downloads, "get", broken)
    answer = client.get(f"/lab/runs/{run['run']}/save/0.png")
    assert answer.status_code == 500 and answer.json()["error"]["code"] == "internal"
    assert "secret" not in answer.text
