"""Servers on loopback that can be told to fail at a path, as servers do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler
from typing import ClassVar, Literal, TypeAlias
from urllib.parse import urlsplit

from small_server import served_by

Trouble: TypeAlias = Literal["half", "html", "drip", "elsewhere"] | int
"""A status; or half an answer, a page instead of one, one byte after the other, another host."""

HTML = b"<!doctype html><html><body><h1>Just a moment</h1></body></html>"


class Troubled(BaseHTTPRequestHandler):
    """troubles: by path, the first of a list is what happens next there. seen: (method, path,
    headers) of what came."""

    protocol_version = "HTTP/1.1"
    troubles: ClassVar[dict[str, list[Trouble]]]
    seen: ClassVar[list[tuple[str, str, dict[str, str]]]]
    elsewhere: ClassVar[str]
    over: ClassVar[threading.Event]

    def do_GET(self) -> None:
        self._met(b"")

    def do_POST(self) -> None:
        self._met(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def do_PUT(self) -> None:
        self.do_POST()

    def answer(self, path: str, body: bytes) -> None:
        """What the server does where it is well."""
        raise NotImplementedError

    def _met(self, body: bytes) -> None:
        path = urlsplit(self.path).path
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append((self.command, path, headers))
        waiting = self.troubles.get(path)
        with suppress(OSError):
            if waiting:
                self._fail(waiting.pop(0))
            else:
                self.answer(path, body)

    def _fail(self, trouble: Trouble) -> None:
        if isinstance(trouble, int):
            words = json.dumps({"detail": f"no: {trouble}"}).encode()
            self.say(words, "application/json", trouble, {"Retry-After": "0"})
        elif trouble == "html":
            self.say(HTML, "text/html")
        elif trouble == "elsewhere":
            self.say(b"", "text/plain", 302, {"Location": self.elsewhere})
        else:
            self._begin(10_000, "image/png")
            self.wfile.write(b"\x89PNG")
            while trouble == "drip" and not self.over.wait(0.05):
                self.wfile.write(b"\0")
            self.close_connection = True

    def _begin(self, length: int, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def say(
        self, body: bytes, kind: str, status: int = 200, more: dict[str, str] | None = None
    ) -> None:
        """A whole answer."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(more or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def tell(self, found: object, status: int = 200) -> None:
        """JSON."""
        self.say(json.dumps(found).encode(), "application/json", status)

    def form(self, body: bytes) -> dict[str, tuple[str, bytes]]:
        """(file name, content) of each part of a multipart body."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + body)
        found = {}
        for part in message.iter_parts():
            name = str(part.get_param("name", header="Content-Disposition"))
            data = part.get_payload(decode=True)
            assert isinstance(data, bytes)
            found[name] = (part.get_filename() or "", data)
        return found

    def log_message(self, *words: object) -> None:
        """Nothing is printed."""


@contextmanager
def troubled(handler: type[Troubled], **more: object) -> Iterator[tuple[str, type[Troubled]]]:
    """(address, class with its state) of a server while it runs. more: further state."""
    over = threading.Event()
    state = {"troubles": {}, "seen": [], "elsewhere": "http://127.0.0.1:9/", "over": over, **more}
    made = type(f"One{handler.__name__}", (handler,), state)
    with served_by(made) as port:
        try:
            yield f"http://127.0.0.1:{port}", made
        finally:
            over.set()


def until(condition: object, seconds: float = 10) -> bool:
    """Whether something becomes true."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
