"""Fixtures for the tests of the page's server side: a service, uploads, toy erasers.

Used as a plugin: `pytest_plugins = ["ui_fixtures"]`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from methods._engine.registry import found
from methods._engine.result_cache import ResultCache
from ui.service.service import Service
from ui_tools import KEY, Broken, Paint, Slow, Upload, png_file


@pytest.fixture(scope="session", autouse=True)
def known_key() -> Iterator[None]:
    """Tests know the key of the services that they make, and so prepare runs without asking."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ui.service.erasing.owners.new_key", lambda: KEY)
        yield


@pytest.fixture
def toy_erasers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """paint, slow and broken, in the registry for one test; nothing is cached yet."""
    for eraser in (Paint, Slow, Broken):
        monkeypatch.setitem(found().erasers, eraser.spec.id, eraser)
    monkeypatch.setattr("methods._engine.worker.results", ResultCache())
    Slow.begun.clear()
    Slow.go_on.clear()
    yield
    Slow.go_on.set()


@pytest.fixture
def grabcut_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that has no weights; nothing heavy is loaded."""
    monkeypatch.setattr("ui.service.selections.select.is_ready", lambda spec: not spec.weights)
    monkeypatch.setattr("ui.service.helper.judge.are_features_ready", lambda: False)


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gradio's upload folder of this test."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.fixture
def service(tmp_path: Path, uploads: Path, grabcut_only: None) -> Iterator[Service]:
    made = Service(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def upload(uploads: Path) -> Upload:
    """Put bytes where Gradio puts an upload; the path that the page then gets."""

    def put(data: bytes | None = None, name: str = "photo.png") -> str:
        data = png_file() if data is None else data
        folder = uploads / hashlib.sha256(data).hexdigest()
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
        return str(folder / name)

    return put


@pytest.fixture
def photo(service: Service, upload: Upload) -> str:
    """The id of an opened photo."""
    answer = service.open_photo({"path": upload(), "name": "photo.png"})
    assert answer["ok"], answer
    return str(answer["photo"]["id"])
