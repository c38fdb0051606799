"""A small HTTP server for the tests of weights: ranges, ETags, and every kind of trouble."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What stands behind one path.

    breaks, stalls: after so many bytes of each answer, one entry used up by each request.
    """

    body: bytes = b""
    status: int = 200
    etag: str = '"one"'
    location: str = ""
    ranges: bool = True
    breaks: list[int] = field(default_factory=list)
    stalls: list[int] = field(default_factory=list)


@dataclass
class Server:
    """A running server; `seen` has every request's path and headers (lower-case names)."""

    port: int
    pages: dict[str, Page] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a page."""
        return f"http://{host}:{self.port}{path}"

    def ranges(self) -> list[str]:
        """The Range header of every request so far, "" where there was none."""
        return [headers.get("range", "") for _, headers in self.seen]


@contextmanager
def serving() -> Iterator[Server]:
    """A server on a free port of this machine."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server = Server(httpd.server_address[1])
    httpd.state = server  # type: ignore[attr-defined]
    threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.released.set()
        httpd.shutdown()
        httpd.server_close()


def closed_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        state: Server = self.server.state  # type: ignore[attr-defined]
        state.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        page = state.pages.get(self.path, Page(status=404))
        self.close_connection = True
        if page.location:
            self.send_response(302)
            self.send_header("Location", page.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._answer(page, state)

    def _answer(self, page: Page, state: Server) -> None:
        start = self._start(page)
        body = page.body[start:]
        self.send_response(206 if start else page.status)
        if start:
            whole = len(page.body)
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", page.etag)
        self.end_headers()
        end = page.breaks.pop(0) if page.breaks else len(body)
        pause = page.stalls.pop(0) if page.stalls else None
        self._send(body[:end] if pause is None else body[:pause])
        if pause is not None:
            state.released.wait()

    def _start(self, page: Page) -> int:
        asked = self.headers.get("Range", "")
        same = self.headers.get("If-Range", page.etag) == page.etag
        return int(asked[6:-1]) if asked and page.ranges and same else 0

    def _send(self, data: bytes) -> None:
        try:
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            pass  # the reader has gone

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""
