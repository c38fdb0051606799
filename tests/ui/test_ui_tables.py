"""The server's side of the tables: rows, their pictures, runs of them, papers, systems."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from examples.remote import place_of
from examples.rows import document_rows
from methods import EraserSpec, Hurdle, Obstacle, Report, Standing, Verbatim, list_erasers
from table_tools import put, row_mask, save_documents
from ui.page import routes
from ui.service import table_rows as tables_module
from ui.service.choices import offers
from ui.service.reports.archive import stream_zip
from ui.service.service import Service
from ui_tools import SECRET, Answer, last, new_run, order, owned, picture

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

ROW = "attentive_eraser-1"


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the documents' photos, and no network."""
    monkeypatch.setenv("ERASER_LAB_PHOTOS", str(tmp_path / "photos"))
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    return tmp_path / "photos"


@pytest.fixture
def client(service: Service) -> TestClient:
    app = Starlette()
    routes.install(app, service)
    return TestClient(app)


def row_named(answer: Answer, row_id: str = ROW) -> Answer:
    (found,) = (row for row in answer["rows"] if row["id"] == row_id)
    return dict(found)


def test_all_rows_are_told_and_nothing_of_this_machine(service: Service, photos: Path) -> None:
    answer = service.tables.rows({})
    assert answer["ok"]
    documents = [row for row in answer["rows"] if row["pictures"]["photo"]["url"]]
    assert len(documents) == 17
    assert str(photos.parent) not in json.dumps(answer)
    for row in answer["rows"]:
        assert row["table"] in {table["id"] for table in answer["tables"]}
        assert {"photo", "mask"} <= set(row["pictures"])


def test_a_row_has_the_name_of_its_method_though_nothing_runs_it(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = row_named(service.tables.rows({}), "omnieraser-3")
    assert (row["method"], row["number"]) == ("OmniEraser", 3)
    assert row["settings"] == {}, "its prompt is the eraser's own"


def test_pairs_are_linked_both_ways(service: Service) -> None:
    answer = service.tables.rows({})
    linked = [row for row in answer["rows"] if row["shares"]]
    assert len(linked) == 8
    for row in linked:
        for other in row["shares"]:
            assert row["id"] in row_named(answer, other)["shares"]


# --- pictures ----------------------------------------------------------------------------


def test_where_the_network_refuses_the_sentence_offers_the_stand_ins(service: Service) -> None:
    answer = service.tables.fetch_row({"row": ROW})
    assert not answer["ok"]
    assert answer["error"]["code"] == "photo_offline"
    assert "stand-in" in answer["error"]["text"]


def test_pictures_that_are_here_are_shown(service: Service, client: TestClient) -> None:
    before = row_named(service.tables.rows({}))["pictures"]
    assert not any(one["here"] for one in before.values())
    assert client.get(f"/{before['photo']['small']}").status_code == 404
    save_documents()
    answer = service.tables.fetch_row({"row": ROW})
    assert answer["ok"], answer
    for one in answer["row"]["pictures"].values():
        assert one["here"]
        for size in ("small", "large"):
            shown = client.get(f"/{one[size]}")
            assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
            assert shown.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "address",
    ["no-such-row/photo-small", f"{ROW}/credit-small", f"{ROW}/photo-huge", "..%2f/photo-small"],
)
def test_nothing_else_is_handed_out(client: TestClient, address: str) -> None:
    save_documents()
    assert client.get(f"/lab/tables/{address}.jpg").status_code == 404


def test_a_file_that_is_no_picture_is_not_handed_out(client: TestClient) -> None:
    place = place_of(document_rows()[0].photo)
    place.parent.mkdir(parents=True)
    place.write_text("<script>alert(1)</script>")
    assert client.get(f"/lab/tables/{document_rows()[0].id}/photo-small.jpg").status_code == 404


# --- runs --------------------------------------------------------------------------------


def opened(service: Service, row: str = ROW) -> Answer:
    answer = service.tables.open_row({"row": row})
    assert answer["ok"], answer
    return dict(answer)


def test_a_row_is_run_with_its_mask_and_its_settings(service: Service) -> None:
    save_documents()
    row = opened(service, "powerpaint-1")
    assert row["jobs"][0]["settings"]["version"] == "v1"
    payload = {
        **new_run(),
        "photo": row["photo"]["id"],
        "upload": row["prompt"]["upload"],
        "row": "powerpaint-1",
        "jobs": [{"eraser": "paint", "settings": {}, "seed": 0}],
    }
    grid = last(service.erase(payload))
    assert grid["state"] == "done"
    assert grid["mask"]["area"] == pytest.approx(0.144, abs=0.01)
    assert service.runs.load(payload["run"])["row"] == "powerpaint-1"
    again = service.tables.grids({"runs": [payload["run"], "g".ljust(22, "x")]})
    assert list(again["grids"]) == [payload["run"]]
    assert again["grids"][payload["run"]]["cards"][0]["state"] == "done"


def test_a_row_and_its_report_say_how_its_mask_was_read(
    service: Service, client: TestClient
) -> None:
    save_documents()
    put(place_of(tables_module.row_of(ROW).mask), row_mask() // 2)
    told = [note["en"] for note in opened(service)["notes"]]
    assert len(told) == 1 and "two levels" in told[0]
    grid = run_row(service, ROW, "paint")
    assert [note["en"] for note in grid["mask"]["notes"]] == told
    again = service.tables.grids({"runs": [grid["run"]]})["grids"][grid["run"]]
    assert again["mask"]["notes"] == grid["mask"]["notes"]
    assert told[0] in client.get(f"/lab/report.html?runs={grid['run']}").text


def test_every_rows_settings_are_those_of_its_eraser() -> None:
    from methods import get_eraser

    known = {spec.id for spec in list_erasers()}
    rows = [row for row in tables_module.rows().values() if row.eraser in known]
    assert len(rows) >= 13
    for row in rows:
        get_eraser(row.eraser).Settings.model_validate(dict(row.settings))


def test_a_mask_of_another_shape_is_refused(service: Service) -> None:
    save_documents()
    row = tables_module.row_of(ROW)
    put(place_of(row.mask), picture(50, 200))
    answer = service.tables.open_row({"row": ROW})
    assert answer["error"]["code"] == "mask_shape"


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("open_row", {"row": "no-such-row"}),
        ("fetch_row", {"row": "no-such-row"}),
        ("open_row", {"row": "../rows"}),
        ("open_row", {}),
        ("grids", {"runs": ["../../etc"]}),
        ("grids", {"runs": ["x" * 22] * 500}),
        ("rows", {"more": 1}),
        ("systems", "all"),
    ],
)
def test_what_cannot_be_asked_is_refused(service: Service, method: str, request_: Any) -> None:
    answer = getattr(service.tables, method)(request_)
    assert not answer["ok"]
    assert answer["error"]["code"] in ("unknown_row", "bad_request")


# --- papers and systems ------------------------------------------------------------------


def test_papers_and_systems_are_plain_json(service: Service) -> None:
    papers, systems = service.tables.papers({}), service.tables.systems({})
    json.dumps([papers, systems], allow_nan=False)
    assert len(papers["papers"]) == 9
    assert len(systems["systems"]) == 35


def test_a_system_whose_package_is_missing_does_not_run_here(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state() -> str:
        listed = service.tables.systems({})["systems"]
        return str(next(one["state"] for one in listed if one["name"] == "PixelHacker"))

    assert state() in ("ready", "fetch", "large")
    missing = Obstacle(Hurdle.PACKAGES, Verbatim({"en": "No.", "zh": "不。"}))
    real = offers.report

    def report(spec: EraserSpec, *args: Any) -> Report:
        return replace(real(spec, *args), obstacles=(missing,))

    monkeypatch.setattr(offers, "report", report)
    assert state() == "cannot"


def test_the_table_of_all_methods_says_what_the_list_of_erasers_says(service: Service) -> None:
    systems = service.tables.systems({})
    listed = {one["id"]: one["standing"] for one in service.erasers({})["erasers"]}
    ours = {one["eraser"]: one["state"] for one in systems["systems"] if one["eraser"]}
    assert len(ours) > 5
    assert ours == {name: offers.STATES[Standing(listed[name])] for name in ours}
    assert {one["state"] for one in systems["systems"]} == set(systems["states"])


# --- reports -----------------------------------------------------------------------------


def run_row(service: Service, row: str, *erasers: str) -> Answer:
    """Run a row, as the page does it."""
    found = opened(service, row)
    payload = {
        **new_run(),
        "photo": found["photo"]["id"],
        "upload": found["prompt"]["upload"],
        "row": row,
        "jobs": [{"eraser": eraser, "settings": {}, "seed": 0} for eraser in erasers],
    }
    return last(service.erase(payload))


def test_runs_become_one_page_with_what_people_said(service: Service, client: TestClient) -> None:
    save_documents()
    one = run_row(service, ROW, "paint", "broken")
    two = run_row(service, ROW, "telea")
    three = run_row(service, "powerpaint-1", "telea")
    service.remark(owned(two, index=0, text="Smeared <i>badly</i>."))
    runs = ",".join(grid["run"] for grid in (one, two, three))
    answer = client.get(f"/lab/report.html?runs={runs},{'g' * 22}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    text = answer.text
    assert "Smeared &lt;i&gt;badly&lt;/i&gt;." in text and "<i>badly" not in text
    assert "Test paint" in text and "Telea" in text
    assert "Partial removal." in text  # the row's own remark
    assert SECRET not in text and str(service.runs.folder) not in text


def test_a_run_of_ones_own_photo_has_a_report_too(
    service: Service, client: TestClient, photo: str
) -> None:
    grid = last(service.erase(order(photo, "paint", "paint")))
    text = client.get(f"/lab/report.html?runs={grid['run']}").text
    assert "photo.png" in text
    with zipfile.ZipFile(io.BytesIO(b"".join(stream_zip(service.runs, grid["run"])))) as packed:
        assert b"photo.png" in packed.read("report.html")


@pytest.mark.parametrize("runs", ["", "../../etc", "g" * 22, ",".join(["g" * 22] * 60)])
def test_reports_on_nothing_are_refused(client: TestClient, runs: str) -> None:
    answer = client.get(f"/lab/report.html?runs={runs}")
    assert answer.status_code == 404 and answer.json()["error"]["text"]


def test_a_zip_is_not_lost_with_its_report(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: Any) -> bytes:
        raise MemoryError

    monkeypatch.setattr("ui.service.reports.archive.kept_report", fails)
    grid = last(service.erase(order(photo, "paint")))
    with zipfile.ZipFile(io.BytesIO(b"".join(stream_zip(service.runs, grid["run"])))) as packed:
        assert "report.html" not in packed.namelist()
        assert "settings.json" in packed.namelist()
