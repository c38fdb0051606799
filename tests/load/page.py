"""One page of one visitor, which speaks as the page's scripts and Gradio's own do.

Locust was weighed for this: what it brings, users and percentiles, is little beside Gradio's queue
(a join, then events that are differences), and its greenlets change the sockets of everything that
is imported. httpx is here anyway.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

import httpx
from gradio_client.utils import apply_diff

from tests.load.figures import Figures, Said

API = "/gradio_api"
SECONDS = 120.0
"""For an answer: longer is an error."""

SECRETS = ("owner", "secret")
"""What an answer about a run may hold for its owner alone; it is passed along as it came."""


class Page:
    """A loaded page. visitor: the address by which a trusted proxy would name it. headers: others
    than those of a page at `address`."""

    def __init__(
        self,
        address: str,
        visitor: str,
        figures: Figures,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.figures = figures
        self.visitor = visitor
        self._session = secrets.token_hex(6)
        self._components: dict[str, int] = {}
        self._erase_event = 0
        self._http = httpx.AsyncClient(
            base_url=address,
            headers={"X-Forwarded-For": visitor, "Origin": address, **headers},
            timeout=httpx.Timeout(SECONDS, pool=None),
            limits=httpx.Limits(max_connections=8),
        )

    @property
    def headers(self) -> httpx.Headers:
        """Of all requests to come."""
        return self._http.headers

    async def load(self) -> None:
        """The HTML and what it says of Gradio's parts; a session begins anew."""
        self._session = secrets.token_hex(6)
        await self.get("", "page")
        config = json.loads(await self.get("config", "config"))
        self._components = {
            name: part["id"]
            for part in config["components"]
            for name in part["props"].get("server_fns") or ()
        }
        events = config["dependencies"]
        self._erase_event = next(
            number
            for number, event in enumerate(events)
            if any(kind == "erase" for _, kind in event["targets"])
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, request: str) -> bytes:
        """A file under the page's address; request: what it counts as. Raises Said."""
        with self.figures.timed(request):
            return (await self._answer("GET", f"/{path}")).content

    async def upload(self, data: bytes, name: str) -> str:
        """The path that `open_photo` takes. Raises Said."""
        with self.figures.timed("upload"):
            files = {"files": (name, data, "image/png")}
            target = f"{API}/upload?upload_id={secrets.token_hex(6)}"
            return str((await self._answer("POST", target, files=files)).json()[0])

    async def ask(self, name: str, data: Mapping[str, object]) -> dict[str, Any]:
        """A server function's answer. Raises Said."""
        body = {
            "data": data,
            "fn_name": name,
            "component_id": self._components[name],
            "session_hash": self._session,
        }
        with self.figures.timed(name):
            answer = (await self._answer("POST", f"{API}/component_server/", json=body)).json()
            if answer.get("ok") is not True:
                raise _said(answer)
            return dict(answer)

    async def new_run(self) -> dict[str, Any]:
        """What a run is begun with: its id, and what its owner alone is given. Raises Said."""
        if "new_run" in self._components:
            given = await self.ask("new_run", {})
            return {"run": given["run"], **of_owner(given)}
        return {"run": secrets.token_urlsafe(16)}

    async def join(self, payload: Mapping[str, object]) -> None:
        """Take a place in the queue for a run. Raises Said."""
        body = {
            "data": [],
            "event_data": payload,
            "fn_index": self._erase_event,
            "session_hash": self._session,
        }
        with self.figures.timed("join"):
            await self._answer("POST", f"{API}/queue/join", json=body)

    async def grids(self) -> AsyncGenerator[dict[str, Any], None]:
        """The run's value, again and again. Raises Said; leaving early cuts the connection."""
        grid: Any = {}
        async with self._events() as lines:
            async for line in lines:
                message = json.loads(line[5:]) if line.startswith("data:") else {}
                kind = message.get("msg")
                if kind == "process_generating":
                    (value,) = message["output"]["data"]
                    grid = apply_diff(grid, value) if isinstance(value, list) else value
                    yield grid
                elif kind == "process_completed" and message["success"]:
                    return
                elif kind in ("process_completed", "unexpected_error", "server_stopped"):
                    code = "restarting" if kind == "server_stopped" else "bare"
                    raise Said(code, answer=line)
        raise Said("connection")

    @asynccontextmanager
    async def _events(self) -> AsyncIterator[AsyncIterator[str]]:
        path = f"{API}/queue/data?session_hash={self._session}"
        try:
            async with self._http.stream("GET", path) as answer:
                yield answer.aiter_lines()
        except httpx.HTTPError:
            raise Said("connection") from None

    async def _answer(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **more)
        except httpx.TimeoutException:
            raise Said("timeout") from None
        except httpx.HTTPError:
            raise Said("connection") from None
        if answer.status_code >= 400:
            raise _said_by(answer)
        return answer


def _said_by(answer: httpx.Response) -> Said:
    """Of a status: what stands in it, where it is JSON of ours."""
    try:
        return _said(answer.json())
    except (ValueError, AttributeError):
        seconds = float(answer.headers.get("Retry-After", 1))
        known = {404: "gone", 429: "too_fast"}
        code = known.get(answer.status_code, "bare")
        return Said(code, seconds, f"{answer.status_code} {answer.text}")


def _said(answer: Mapping[str, Any]) -> Said:
    error = answer.get("error")
    if not isinstance(error, dict):
        return Said("bare", answer=answer)
    return Said(str(error["code"]), float(error.get("details", {}).get("seconds", 1)))


def of_owner(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer has for the run's owner alone."""
    return {name: answer[name] for name in SECRETS if name in answer}
