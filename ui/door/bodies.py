"""Bodies of requests: of the right kind, not too large, not too slow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.types import Message, Receive, Scope

from methods import BadInput, UserError
from ui.door.names import READING
from ui.door.refusals import Refusal
from ui.door.rules import Rules

UPLOAD = "/gradio_api/upload"
FORMS = frozenset({"/login", "/login/"})
"""Gradio's own sign-in sends a form."""

Clock = Callable[[], float]


def is_upload(scope: Scope) -> bool:
    """Whether it is for the one route that writes files. A path that only ends like it is not."""
    return bool(path_of(scope) == UPLOAD)


def path_of(scope: Scope) -> str:
    """Below the path under which the program is mounted."""
    path, root = str(scope["path"]), str(scope.get("root_path") or "").rstrip("/")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def announced(scope: Scope) -> int:
    """Bytes that the request says it brings; 0 where it does not say."""
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


def check_kind(scope: Scope) -> None:
    """A form or plain text may be sent by any page of anybody, JSON only by our own.

    Raises UserError: "not_json", "not_an_upload_form".
    """
    headers = Headers(scope=scope)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if scope["method"] in READING or path_of(scope) in FORMS:
        return
    if is_upload(scope):
        if kind != "multipart/form-data":
            raise BadInput("not_an_upload_form")
    elif (kind or announced(scope)) and kind != "application/json":
        raise BadInput("not_json")


class Body:
    """One request's body, watched while it arrives.

    most: bytes; too_large: what is said of more. Once it is refused, `refusal` holds the answer,
    and whoever reads the body finds its end: one after which Gradio removes an upload's files.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        rules: Rules,
        most: int,
        too_large: UserError,
        clock: Clock = monotonic,
    ) -> None:
        self._receive = receive
        self._rules = rules
        self._most = most
        self._too_large = too_large
        self._clock = clock
        self._upload = is_upload(scope)
        self._waited = 0.0
        self._arrived = 0
        self._whole = False
        self._ahead: list[Message] = []
        self.refusal: Refusal | None = None
        if announced(scope) > most:
            raise Refusal(413, too_large, ends=True)

    async def read_ahead(self, most: int) -> None:
        """Take in the body, of a larger one the first `most` bytes, before anybody asks for it.

        Raises Refusal.
        """
        while not self._whole and self._arrived < most:
            self._ahead.append(await self._next())
        if self.refusal is not None:
            raise self.refusal

    def ahead(self) -> bytes:
        """What has been taken in, and nobody has asked for yet."""
        return b"".join(message.get("body", b"") for message in self._ahead)

    async def receive(self) -> Message:
        return self._ahead.pop(0) if self._ahead else await self._next()

    async def _next(self) -> Message:
        if self._whole:  # what is waited for now is that the sender goes, and that may be long
            return await self._receive()
        begun = self._clock()
        try:
            message = await asyncio.wait_for(self._receive(), self._patience())
        except TimeoutError:
            return self._cut(Refusal(408, BadInput("body_too_slow"), ends=True))
        self._waited += self._clock() - begun
        self._arrived += len(message.get("body", b""))
        if self._arrived > self._most:
            return self._cut(Refusal(413, self._too_large, ends=True))
        if self._upload and message["type"] == "http.disconnect":
            raise MultiPartException("The sender has gone.")
        self._whole = not message.get("more_body", False)
        return message

    def _patience(self) -> float:
        """Seconds for the next piece: a pause may be long, but pauses may not be all there is.

        Waiting alone counts, not what this side takes to put the pieces away.
        """
        grace, rate = self._rules.piece_seconds, self._rules.body_rate
        return max(0.0, min(grace, grace + self._arrived / rate - self._waited))

    def _cut(self, refusal: Refusal) -> Message:
        self.refusal = refusal
        self._whole = True
        if self._upload:
            raise MultiPartException(str(refusal))
        return {"type": "http.disconnect"}
