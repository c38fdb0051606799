"""A worker in an interpreter of its own, where there is no template to copy."""

from __future__ import annotations

import socket
import sys

from methods._workers.process import host
from methods._workers.process.messages import Start
from methods._workers.process.wire import Wire


def main(descriptor: int) -> None:
    """Be a worker at the other end of the socket; -1: its description comes by standard input."""
    if sys.platform == "win32":
        end = socket.fromshare(sys.stdin.buffer.read())
    else:
        end = socket.socket(fileno=descriptor)
    start, _ = Wire(end).receive()
    assert isinstance(start, Start)
    host.main(end, start)
