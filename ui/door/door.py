"""The one place that every request passes, before Gradio.

It knows who asks (`ui.common.caller`, after the proxies that the host has named) and counts what
they may have. Whoever sits at this machine is not counted: requests of scripts, tests and benches.
"""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from methods import BadInput, Unavailable, UserError
from ui.common.caller import caller_of
from ui.common.errors import as_user_error
from ui.common.limits import RateLimiter
from ui.door.bodies import Body, announced, check_kind, is_upload, path_of
from ui.door.names import READING, check_names, is_loopback, is_of_machine, name_in
from ui.door.refusals import Refusal
from ui.door.rules import Rules
from ui.door.turns import Places, Turns
from ui.stores.upload_room import UploadRoom

JOINING = ("/gradio_api/queue/join", "/gradio_api/call/")
WORKING = (
    "/gradio_api/component_server",
    "/gradio_api/run/",
    "/gradio_api/api/",
    "/gradio_api/mcp",
)
SENT_IN = ("/gradio_api/file=", "/gradio_api/file/", "/gradio_api/stream/")
"""What is served as visitors have sent it in."""

CROWD = 20
"""All visitors together may ask so many times what one may."""


class Door:
    """ASGI middleware. room: where uploads arrive; megabytes: the largest file of a photo; ending:
    set when the program is about to end."""

    def __init__(
        self,
        app: ASGIApp,
        rules: Rules,
        room: UploadRoom,
        megabytes: float,
        ending: threading.Event,
    ) -> None:
        self._app = app
        self._rules = rules
        self._ending = ending
        self._room = room
        # A photo and its mask, and what a form needs around them.
        self._most_upload = int(2 * megabytes * 1e6) + 2**20
        self._requests = RateLimiter(rules.requests, crowd=CROWD)
        self._uploads = RateLimiter(rules.uploads, crowd=CROWD)
        self._turns = Turns(rules.at_once)
        self._places = Places(rules.places)
        self._named = ProxyHeadersMiddleware(self._admit, list(rules.proxies))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._named(scope, receive, send)  # type: ignore[arg-type]
        elif scope["type"] == "websocket":  # the page and Gradio's clients use none
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = Answer(scope, send)
        try:
            self._check(scope)
            async with self._counted(scope):
                await self._pass(scope, receive, answer)
        except Refusal as refusal:
            await answer.refuse(refusal, receive)

    def _check(self, scope: Scope) -> None:
        """Raises Refusal."""
        try:
            check_names(scope, self._rules)
            check_kind(scope)
        except UserError as error:
            raise Refusal(403, error, ends=True) from None
        if self._ending.is_set() and scope["method"] not in READING:
            raise Refusal(503, Unavailable("restarting"), ends=announced(scope) > 0)
        if is_owner(scope):
            return
        visitor = caller_of(HTTPConnection(scope))
        try:
            self._requests.take(visitor)
            if is_upload(scope):
                self._uploads.take(visitor)
        except UserError as error:
            raise Refusal(429, error, ends=announced(scope) > 0) from None

    @asynccontextmanager
    async def _counted(self, scope: Scope) -> AsyncIterator[None]:
        """What the visitor holds while the request is at work."""
        visitor, path = caller_of(HTTPConnection(scope)), path_of(scope)
        async with AsyncExitStack() as held:
            if scope["method"] not in READING and not is_owner(scope):
                if path.startswith(JOINING):
                    held.enter_context(self._places.joining(visitor, scope))
                elif path.startswith(WORKING):
                    await held.enter_async_context(self._turns.turn(visitor))
            yield

    async def _pass(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        if is_upload(scope):
            await self._upload(scope, receive, answer)
            return
        too_large = BadInput("body_too_large", megabytes=self._rules.body // 2**20)
        body = Body(scope, receive, self._rules, self._rules.body, too_large)
        await answer.of(self._app, body)

    async def _upload(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Room for it is asked for first, and nothing is left of what is cut off."""
        megabytes = self._most_upload // 1_000_000
        too_large = BadInput("upload_too_large", megabytes=megabytes)
        body = Body(scope, receive, self._rules, self._most_upload, too_large)
        number = None
        try:
            number = await run_in_threadpool(self._room.begin, announced(scope))
            await answer.of(self._app, body)
        except (OSError, UserError) as error:
            raise _not_stored(error) from None
        finally:
            if number is not None:
                self._room.end(number)
            await run_in_threadpool(self._put_in_order, scope, answer)

    def _put_in_order(self, scope: Scope, answer: Answer) -> None:
        paths = answer.paths()
        if paths:
            self._room.keep(caller_of(HTTPConnection(scope)), paths)
        else:
            self._room.clear_cut_off()


class Answer:
    """What the program answers to one request, until then changeable into a refusal."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._path = path_of(scope)
        self._body: Body | None = None
        self._status = 0
        self._said = b""

    async def of(self, app: ASGIApp, body: Body) -> None:
        """Let the app answer. Raises Refusal where the body was refused meanwhile, OSError."""
        self._body = body
        try:
            await app(self._scope, body.receive, self.send)
        except Exception as error:
            if self._status:
                raise  # too late to say anything else
            if body.refusal is None and not isinstance(error, OSError | UserError):
                raise
            raise (body.refusal or error) from None
        if body.refusal is not None and not self._status:
            raise body.refusal

    async def send(self, message: Message) -> None:
        refused = self._body is not None and self._body.refusal is not None
        if refused and not self._status:
            return  # the app's own words on a body that it never got whole
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._guard(MutableHeaders(scope=message))
        elif self._path == "/gradio_api/upload" and len(self._said) < 2**16:
            self._said += message.get("body", b"")
        await self._send(message)

    def _guard(self, headers: MutableHeaders) -> None:
        headers.setdefault("X-Content-Type-Options", "nosniff")
        if self._path.startswith(SENT_IN):
            headers["Content-Security-Policy"] = "default-src 'none'; sandbox"

    async def refuse(self, refusal: Refusal, receive: Receive) -> None:
        if self._status:
            return
        self._status = refusal.status
        response = refusal.response(self._path)
        response.headers["X-Content-Type-Options"] = "nosniff"
        await response(self._scope, receive, self._send)

    def paths(self) -> list[Path]:
        """Of the files that an upload has brought."""
        try:
            said = json.loads(self._said) if self._status == 200 else []
        except ValueError:
            return []
        return [Path(each) for each in said if isinstance(each, str)]


def is_owner(scope: Scope) -> bool:
    """Who sits at this machine: neither a proxy's visitor nor one that came by a tunnel."""
    client = scope.get("client") or ("",)
    host = Headers(scope=scope).get("host", "").lower()
    return is_loopback(str(client[0])) and (not host or is_of_machine(name_in(host)))


def _not_stored(error: OSError | UserError) -> Refusal:
    """507 where the disk has no room or cannot be written to; anything else is a bug."""
    spoken = as_user_error(error)
    return Refusal(500 if spoken.code == "internal" else 507, spoken, ends=True)
