"""The one place that every request passes, before Gradio.

It knows who asks (`ui.common.caller`, after the proxies that the host has named) and counts what
they may have. Whoever sits at this machine is not counted: requests of scripts, tests and benches.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from methods import BadInput, Unavailable, UserError
from ui.common.caller import caller_of
from ui.common.limits import RateLimiter
from ui.common.tally import Tally
from ui.door.answers import Answer, StreamAnswer, UploadAnswer, not_stored
from ui.door.bodies import Body, announced, check_kind, is_upload, path_of
from ui.door.gate import SIGN_OUT, Gate
from ui.door.names import READING, check_names, is_loopback, is_of_machine, name_in
from ui.door.refusals import Refusal
from ui.door.rules import Rules
from ui.door.streams import Streams
from ui.door.turns import Places, Turns
from ui.stores.upload_room import UploadRoom

JOINING = ("/gradio_api/queue/join", "/gradio_api/call/")
WORKING = (
    "/gradio_api/component_server",
    "/gradio_api/run/",
    "/gradio_api/api/",
    "/gradio_api/mcp",
)

CROWD = 20
"""All visitors together may ask so many times what one may."""


class Door:
    """ASGI middleware. room: where uploads arrive; megabytes: the largest file of a photo; ending:
    set when the program is about to end. tally: told what is refused. gate: who is let in; None =
    everybody."""

    def __init__(
        self,
        app: ASGIApp,
        rules: Rules,
        room: UploadRoom,
        megabytes: float,
        ending: threading.Event,
        tally: Tally | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._app = app
        self._rules = rules
        self._ending = ending
        self._tally = tally or Tally()
        self._room = room
        self._megabytes = megabytes
        # A photo and its mask, and what a form needs around them.
        self._most_upload = int(2 * megabytes * 1e6) + 2**20
        self._requests = RateLimiter(rules.requests, crowd=CROWD)
        self._uploads = RateLimiter(rules.uploads, crowd=CROWD)
        self._turns = Turns(rules.at_once, rules.line_seconds)
        self._places = Places(rules.places)
        self._gate = gate
        self._streams = Streams()
        self._named = ProxyHeadersMiddleware(self._admit, list(rules.proxies))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._named(scope, receive, send)  # type: ignore[arg-type]
        elif scope["type"] == "websocket":  # the page and Gradio's clients use none
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = self._gate.who(scope) if self._gate else None
        if self._gate and name is not None:
            scope = self._gate.let_in(scope, name)
        answer = self._answer(scope, send)
        try:
            self._check(scope)
            body = self._body(scope, receive)
            if self._gate and (shown := self._at_gate(scope, name)):
                await answer.of(shown, body)
                return
            async with self._counted(scope, body):
                await self._pass(scope, body, answer)
        except Refusal as refusal:
            self._tally.refused(refusal.error.code)
            await answer.refuse(refusal, receive)
        except asyncio.CancelledError:  # by the server, which would make a bare 500 of it
            if answer.status or not self._ending.is_set():
                raise
            await answer.refuse(Refusal(503, Unavailable("restarting"), ends=True), receive)

    def _answer(self, scope: Scope, send: Send) -> Answer:
        if is_upload(scope):
            return UploadAnswer(scope, send, self._megabytes)
        if path_of(scope) == StreamAnswer.PATH:
            return StreamAnswer(scope, send, self._ending)
        return Answer(scope, send)

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

    def _at_gate(self, scope: Scope, name: str | None) -> Response | None:
        """What is answered here to whoever is not let in, or signs out. Raises Refusal."""
        if self._gate is None:
            return None
        if name is None:
            return self._gate.answer(scope)
        signs_out = path_of(scope) == SIGN_OUT and scope["method"] == "POST"
        return self._gate.sign_out(scope, name) if signs_out else None

    @asynccontextmanager
    async def _counted(self, scope: Scope, body: Body) -> AsyncIterator[None]:
        """What the visitor holds while the request is at work.

        A turn is taken for a request that is there: one that stalls holds up none of the others.
        """
        visitor, path = caller_of(HTTPConnection(scope)), path_of(scope)
        async with AsyncExitStack() as held:
            if scope["method"] not in READING and not is_owner(scope):
                if path.startswith(JOINING):
                    held.enter_context(self._places.joining(visitor, scope))
                elif path.startswith(WORKING):
                    await body.read_ahead(self._rules.ahead)
                    await held.enter_async_context(self._turns.turn(visitor))
            await self._streams.check(scope, body, self._rules.body)
            yield

    def _body(self, scope: Scope, receive: Receive) -> Body:
        """Raises Refusal where it says itself that it is too large."""
        if is_upload(scope):
            most = self._most_upload
            return Body(
                scope,
                receive,
                self._rules,
                most,
                BadInput("upload_too_large", megabytes=most // 1_000_000),
            )
        most = self._rules.body
        too_large = BadInput("body_too_large", megabytes=most // 2**20)
        return Body(scope, receive, self._rules, most, too_large)

    async def _pass(self, scope: Scope, body: Body, answer: Answer) -> None:
        if isinstance(answer, UploadAnswer):
            await self._upload(scope, body, answer)
        elif self._gate and self._gate.is_attempt(scope):
            await self._attempt(self._gate, scope, body, answer)
        else:
            await answer.of(self._app, body)

    async def _attempt(self, gate: Gate, scope: Scope, body: Body, answer: Answer) -> None:
        """To sign in; also whoever sits at this machine guesses at most so fast."""
        visitor = caller_of(HTTPConnection(scope))
        try:
            gate.take_attempt(visitor)
        except UserError as error:
            raise Refusal(429, error, ends=True) from None
        await answer.of(self._app, body)
        if answer.status < 400:
            gate.give_attempt_back(visitor)

    async def _upload(self, scope: Scope, body: Body, answer: UploadAnswer) -> None:
        """Room for it is asked for first, and nothing is left of what is cut off."""
        number = None
        try:
            number = await run_in_threadpool(self._room.begin, announced(scope))
            await answer.of(self._app, body)
        except (OSError, UserError) as error:
            raise not_stored(error) from None
        finally:
            if number is not None:
                self._room.end(number)
            await run_in_threadpool(self._put_in_order, scope, answer)

    def _put_in_order(self, scope: Scope, answer: UploadAnswer) -> None:
        paths = answer.paths()
        if paths:
            self._room.keep(caller_of(HTTPConnection(scope)), paths)
        else:
            self._room.clear_cut_off()


def is_owner(scope: Scope) -> bool:
    """Who sits at this machine: neither a proxy's visitor nor one that came by a tunnel."""
    client = scope.get("client") or ("",)
    host = Headers(scope=scope).get("host", "").lower()
    return is_loopback(str(client[0])) and (not host or is_of_machine(name_in(host)))
