"""The documents' own results as columns, of what has been downloaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.given_documents import main
from examples.remote import place_of
from examples.rows import document_rows
from methods import list_given
from own_tools import Own
from table_tools import put
from ui_tools import picture

pytest_plugins = ["own_fixtures"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ERASER_LAB_PHOTOS", str(tmp_path / "photos"))
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    return tmp_path / "photos"


def test_what_was_fetched_becomes_a_column_of_each_method(
    own: Own, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {row.id: row for row in document_rows()}
    for name in ("pixelhacker-2", "omnieraser-1"):
        ref = rows[name].documents_result
        assert ref is not None
        put(place_of(ref), picture())
    assert main([]) == 0
    found = {results.id: results for results in list_given()}
    assert list(found) == ["documents_omnieraser", "documents_pixelhacker"]
    assert found["documents_omnieraser"].name == "OmniEraser, in the document"
    assert found["documents_pixelhacker"].picture("pixelhacker-2", "x") is not None
    assert found["documents_pixelhacker"].picture("pixelhacker-1", "x") is None
    (beside,) = rows["omnieraser-1"].shares  # the same photo and mask in the other document
    assert found["documents_omnieraser"].picture(beside, "x") is not None
    said = capsys.readouterr().out
    assert "--erasers documents_pixelhacker,documents_omnieraser" in said
    missing = rows["pixelhacker-1"].documents_result
    assert missing is not None and missing.url in said


def test_a_folder_of_downloads_is_taken_by_the_links_names(own: Own, tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    put(downloads / "ia2jrbvQI6dhMDN.webp", picture())  # pixelhacker-1
    put(downloads / "powerpaint-3.png", picture())
    assert main([str(downloads)]) == 0
    found = {results.id: results for results in list_given()}
    assert found["documents_pixelhacker"].picture("pixelhacker-1", "x") is not None
    assert found["documents_powerpaint"].picture("powerpaint-3", "x") is not None


def test_what_the_owner_has_changed_stays(own: Own, tmp_path: Path) -> None:
    put(tmp_path / "d" / "powerpaint-3.png", picture())
    assert main([str(tmp_path / "d")]) == 0
    name = "documents_powerpaint"
    own.put(f"{name}.toml", f'kind = "results"\nname = "Mine"\n[results]\nfolder = "{name}"')
    assert main([str(tmp_path / "d")]) == 0
    assert [results.name for results in list_given()] == ["Mine"]


def test_nothing_downloaded_is_exit_code_1(own: Own, tmp_path: Path) -> None:
    assert main([]) == 1
    assert main([str(tmp_path / "nowhere")]) == 2
    assert not list_given()
