"""What the program answers to a request: until its first byte it may become a refusal."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from methods import BadInput, UserError
from ui.common.errors import as_user_error
from ui.door.bodies import Body, path_of
from ui.door.browsers import new_cookie
from ui.door.refusals import Refusal

SENT_IN = ("/gradio_api/file=", "/gradio_api/file/", "/gradio_api/stream/")
"""Below these lies what visitors have sent in, as they have sent it."""

SANDBOX = "default-src 'none'; sandbox"
MOST_WORD = 64
"""Bytes of an event that are looked at: its kind comes first."""
MOST_PATHS = 2**16
"""Bytes of an upload's answer that are looked at."""


class Answer:
    """One answer, on its way through the door."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._cookie = new_cookie(scope)
        self._scope = scope
        self._send = send
        self._path = path_of(scope)
        self._body: Body | None = None
        self.status = 0

    async def of(self, app: ASGIApp, body: Body) -> None:
        """Let the app answer. Raises Refusal where the body was refused meanwhile."""
        self._body = body
        try:
            await app(self._scope, body.receive, self.send)
        except Exception:
            if self.status or body.refusal is None:
                raise
        if body.refusal is not None and not self.status:
            raise body.refusal

    async def send(self, message: Message) -> None:
        if not self.status and self._is_refused():
            return  # the app's own words on a body that it never got whole
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._guard(MutableHeaders(scope=message))
        await self._send(message)

    def _is_refused(self) -> bool:
        return self._body is not None and self._body.refusal is not None

    def _guard(self, headers: MutableHeaders) -> None:
        headers.setdefault("X-Content-Type-Options", "nosniff")
        if self._path.startswith(SENT_IN):
            headers["Content-Security-Policy"] = SANDBOX
        if self._cookie and headers.get("content-type", "").startswith("text/html"):
            headers.append("Set-Cookie", self._cookie)

    async def refuse(self, refusal: Refusal, receive: Receive) -> None:
        if self.status:
            return
        self.status = refusal.status
        response = refusal.response(self._path)
        self._guard(response.headers)
        await response(self._scope, receive, self._send)


class StreamAnswer(Answer):
    """Of Gradio's stream of a page's values.

    While the program ends, Gradio's own word on it is left out: it is an error without a sentence,
    and to a page, which comes back by itself, the stream's end says the same. ending: of the door.
    """

    PATH = "/gradio_api/queue/data"
    _WORD = b'"unexpected_error"'

    def __init__(self, scope: Scope, send: Send, ending: threading.Event) -> None:
        super().__init__(scope, send)
        self._ending = ending

    async def send(self, message: Message) -> None:
        if self._ending.is_set() and self._WORD in message.get("body", b"")[:MOST_WORD]:
            message = {**message, "body": b""}
        await super().send(message)


class UploadAnswer(Answer):
    """Of Gradio's route for uploads, which says what is wrong without a sentence, or falls over.

    megabytes: the largest file, as Gradio was told.
    """

    def __init__(self, scope: Scope, send: Send, megabytes: float) -> None:
        super().__init__(scope, send)
        self._megabytes = megabytes
        self._failed = 0
        self._said = b""

    async def of(self, app: ASGIApp, body: Body) -> None:
        """Raises Refusal; OSError, where the file could not be written."""
        try:
            await super().of(app, body)
        except TypeError:  # a part without a file name
            self._failed = 400
        if self._failed == 413:
            megabytes = self._megabytes
            raise Refusal(413, BadInput("upload_file_too_large", megabytes=megabytes), ends=True)
        if self._failed and not self.status:
            raise Refusal(400, BadInput("upload_unreadable"), ends=True)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and 400 <= message["status"] < 500:
            self._failed = message["status"]
        if self._failed:
            return
        if message["type"] == "http.response.body" and len(self._said) < MOST_PATHS:
            self._said += message.get("body", b"")
        await super().send(message)

    def paths(self) -> list[Path]:
        """Of the files that have come; none where the upload did not go well."""
        try:
            said = json.loads(self._said) if self.status == 200 else []
        except ValueError:
            return []
        return [Path(each) for each in said if isinstance(each, str)]


def not_stored(error: OSError | UserError) -> Refusal:
    """507 where the disk has no room or cannot be written to; anything else is a bug."""
    spoken = as_user_error(error)
    return Refusal(500 if spoken.code == "internal" else 507, spoken, ends=True)
