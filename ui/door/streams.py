"""What comes to a page by itself is its own: whoever knows how a page is called does not get it.

Gradio sends a page's values to whoever names its session, and the page makes that name. So the
first who uses a name has it: the browser, by the cookie that the door has given it, or where there
is none the visitor.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection
from starlette.types import Scope

from methods import BadInput, BoundedCache
from ui.common.caller import browser_of
from ui.door.bodies import Body, path_of
from ui.door.refusals import Refusal

MOST = 2**18
NAMED = ("/gradio_api/heartbeat/", "/gradio_api/stream/")
TELLING = tuple(f"/gradio_api/{each}" for each in ("queue/", "call/", "run/", "api/"))
ENDING = tuple(f"/gradio_api/{each}" for each in ("cancel", "reset"))


class Streams:
    """Whose each session is."""

    def __init__(self) -> None:
        self._holders: BoundedCache[str, str] = BoundedCache(MOST, lambda holder: 1)

    async def check(self, scope: Scope, body: Body, most: int) -> None:
        """Raises Refusal ("foreign_stream"). most: bytes of a body that is read for it."""
        path = path_of(scope)
        names = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
        if path.startswith(NAMED):
            names = [*names, path.split("/")[3]]
        if scope["method"] == "POST" and path.startswith((*TELLING, *ENDING)):
            await body.read_ahead(most + 1)
            names = [*names, *_named_in(body.ahead())]
        self._demand(scope, names)

    def _demand(self, scope: Scope, names: list[str]) -> None:
        asks = browser_of(HTTPConnection(scope))
        for name in names:
            holder = self._holders.get(name[:200], lambda: asks)
            if holder != asks:
                raise Refusal(403, BadInput("foreign_stream"))


def _named_in(body: bytes) -> list[str]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return []
    name = said.get("session_hash") if isinstance(said, dict) else None
    return [name] if isinstance(name, str) else []
