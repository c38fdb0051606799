"""Whether a request is meant for this program, and does not come from somebody else's page.

A browser lets any page send requests anywhere, and the name in them is whatever its own address
resolved to ("DNS rebinding"). So a name that reaches this machine's own address must be one of this
machine's, and what changes anything must come from a page under the name that it is sent to.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from methods import BadInput
from ui.common.names import plain
from ui.door.rules import Rules

READING = frozenset({"GET", "HEAD"})
TUNNEL = "*.gradio.live"


def check_names(scope: Scope, rules: Rules) -> None:
    """Raises UserError: "foreign_host", "foreign_origin"."""
    headers = Headers(scope=scope)
    host = headers.get("host", "").lower()
    own = (*rules.names, *tunnel_names(scope))
    if host and not _answers_to(name_in(host), scope, rules, own):
        raise BadInput("foreign_host", name=plain(host, 100))
    origin = headers.get("origin")
    if origin is None or scope["method"] in READING:
        return
    place = _place_of(origin)
    if place != host and not matches(name_in(place), (*own, *rules.pages)):
        raise BadInput("foreign_origin", name=plain(origin, 100))


def _answers_to(name: str, scope: Scope, rules: Rules, own: tuple[str, ...]) -> bool:
    if rules.any_name or is_of_machine(name) or matches(name, own):
        return True
    # From another machine any name leads here, unless the host has said which ones do.
    return not rules.names and not is_loopback(str((scope.get("server") or ("",))[0]))


def is_of_machine(name: str) -> bool:
    """An address in numbers resolves to nothing else; "localhost" is this machine."""
    return name == "localhost" or name.endswith(".localhost") or _is_address(name)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether it is one of the names; `*.` stands for any part before."""
    return any(
        name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern
        for pattern in patterns
    )


def tunnel_names(scope: Scope) -> tuple[str, ...]:
    """Where the page has a public link: what leads here through it."""
    blocks_of = getattr(scope.get("app"), "get_blocks", None)
    blocks = blocks_of() if callable(blocks_of) else None
    if not getattr(blocks, "share", False):
        return ()
    link = getattr(blocks, "share_url", None)
    return (TUNNEL, name_in(_place_of(link))) if isinstance(link, str) else (TUNNEL,)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _place_of(address: str) -> str:
    """Name and port of an address; "" where there is none, as in "null"."""
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return ""


def name_in(place: str) -> str:
    """The name without the port; an address of IPv6 without its brackets."""
    if place.startswith("["):
        return place[1:].partition("]")[0]
    return place.partition(":")[0].rstrip(".")
