"""Who asks: how visitors are told apart for the rate limits, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Protocol


class Visit(Protocol):
    """What is looked at of a Starlette or a Gradio request. client: has a `host`, or is None."""

    @property
    def client(self) -> object: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


def caller_of(request: Visit | None) -> str:
    """The visitor's address, from a Starlette or a Gradio request; "" when there is none.

    Behind a proxy every request comes from the proxy's own, private address; then the
    last address that the proxy has noted counts. A visitor who reaches the program
    directly could write anything there, so for a public address it is not read.
    """
    host = str(getattr(getattr(request, "client", None), "host", "") or "")
    if request is None or not _is_private(host):
        return host
    forwarded = str(request.headers.get("x-forwarded-for", "") or "")
    return forwarded.rpartition(",")[2].strip()[:64] or host


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return False
