"""Uploads through Gradio's own route: within the budget, and nothing left of what is cut off."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from door_tools import FAR, FORM, Reply, ask, make_door
from ui.stores.upload_room import UploadRoom

UPLOAD = "/gradio_api/upload"
HEAD = b'--b\r\nContent-Disposition: form-data; name="files"; filename="photo.png"\r\n\r\n'
END = b"\r\n--b--\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        made = tmp_path_factory.mktemp("uploads")
        patch.setenv("GRADIO_TEMP_DIR", str(made))
        yield made


class Frame:
    """Gradio's whole app around the door of each test."""

    def __init__(self) -> None:
        with gr.Blocks(analytics_enabled=False) as blocks:
            gr.HTML("")
        blocks.max_file_size = 2**20
        between: Any = {"middleware": [Middleware(self._between)]}
        self._app = gr.routes.App.create_app(blocks, app_kwargs=between)
        self._inner: ASGIApp = self._app
        self._door: ASGIApp = self._app

    def _between(self, app: ASGIApp) -> ASGIApp:
        self._inner = app
        return self._pass

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door(scope, receive, send)

    def with_door(self, folder: Path, **more: Any) -> ASGIApp:
        async def inner(scope: Scope, receive: Receive, send: Send) -> None:
            await self._inner(scope, receive, send)

        self._door = make_door(folder, inner, **more)
        return self._app


@pytest.fixture(scope="module")
def page(folder: Path) -> Frame:
    return Frame()


@pytest.fixture(autouse=True)
def empty(folder: Path) -> None:
    for path in files(folder):
        path.unlink()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def send(door: ASGIApp, *pieces: bytes, **more: Any) -> Reply:
    return ask(door, path=UPLOAD, headers=FORM, pieces=pieces, **more)


def test_a_whole_upload_is_kept(page: Frame, folder: Path) -> None:
    reply = send(page.with_door(folder), HEAD, b"x" * 5000, END)
    assert reply.status == 200 and reply.headers["x-content-type-options"] == "nosniff"
    (path,) = files(folder)
    assert path.name == "photo.png" and path.stat().st_size == 5000


def test_a_cut_off_upload_leaves_nothing(page: Frame, folder: Path) -> None:
    door = page.with_door(folder, piece_seconds=0.01)
    stalled = send(door, HEAD, b"x" * 5000, stalls=True)
    assert stalled.status == 408 and stalled.code == "body_too_slow"
    large = send(door, HEAD, *[b"x" * 2**19] * 8, END)
    assert large.status == 413 and large.code == "upload_file_too_large"
    several = [part for _ in range(5) for part in (HEAD, b"x" * 10**6, b"\r\n")]
    many = send(door, *several, b"--b--\r\n")
    assert many.status == 413 and many.code == "upload_too_large"
    assert files(folder) == []


def test_a_sender_that_goes_leaves_nothing(page: Frame, folder: Path) -> None:
    async def gone() -> None:
        door = page.with_door(folder)
        messages = [
            {"type": "http.request", "body": HEAD + b"x" * 5000, "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Any:
            return messages.pop(0)

        async def nobody(message: Any) -> None:
            """The answer has no reader."""

        headers = [(b"content-type", b"multipart/form-data; boundary=b")]
        await door(
            {
                "type": "http",
                "method": "POST",
                "path": UPLOAD,
                "root_path": "",
                "query_string": b"",
                "headers": headers,
                "client": (FAR, 1),
                "server": ("192.0.2.1", 80),
                "scheme": "http",
            },
            receive,
            nobody,
        )

    asyncio.run(gone())
    assert files(folder) == []


def test_a_full_disk_is_a_sentence_before_and_while_it_fills(
    page: Frame, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gradio.route_utils.GradioUploadFile.write", full)
        filling = send(page.with_door(folder), HEAD, b"x" * 5000, END)
    assert filling.status == 507 and filling.code == "disk_full" and files(folder) == []
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=2**20))
    before = send(page.with_door(folder), HEAD, b"x" * 5000, END)
    assert before.status == 507 and before.code == "disk_full"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_folder_that_cannot_be_written_is_a_sentence(
    page: Frame, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*args: Any, **kwargs: Any) -> Any:
        raise OSError(number, os.strerror(number), str(folder))

    monkeypatch.setattr("gradio.route_utils.NamedTemporaryFile", refused)
    reply = send(page.with_door(folder), HEAD, b"x" * 5000, END)
    assert reply.status == 507 and reply.code == "data_unwritable"
    assert str(folder).encode() not in reply.body


@pytest.mark.parametrize("name", ["", '; filename=""', '; filename="../../x"', '; filename="."'])
def test_a_file_without_a_good_name_is_never_an_error_of_ours(
    page: Frame, folder: Path, name: str
) -> None:
    head = f'--b\r\nContent-Disposition: form-data; name="files"{name}\r\n\r\n'.encode()
    reply = send(page.with_door(folder), head, b"x" * 10, END)
    assert reply.status == 200 or (reply.status, reply.code) == (400, "upload_unreadable")
    assert all(path.resolve().is_relative_to(folder.resolve()) for path in files(folder))


def test_a_visitors_oldest_uploads_make_room_for_the_newest(page: Frame, folder: Path) -> None:
    door = page.with_door(folder, most=40_000)  # of which one visitor may have 10,000
    for number in range(8):
        assert send(door, HEAD, bytes([number]) * 4000, END).status == 200
    kept = sorted(path.read_bytes()[0] for path in files(folder))
    assert kept == [6, 7]
    assert send(door, HEAD, b"\xff" * 4000, END, client="198.51.100.9").status == 200
    assert len(files(folder)) == 3  # another's are not touched


def test_all_uploads_together_stay_within_their_part(folder: Path) -> None:
    room = UploadRoom(folder, 10_000, 10_000)
    for number in range(5):
        path = folder / f"file{number}"
        path.write_bytes(b"x" * 3000)
        os.utime(path, (number + 1, number + 1))
    room.end(room.begin(2000))
    assert sorted(path.name for path in files(folder)) == ["file3", "file4"]


def test_a_folder_of_somebody_else_is_left_alone(folder: Path) -> None:
    (folder / "tmpfile").write_bytes(b"x" * 3000)
    room = UploadRoom(folder, None, 10)
    room.end(room.begin(2000))
    room.clear_cut_off()
    room.keep("someone", [folder / "tmpfile"])
    assert (folder / "tmpfile").exists()


def test_what_still_arrives_is_no_leftover(folder: Path) -> None:
    room = UploadRoom(folder, 10**6, 10**6)
    old, new = folder / "tmpold", folder / "tmpnew"
    old.write_bytes(b"x")
    os.utime(old, (1, 1))
    number = room.begin(10)
    new.write_bytes(b"x")
    room.clear_cut_off()
    assert new.exists() and not old.exists()
    room.end(number)
    room.clear_cut_off()
    assert not new.exists()
