"""The tools over the Model Context Protocol, with the protocol's own package `mcp`, 1 or 2.

Not Gradio's server for it: that one makes a tool of every endpoint, hands an optional picture on
as text, answers with paths instead of pictures, calls the program over its own loopback address,
where every visitor is the same one, and takes the package's old versions only.

Requests stand for themselves (no sessions), so nothing is kept between them but photos and runs.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec
from typing import Any

from anyio import CapacityLimiter, to_thread
from gradio.route_utils import get_root_url
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from methods import PROGRAM, BadInput
from ui.api.tools.calls import Told, Tool, Visit, tools_of
from ui.api.tools.offers import SERVER
from ui.api.tools.pictures import Shown
from ui.common.caller import caller_of
from ui.common.errors import busy, described
from ui.service.service import Service

ADDRESS = "/gradio_api/mcp"
"""Where Gradio has its own server, and clients look for it."""

AT_ONCE = 8
MOST_WAITING = 64
"""As many calls as the queue of the endpoints takes."""


def is_installed() -> bool:
    """Whether the package is here; it is an optional one."""
    return find_spec("mcp") is not None


class ToolServer:
    """An ASGI app under ADDRESS. `lifespan` must be entered before the first request."""

    def __init__(self, service: Service) -> None:
        self._tools = tools_of(service)
        self._manager: Any = None
        self._waiting = 0

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncIterator[None]:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        self._places = asyncio.Semaphore(AT_ONCE)
        self._threads = CapacityLimiter(AT_ONCE)  # others' are for files
        self._manager = StreamableHTTPSessionManager(_protocol(self), stateless=True)
        async with self._manager.run():
            yield

    def routes(self) -> list[BaseRoute]:
        """POST alone: without sessions there is no stream to listen to and nothing to delete."""
        return [Route(path, self, methods=["POST"]) for path in (ADDRESS, f"{ADDRESS}/")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)

    def listed(self) -> dict[str, Any]:
        """The tools as the protocol writes them."""
        return {"tools": [tool.offer.described() for tool in self._tools.values()]}

    async def called(self, name: str, given: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """A call's result as the protocol writes it; a refusal is one, too."""
        tool = self._tools.get(name)
        if tool is None:
            return _written(_refused(BadInput("unknown_tool", known=", ".join(self._tools))))
        if self._waiting >= MOST_WAITING:
            return _written(_refused(busy(self._waiting)))
        root = get_root_url(request, ADDRESS, request.scope.get("root_path"))
        return _written(await self._in_turn(tool, given, Visit(caller_of(request), root)))

    async def _in_turn(self, tool: Tool, given: Mapping[str, Any], visit: Visit) -> Told:
        """In a thread, so many at once."""
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        try:
            call = partial(tool.answer, given, visit)
            return await to_thread.run_sync(call, limiter=self._threads)
        finally:
            self._places.release()


def _protocol(tools: ToolServer) -> Any:
    """The package's server. From 2 on it takes its handlers when it is made, until then after."""
    from mcp import types
    from mcp.server.lowlevel import Server

    about = {"version": PROGRAM, "instructions": SERVER}

    async def listed(*_: Any) -> Any:
        return types.ListToolsResult.model_validate(tools.listed())

    async def called(params: Any, request: Any) -> Any:
        answer = await tools.called(params.name, params.arguments or {}, request)
        return types.CallToolResult.model_validate(answer)

    async def called_now(context: Any, params: Any) -> Any:
        return await called(params, context.request)

    if not hasattr(Server, "list_tools"):
        return Server("eraser-lab", on_list_tools=listed, on_call_tool=called_now, **about)
    server = Server("eraser-lab", **about)

    async def listed_then(_: Any) -> Any:
        return types.ServerResult(await listed())

    async def called_then(asked: Any) -> Any:
        return types.ServerResult(await called(asked.params, server.request_context.request))

    server.request_handlers[types.ListToolsRequest] = listed_then
    server.request_handlers[types.CallToolRequest] = called_then
    return server


def _refused(error: Exception) -> Told:
    return Told((described(error)["text"],), failed=True)


def _written(told: Told) -> dict[str, Any]:
    result = {"content": [_block(each) for each in told.blocks], "isError": told.failed}
    return result | ({"structuredContent": dict(told.facts)} if told.facts else {})


def _block(said: str | Shown) -> dict[str, Any]:
    if isinstance(said, str):
        return {"type": "text", "text": said}
    data = base64.b64encode(said.data).decode("ascii")
    return {"type": "image", "data": data, "mimeType": said.kind}
