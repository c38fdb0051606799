"""Downloads that may change under their address: kept by the browser, and asked about each time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from ui.service.reports.reports import digest_of
from ui.stores.runs import RunStore

AGAIN = "private, no-cache"
"""Kept, but shown only after the server has said that it is still the same."""


def tag_of(runs: RunStore, ids: Iterable[str]) -> str:
    """An ETag for what is made of these runs, by what is written down of them."""
    return f'"{digest_of(runs, ids)}"'


def not_modified(request: Request, headers: Mapping[str, str]) -> Response | None:
    """304, where the browser has what these headers stand for."""
    known = request.headers.get("if-none-match", "")
    tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
    if headers["ETag"] not in tags:
        return None
    return Response(status_code=304, headers=dict(headers))
