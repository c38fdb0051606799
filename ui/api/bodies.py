"""Requests of programs, before Gradio sees them: short ones are filled up, files are left alone.

Gradio takes care of whatever is marked as a file: it refuses a path with an empty error, and
*fetches* an address from anywhere. Without the mark it does neither, and the endpoints look at
pictures themselves (`ui.api.pictures`). A call to an endpoint may leave out all values but the
first; Gradio would refuse it, again without a word.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from methods import BadInput

_CALL = "/call/"
_ENDPOINTS = (_CALL, "/queue/join", "/run/", "/api/")
_FILE = "gradio.FileData"


class PlainBodies:
    """values: by an endpoint's name, how many values its call has."""

    def __init__(self, app: ASGIApp, values: Mapping[str, int]) -> None:
        self._app = app
        self._values = values

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not _is_call(scope["path"]):
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        if body is not None:
            try:
                body = self._plain(scope["path"], body)
            except RecursionError:
                refusal = Response(str(BadInput("bad_request.deep")), 400, media_type="text/plain")
                await refusal(scope, receive, send)
                return
            scope = {**scope, "headers": _with_length(scope, len(body))}
        await self._app(scope, _replayed(body, receive), send)

    def _plain(self, path: str, body: bytes) -> bytes:
        try:
            value = json.loads(body)
        except ValueError:
            return body  # whoever reads it will say so
        name = path.rstrip("/").partition(_CALL)[2]
        if isinstance(value, dict) and isinstance(value.get("data"), list):
            missing = self._values.get(name, 0) - len(value["data"])
            value["data"] += [None] * max(0, missing)
        return json.dumps(_unmarked(value)).encode()


def _is_call(path: str) -> bool:
    return any(part in f"{path}/" for part in _ENDPOINTS)


def _unmarked(value: object) -> object:
    """Without the mark by which Gradio knows files."""
    if isinstance(value, list):
        return [_unmarked(each) for each in value]
    if isinstance(value, dict):
        marked = isinstance(value.get("meta"), dict) and value["meta"].get("_type") == _FILE
        named = value.items()
        return {key: _unmarked(each) for key, each in named if not (marked and key == "meta")}
    return value


async def _whole(receive: Receive) -> bytes | None:
    """The body; None where the sender has gone."""
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _with_length(scope: Scope, length: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    return [*kept, (b"content-length", str(length).encode())]


def _replayed(body: bytes | None, receive: Receive) -> Receive:
    """The body once, then what comes after it: that the sender has gone."""
    left: list[Message] = [{"type": "http.disconnect"}]
    if body is not None:
        left = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return left.pop() if left else await receive()

    return next_message
