"""Which Ray cluster is meant, and whether it may be joined.

Whoever reaches a cluster that asks for no token runs code on all of its machines, and everything
inside a cluster is pickled. So an open one is refused, and so is an address that anybody in the
world can reach.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from enum import Enum
from importlib.util import find_spec
from pathlib import Path

from methods._base import BadInput, Unavailable

SETTING = "ERASER_LAB_RAY"
ANYWHERE = "ERASER_LAB_RAY_ANYWHERE"
AUTO, LOCAL = "auto", "local"

_CONNECT_SECONDS = 5.0
_PROBE_SECONDS = 30.0

_PROBE = """
import sys
from ray._raylet import GcsClient
GcsClient(address=sys.argv[1]).get_all_node_info(timeout=10)
"""
"""Succeeds where a cluster answers this process."""

_REFUSED = b"InvalidAuthToken"


def demand_ray() -> None:
    """Raise Unavailable where Ray is not installed. It is not imported by that."""
    if find_spec("ray") is None:
        raise Unavailable("ray_missing", package="ray")


def cluster_address(wanted: str) -> str:
    """HOST:PORT of the cluster that is meant; "" = one is to be started on this machine alone.

    wanted: `auto` (the one that RAY_ADDRESS names or this machine is part of, else one of its own),
    `local` (one of its own), or HOST:PORT. Raises BadInput where that is no address.
    """
    if wanted == LOCAL:
        return ""
    if wanted != AUTO:
        return _checked(wanted)
    named = os.environ.get("RAY_ADDRESS", "").strip()
    if named and named != AUTO:
        return "" if named == LOCAL else _checked(named)
    noted = _noted()
    return noted if noted and _is_reached(noted) else ""


def demand_closed(address: str) -> None:
    """Raise Unavailable unless the cluster is there and asks for a token, and BadInput where it is
    a public one."""
    if os.environ.get(ANYWHERE, "").strip() != "1" and _is_public(address):
        raise BadInput("ray_public", address=address)
    if not _is_reached(address):
        raise Unavailable("ray_unreachable", address=address)
    if os.environ.get("RAY_AUTH_MODE", "").strip().lower() != "token":
        raise Unavailable("ray_token", address=address)
    stranger, own = _answers(address)
    if stranger is Answer.YES:
        raise Unavailable("ray_open", address=address)
    if own is Answer.NO:
        raise Unavailable("ray_refused", address=address)


class Answer(Enum):
    """What a cluster says to whoever asks it."""

    YES = 0
    NO = 1
    NOTHING = 2


def _answers(address: str) -> tuple[Answer, Answer]:
    """To one who has no token, and to one with this program's: asked by processes of their own,
    since Ray reads its settings once. At the same time: each must import Ray first."""
    stranger = {name: os.environ[name] for name in os.environ if name not in _TOKEN}
    with tempfile.TemporaryDirectory() as home:  # where no token lies either
        stranger |= {"HOME": home, "RAY_AUTH_MODE": "disabled"}
        first, second = _asked(address, stranger), _asked(address, dict(os.environ))
        return _answer(first), _answer(second)


def _asked(address: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _PROBE, address]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def _answer(asked: subprocess.Popen[bytes]) -> Answer:
    with asked:
        try:
            _, said = asked.communicate(timeout=_PROBE_SECONDS)
        except subprocess.TimeoutExpired:
            asked.kill()
            return Answer.NOTHING
    if asked.returncode == 0:
        return Answer.YES
    return Answer.NO if _REFUSED in said else Answer.NOTHING


_TOKEN = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


def _checked(wanted: str) -> str:
    """HOST:PORT. `ray://` is another protocol, with a server of its own that we know nothing of."""
    host, _, port = wanted.rpartition(":")
    if "/" in wanted or not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise BadInput("ray_address", address=wanted[:80])
    return wanted


def _noted() -> str:
    """The cluster that this machine is part of, as `ray start` notes it; "" = none. A machine that
    was in one may have left it since."""
    folder = Path(os.environ.get("RAY_TMPDIR") or "/tmp")
    with suppress(OSError, BadInput):
        return _checked((folder / "ray" / "ray_current_cluster").read_text("utf-8").strip())
    return ""


def _is_reached(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with (
        suppress(OSError),
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS),
    ):
        return True
    return False


def _is_public(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    with suppress(OSError, ValueError):
        found = {str(each[4][0]).partition("%")[0] for each in socket.getaddrinfo(host, None)}
        return any(ipaddress.ip_address(each).is_global for each in found)
    return False
