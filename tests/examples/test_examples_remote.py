"""Photos behind links: fetched once, judged, recorded, and refused with a sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from _weight_server import Page, Server, closed_port, serving
from examples.remote import RECORD, bring, is_here, place_of
from examples.rows import PhotoRef
from methods import BadInput, UserError, load_image, png_bytes
from methods._weights.transport import http
from methods._weights.transport.http import _dead

PICTURE = png_bytes(np.full((40, 60, 3), 128, np.uint8))
OTHER = png_bytes(np.full((40, 60, 3), 90, np.uint8))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.pages["/2025/a.webp"] = Page(PICTURE)
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("ERASER_LAB_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ERASER_LAB_PHOTOS", str(tmp_path / "photos"))
    _dead.clear()
    return tmp_path / "photos"


def linked(server: Server, path: str = "/2025/a.webp", sha256: str | None = None) -> PhotoRef:
    return PhotoRef("a.webp", url=server.url(path), sha256=sha256)


def code_of(ref: PhotoRef, accept_changed: bool = False) -> str:
    with pytest.raises(UserError) as caught:
        bring(ref, accept_changed=accept_changed)
    assert str(caught.value).endswith((".", "right."))
    return caught.value.code


def test_a_photo_is_fetched_once_and_recorded(server: Server, folder: Path) -> None:
    ref = linked(server)
    assert not is_here(ref)
    first = bring(ref)
    assert load_image(first).size == (40, 60)
    assert bring(ref) == first and is_here(ref)
    assert len(server.seen) == 1
    entry = json.loads((folder / RECORD).read_text())[ref.url]
    assert entry["bytes"] == len(PICTURE) and len(entry["sha256"]) == 64
    assert [path.suffix for path in first.parent.iterdir() if path.suffix == ".part"] == []


def test_changed_content_is_refused_until_it_is_accepted(server: Server) -> None:
    ref = linked(server)
    bring(ref).unlink()
    server.pages["/2025/a.webp"] = Page(OTHER)
    assert code_of(ref) == "photo_changed"
    assert not is_here(ref)
    bring(ref, accept_changed=True)
    assert bring(ref).read_bytes() == OTHER


def test_a_file_spoilt_in_the_cache_is_fetched_again(server: Server) -> None:
    ref = linked(server)
    place = bring(ref)
    place.write_bytes(OTHER)
    assert bring(ref).read_bytes() == PICTURE
    assert len(server.seen) == 2


def test_a_pinned_photo_must_be_the_pinned_one(server: Server) -> None:
    assert code_of(linked(server, sha256="0" * 64)) == "photo_changed"


def test_a_broken_link_says_so(server: Server) -> None:
    assert code_of(linked(server, "/gone.webp")) == "photo_unreachable"


def test_nobody_listens() -> None:
    ref = PhotoRef("a.webp", url=f"http://127.0.0.1:{closed_port()}/a.webp")
    assert code_of(ref) == "photo_unreachable"


def test_a_server_that_falls_silent_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "STALL_SECONDS", 0.3)
    server.pages["/slow"] = Page(PICTURE, stalls=[20] + [0] * 50)
    ref = linked(server, "/slow")
    assert code_of(ref) == "photo_unreachable"
    assert list(place_of(ref).parent.glob("*.part*")) == []


def test_something_else_than_a_picture_is_not_kept(server: Server) -> None:
    server.pages["/page"] = Page(b"<html>No hotlinking</html>")
    ref = linked(server, "/page")
    assert code_of(ref) == "photo_unreachable"
    server.pages["/page"] = Page(b"no picture either")
    assert code_of(ref) == "file_format"
    assert not is_here(ref)


def test_too_many_bytes_are_not_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_MAX_MEGABYTES", "0.1")
    server.pages["/big"] = Page(bytes(200_000))
    ref = linked(server, "/big")
    assert code_of(ref) == "photo_unreachable"
    assert not is_here(ref)


def test_too_many_pixels_are_not_decoded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_MAX_MEGAPIXELS", "0.001")
    assert code_of(linked(server)) == "file_pixels"


def test_without_network_a_file_saved_by_hand_is_taken(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    ref = linked(server)
    with pytest.raises(UserError) as caught:
        bring(ref)
    assert caught.value.code == "photo_offline"
    place = place_of(ref)
    assert str(caught.value.details["file"]) == f"{place.parent.name}/{place.name}"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(PICTURE)
    assert bring(ref) == place
    assert server.seen == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x.org/a.png", "https:///a.png"])
def test_only_web_addresses_are_fetched(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        bring(PhotoRef("a.png", url=url))
    assert caught.value.code == "photo_address"


def test_an_address_cannot_leave_the_cache(folder: Path) -> None:
    ref = PhotoRef("a", url="https://x.org/../../../etc/passwd")
    assert place_of(ref).resolve().is_relative_to(folder.resolve())
    assert place_of(PhotoRef("a", url="https://../x")).resolve().is_relative_to(folder.resolve())
