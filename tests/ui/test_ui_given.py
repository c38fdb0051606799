"""Results that were made elsewhere on the page: asked for a row, seen, judged, in the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from examples.remote import place_of
from examples.rows import document_rows
from methods import GivenResults, Paper
from methods._engine import registry
from table_tools import put, save_documents
from ui.page import routes
from ui.service.service import Service
from ui_tools import Answer, last, new_run, picture

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

ROW = "attentive_eraser-1"
ASKED = {"row": ROW, "results": "paper"}


@pytest.fixture
def client(service: Service) -> TestClient:
    app = Starlette()
    routes.install(app, service)
    return TestClient(app)


@pytest.fixture(autouse=True)
def theirs(toy_erasers: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A column called `paper`, and the row's pictures; no network."""
    monkeypatch.setenv("ERASER_LAB_PHOTOS", str(tmp_path / "photos"))
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    folder = tmp_path / "theirs"
    folder.mkdir()
    found = registry.found()
    file, published = tmp_path / "paper.toml", Paper("P", "https://example.org/p", 2024)
    paper = GivenResults("paper", "Their paper", file, folder, "{row}", "MIT", paper=published)
    monkeypatch.setitem(found.given, "paper", paper)
    save_documents(tuple(row for row in document_rows() if row.id == ROW))
    return folder


def card_of(service: Service, **more: object) -> Answer:
    answer = service.tables.given({**ASKED, **more})
    assert answer["ok"], answer
    return dict(answer["card"])


def test_the_page_is_told_which_there_are_and_no_path(service: Service, tmp_path: Path) -> None:
    answer = service.tables.rows({})
    (entry,) = answer["given"]
    assert (entry["id"], entry["name"], entry["license"], entry["why"]) == (
        "paper",
        "Their paper",
        "MIT",
        None,
    )
    assert entry["paper"] == {"title": "P", "url": "https://example.org/p", "year": 2024}
    assert str(tmp_path) not in json.dumps(answer)


def test_a_row_has_its_picture_and_its_numbers(
    service: Service, client: TestClient, theirs: Path
) -> None:
    painted = picture()
    painted[:2] = 255
    put(theirs / f"{ROW}.png", painted)
    card = card_of(service)
    assert (card["state"], card["changed_outside"]) == ("done", 240)
    assert card["readings"]
    pasted = card_of(service, pasted=True)
    assert (pasted["state"], pasted["changed_outside"]) == ("done", 0)
    assert pasted["large"] != card["large"]
    for one in (card, pasted):
        for size in ("small", "large"):
            shown = client.get(f"/{one[size]}")
            assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    before = card["large"]
    put(theirs / f"{ROW}.png", picture() // 2)
    assert card_of(service)["large"] != before


def test_what_is_not_there_is_said(service: Service, client: TestClient, theirs: Path) -> None:
    assert card_of(service)["state"] == "absent"
    assert client.get(f"/lab/tables/{ROW}/given.paper-small.jpg").status_code == 404
    (theirs / f"{ROW}.png").write_bytes(b"no picture")
    assert card_of(service)["state"] == "failed"
    assert client.get(f"/lab/tables/{ROW}/given.paper-small.jpg").status_code == 404
    assert client.get(f"/lab/tables/{ROW}/given.other-small.jpg").status_code == 404
    assert service.tables.given({"row": ROW, "results": "other"})["error"]["code"] == "unknown_row"
    assert service.tables.given({"row": ROW, "results": "../x"})["error"]["code"] == "bad_request"


def test_nothing_is_fetched_for_it(service: Service, theirs: Path) -> None:
    put(theirs / f"{ROW}.png", picture())
    (row,) = (row for row in document_rows() if row.id == ROW)
    place_of(row.photo).unlink()
    card = card_of(service)
    assert card["state"] == "failed"
    assert card["error"]["code"] == "given_row_not_here"


def test_the_report_on_a_rows_run_has_the_column(
    service: Service, client: TestClient, theirs: Path
) -> None:
    put(theirs / f"{ROW}.png", picture() // 2)
    row = service.tables.open_row({"row": ROW})
    asked = {
        **new_run(),
        "photo": row["photo"]["id"],
        "upload": row["prompt"]["upload"],
        "row": ROW,
        "jobs": [{"eraser": "paint", "settings": {}, "seed": 0}],
    }
    run = last(service.erase(asked))["run"]
    plain = client.get(f"/lab/report.html?runs={run}").text
    assert "Their paper" not in plain
    shown = client.get(f"/lab/report.html?runs={run}&given=paper,nobody")
    assert "Their paper (given, not run here)" in shown.text
    assert "etag" not in shown.headers
    pasted = client.get(f"/lab/report.html?runs={run}&given=paper&pasted=true").text
    assert "Their paper (given, pasted back)" in pasted
