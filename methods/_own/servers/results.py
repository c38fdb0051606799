"""The picture that a JSON answer holds or names.

A server may name any address. It is fetched from the server itself, or from a host that the owner
has named; without the key, and from nowhere in a private network that the server is not in.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import socket
from collections.abc import Container
from typing import Annotated, Any

import httpx
from pydantic import Field

from methods._own.servers.call import Call, ServerError
from methods._own.servers.waiting import waited
from methods._own.servers.web import origin_of

Hosts = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]],
    Field(max_length=20),
]
"""Names of hosts, exactly as addresses have them, in small letters."""


def json_of(answer: httpx.Response) -> Any:
    """What it says. Raises ServerError."""
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise ServerError("bad") from error


def picture_at(call: Call, found: Any, path: str, hosts: Container[str]) -> bytes:
    """The picture at a place of a JSON answer. path: keys and numbers with dots between them.
    hosts: where it may be fetched beside the server. Raises ServerError."""
    for word in path.split("."):
        found = _below(found, word, path)
    if not isinstance(found, str) or not found:
        raise ServerError("unfit", path)
    return picture_of(call, found, hosts)


def picture_of(call: Call, text: str, hosts: Container[str]) -> bytes:
    """What is written as base64, as a data URL, or as an address. Raises ServerError."""
    if text.startswith(("https://", "http://")):
        return _fetched(call, text, hosts)
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        if not head.endswith(";base64"):
            raise ServerError("bad")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ServerError("bad") from error


def _below(found: Any, word: str, path: str) -> Any:
    try:
        return found[int(word)] if isinstance(found, list) else found[word]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ServerError("unfit", path) from error


def _fetched(call: Call, address: str, hosts: Container[str]) -> bytes:
    try:
        url, server = httpx.URL(address), httpx.URL(call.url)
    except httpx.InvalidURL as error:
        raise ServerError("bad") from error
    if origin_of(url) != origin_of(server) and not _may_be_asked(call, url, server, hosts):
        raise ServerError("elsewhere", url.host)
    try:
        return bytes(call.web.send("GET", str(url)).content)
    except ServerError as error:
        if error.kind == "unauthorised":  # no key was sent: it is not the key that is wrong
            raise ServerError("refused", error.said) from error
        raise


def _may_be_asked(call: Call, url: httpx.URL, server: httpx.URL, hosts: Container[str]) -> bool:
    """Whether a host is one of the owner's, as well guarded on its way as the server, and no nearer
    to this machine than the server is."""
    if url.host not in hosts or url.userinfo or url.scheme not in ("https", server.scheme):
        return False
    return waited(call, lambda: _is_public(url) or not _is_public(server))


def _is_public(url: httpx.URL) -> bool:
    """Whether all its addresses are. Raises ServerError where it has none."""
    try:
        found = socket.getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServerError("unreachable", url.host) from error
    return all(_is_public_address(str(each[4][0])) for each in found)


def _is_public_address(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = inner or address
    return address.is_global and not address.is_multicast
