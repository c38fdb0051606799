"""Several runs that the page shows as one table: one zip, one report, whatever is gone."""

from __future__ import annotations

import io
import zipfile

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from methods import UserError
from ui.page import routes
from ui.service.reports.archive import stream_zips
from ui.service.service import Service
from ui_tools import Upload, last, order, picture, png_file

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")


@pytest.fixture
def runs(service: Service, upload: Upload) -> list[str]:
    """Two runs, of two photos with one name."""
    ids = []
    for height in (90, 80):
        path = upload(png_file(picture(height)), "street.png")
        opened = service.open_photo({"path": path, "name": "street.png"})
        ids.append(last(service.erase(order(opened["photo"]["id"], "paint")))["run"])
    return ids


@pytest.fixture
def client(service: Service) -> TestClient:
    app = Starlette()
    routes.install(app, service)
    return TestClient(app, raise_server_exceptions=False)


def test_several_runs_are_one_zip_with_a_folder_each(client: TestClient, runs: list[str]) -> None:
    answer = client.get("/lab/all.zip", params={"runs": ",".join([*runs, "gone"])})
    assert answer.headers["content-type"] == "application/zip"
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    folders = {name.partition("/")[0] for name in packed.namelist()}
    assert folders == {"01-street", "02-street"}
    assert packed.testzip() is None and "01-street/report.html" in packed.namelist()
    report = client.get("/lab/report.html", params={"runs": ",".join(runs)})
    assert report.status_code == 200 and report.text.count("street.png") >= 2


def test_there_is_no_zip_of_nothing(client: TestClient, service: Service) -> None:
    assert client.get("/lab/all.zip").status_code == 404
    with pytest.raises(UserError):
        list(stream_zips(service.runs, ["a" * 22]))
