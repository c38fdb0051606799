"""What the door allows, and what of it the host may choose.

    ERASER_LAB_NAMES=lab.example.org     further names of this program, separated by commas
    ERASER_LAB_PROXIES=10.0.0.0/8        proxies whose word on who asks is believed

The figures leave an ordinary visitor, and an office behind one address, room to spare; whoever sits
at this machine is not counted at all.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import ip_network

from ui.common.limits import Rate

LOOPBACK = ("127.0.0.1", "::1")
SPACE_PROXIES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""A Space is reached through its host's own proxies alone."""

SPACE_PAGES = ("huggingface.co", "*.hf.space")
REQUESTS = Rate(per_second=100, burst=1000)
UPLOADS = Rate(per_second=2, burst=60)
_NAME = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")


@dataclass(frozen=True, slots=True)
class Rules:
    """names: of this program, beside those of this machine; `*.` stands for any part before.

    pages: names of pages of others that may use it. any_name: its names are a proxy's matter.
    proxies: addresses and networks. requests, uploads: of one visitor. places: of one visitor in
    the queue, waiting and at work. at_once: requests of one visitor that are at work; further ones
    wait, for line_seconds at most. connections: open at once, of one address. body: bytes of a
    request that is not an upload; ahead: how many of them are taken in before it is at work.
    head_seconds: until a request's head must be there. piece_seconds: until the next piece of its
    body. body_rate: bytes a second that a body must bring on the average, after a first
    piece_seconds.
    """

    names: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    any_name: bool = False
    proxies: tuple[str, ...] = LOOPBACK
    requests: Rate = REQUESTS
    uploads: Rate = UPLOADS
    places: int = 3
    at_once: int = 6
    connections: int = 256
    line_seconds: float = 60.0
    body: int = 4 * 2**20
    ahead: int = 2**18
    head_seconds: float = 20.0
    piece_seconds: float = 30.0
    body_rate: float = 4096.0

    @classmethod
    def from_environment(cls) -> Rules:
        """Raises ValueError for a setting that makes no sense."""
        on_space = bool(os.environ.get("SPACE_ID"))
        proxies = (*LOOPBACK, *(SPACE_PROXIES if on_space else ()))
        return cls(
            names=tuple(map(_name, _listed("ERASER_LAB_NAMES"))),
            pages=SPACE_PAGES if on_space else (),
            any_name=on_space,
            proxies=(*proxies, *map(_network, _listed("ERASER_LAB_PROXIES"))),
        )


def _listed(variable: str) -> list[str]:
    return [part.strip() for part in os.environ.get(variable, "").split(",") if part.strip()]


def _name(text: str) -> str:
    if _NAME.fullmatch(text.lower()) is None:
        raise ValueError(
            f"ERASER_LAB_NAMES: {text!r} is no name. Give names such as lab.example.org or"
            " *.example.org, without a port, separated by commas."
        )
    return text.lower()


def _network(text: str) -> str:
    try:
        return str(ip_network(text)) if "/" in text else str(ip_network(text).network_address)
    except ValueError:
        raise ValueError(
            f"ERASER_LAB_PROXIES: {text!r} is no address. Give addresses or networks such as"
            " 10.0.0.2 or 10.0.0.0/8, separated by commas."
        ) from None
