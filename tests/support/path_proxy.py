"""A proxy that serves a program of this machine below a path, and takes that path away."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from small_server import served_by

_OF_THE_WAY = {"connection", "transfer-encoding", "keep-alive"}
"""Headers that are about one connection."""


@contextmanager
def path_proxy(address: str, path: str, *, port: int = 0) -> Iterator[str]:
    """The address below `path` at which `address`, a program that knows of the path, is served.
    Whatever else is asked for is not found."""
    with served_by(_handler(urlsplit(address).netloc, path), port) as at:
        yield f"http://127.0.0.1:{at}{path}/"


def _handler(host: str, path: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(path + "/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            upstream = http.client.HTTPConnection(host, timeout=60)
            upstream.request(
                self.command, self.path.removeprefix(path), body or None, dict(self.headers)
            )
            hand_on(self, upstream.getresponse())

        do_POST = do_HEAD = do_PUT = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the tests' console."""

    return Handler


def hand_on(handler: BaseHTTPRequestHandler, answer: http.client.HTTPResponse) -> None:
    """A program's answer as it comes: events must not wait for the last one."""
    handler.send_response(answer.status)
    for name, value in answer.getheaders():
        if name.lower() not in _OF_THE_WAY:
            handler.send_header(name, value)
    handler.end_headers()
    while part := answer.read1(65536):
        handler.wfile.write(part)
