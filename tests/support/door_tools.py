"""Requests to the door, as a server hands them on: no socket, no waiting."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.door.door import Door
from ui.door.rules import Rules
from ui.stores.upload_room import UploadRoom

FAR = "203.0.113.7"
"""A visitor's address, of those kept for documents."""

JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=b"}


@dataclass
class Reply:
    """status: 0 = there was no answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def code(self) -> str:
        """Of the refusal; "" where it is none."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return ""
        return str(said["error"]["code"]) if isinstance(said, dict) and "error" in said else ""


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body and says how large it was and who asked."""
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    said = {"size": size, "client": (scope["client"] or [""])[0]}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})


def make_door(folder: Path, app: ASGIApp = echo, most: int = 2**30, **rules: Any) -> Door:
    """most: bytes for uploads. rules: what differs from the usual ones."""
    room = UploadRoom(folder, most, most // 4)
    return Door(app, Rules(**rules), room, megabytes=1, ending=threading.Event())


def ask(door: ASGIApp, method: str = "POST", path: str = "/gradio_api/run/x", **more: Any) -> Reply:
    """One request, in a loop of its own; see `answer_of`."""
    return asyncio.run(answer_of(door, method, path, **more))


async def answer_of(
    door: ASGIApp,
    method: str = "POST",
    path: str = "/gradio_api/run/x",
    *,
    headers: Mapping[str, str] = JSON,
    client: str = FAR,
    server: str = "192.0.2.1",
    pieces: Iterable[bytes] = (b"{}",),
    stalls: bool = False,
    stays: bool = False,
    app: object = None,
) -> Reply:
    """pieces: of the body; without a length, unless the headers name one. stalls: nothing more
    comes after them. stays: after a whole body the sender waits on and on."""
    reply = Reply()
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": (client, 1234),
        "server": (server, 7860),
        "scheme": "http",
        "app": app,
    }
    parts = list(pieces)

    async def receive() -> Message:
        if parts:
            part = parts.pop(0)
            more = bool(parts) or stalls
            return {"type": "http.request", "body": part, "more_body": more}
        if stalls or stays:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            reply.body += message.get("body", b"")

    await door(scope, receive, send)
    return reply
