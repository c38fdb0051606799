"""The cookie by which a browser knows itself again: for what is its own, and for no limit."""

from __future__ import annotations

from secrets import token_urlsafe

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from ui.common.caller import BROWSER
from ui.door.bodies import path_of

YEAR = 365 * 24 * 3600


def new_cookie(scope: Scope) -> str:
    """The header's value for a browser that opens the page and has none; else "".

    Over https it also reaches a page that stands in another one's frame, as on a Space.
    """
    if scope["method"] != "GET" or path_of(scope) not in ("", "/"):
        return ""
    if BROWSER in HTTPConnection(scope).cookies:
        return ""
    framed = scope.get("scheme") == "https"
    answer = Response()
    answer.set_cookie(
        BROWSER,
        token_urlsafe(16),
        max_age=YEAR,
        path=str(scope.get("root_path") or "/"),
        secure=framed,
        httponly=True,
        samesite="none" if framed else "lax",
    )
    return answer.headers["set-cookie"] + ("; Partitioned" if framed else "")
