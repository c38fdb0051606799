"""Who asks: how visitors are told apart for the limits, and browsers for what is their own."""

from __future__ import annotations

from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Protocol

SUBNET = 64
"""Bits of an IPv6 address that are one visitor's: whoever has one address has all of these."""


TOKEN_LENGTH = 22
"""Characters of 128 bits in base64url."""


class Visit(Protocol):
    """What is looked at of a Starlette or a Gradio request. client: has a `host`, or is None."""

    @property
    def client(self) -> object: ...


def caller_of(request: Visit | None) -> str:
    """The visitor, from a Starlette or a Gradio request; "" when there is none.

    Headers are not read here: behind a proxy that the host has named, the door has put the
    visitor's address in the place of the proxy's, and nobody else is believed.
    """
    host = getattr(getattr(request, "client", None), "host", "")
    return visitor_at(str(host or ""))


BROWSER = "eraser-lab-browser"
"""A cookie that the door gives a browser: random, so that nobody can name another's."""


def browser_of(request: Visit | None) -> str:
    """The browser, by the door's cookie; where it has none, the visitor.

    For no limit: whoever sends another cookie is another browser.
    """
    get = getattr(getattr(request, "cookies", None), "get", None)  # of a dict, or of Gradio's own
    token = get(BROWSER) if callable(get) else None
    if not isinstance(token, str) or len(token) < TOKEN_LENGTH:
        return caller_of(request)
    return "browser:" + sha256(token.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def visitor_at(host: str) -> str:
    """One visitor's name for an address: itself, or the subnet that an IPv6 address lies in."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    return str(_plain(address))


def _plain(address: IPv4Address | IPv6Address) -> object:
    if isinstance(address, IPv4Address) or address.is_loopback:
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return ip_network((address, SUBNET), strict=False)
