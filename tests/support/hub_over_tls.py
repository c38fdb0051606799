"""The model hub's page and a Space's own host, both over TLS, as a browser meets them.

One server of this machine is both hosts, by the name that it is asked for (`hosts` tells Chromium
so); its certificate is its own, made anew each time. The hub's page frames the Space, answers its
handshake with its visitor's token, and tells the visitor's plan. The Space's host passes on, in
the place of that token, what the platform gives the program.
"""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

from hub_page import page_around
from path_proxy import hand_on
from small_server import served_by

HUB, SPACE = "huggingface.co", "someone-eraser-lab.hf.space"
TOKEN = "token-of-the-visitor"

_HANDSHAKE = """
const SPACE = 'https://%s';
addEventListener('message', ({ data, source, origin, ports }) => {
  if (origin !== SPACE || source !== frame.contentWindow) return;
  if (data === 'supports-zerogpu-headers') source.postMessage(data, SPACE);
  if (data === 'zerogpu-headers') ports[0].postMessage({ 'x-zerogpu-token': '%s' });
  if (data?.type === 'USER_PLAN_REQUEST')
    source.postMessage({ type: 'USER_PLAN', plan: { user: 'free' } }, SPACE);
});
frame.addEventListener('load', () =>
  frame.contentWindow.postMessage('supports-zerogpu-headers', SPACE));
"""


@dataclass
class TlsHub:
    """port: of both hosts. seen: method, path and the visitor's token of what the Space was asked
    for."""

    port: int
    seen: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Of the hub's page."""
        return f"https://{HUB}/"

    @property
    def hosts(self) -> list[str]:
        """Chromium's arguments."""
        rules = (f"MAP {name}:443 127.0.0.1:{self.port}" for name in (HUB, SPACE))
        return [f"--host-resolver-rules={','.join(rules)}"]

    def tokens(self, path: str) -> list[str]:
        """That came with each request for a path."""
        return [token for _, asked, token in self.seen if asked.startswith(path)]


def token_of(note: str) -> str:
    """The visitor's token in what the platform gives the program (X-IP-Token)."""
    middle = note.split(".")[1]
    found: str = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["user"]
    return found


def _note(token: str) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, {"user": token}))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "x"])


@contextmanager
def hub_over_tls(upstream: str) -> Iterator[TlsHub]:
    """upstream: the program's address on this machine. Needs the command openssl."""
    hub = TlsHub(0)
    with tempfile.TemporaryDirectory() as folder:
        context = _context(Path(folder))
        with served_by(_handler(hub, urlsplit(upstream).netloc), tls=context) as port:
            hub.port = port
            yield hub


def has_openssl() -> bool:
    """Whether a certificate can be made here."""
    return shutil.which("openssl") is not None


def _context(folder: Path) -> ssl.SSLContext:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = f"subjectAltName=DNS:{HUB},DNS:{SPACE}"
    more = ["-addext", names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *kind, *more], check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _handler(hub: TlsHub, host: str) -> type[BaseHTTPRequestHandler]:
    page = page_around(f"https://{SPACE}/", _HANDSHAKE % (SPACE, TOKEN)).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Host", "").split(":")[0] == HUB:
                self._send_page()
            else:
                self._pass_on()

        do_POST = do_HEAD = do_PUT = do_GET  # noqa: N815

        def _send_page(self) -> None:
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def _pass_on(self) -> None:
            token = self.headers.get("x-zerogpu-token", "")
            hub.seen.append((self.command, self.path, token))
            headers = {**self.headers, "X-Forwarded-For": "203.0.113.7"}
            headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}
            if token:
                headers["X-IP-Token"] = _note(token)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            program = http.client.HTTPConnection(host, timeout=60)
            program.request(self.command, self.path, body or None, headers)
            hand_on(self, program.getresponse())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the tests' console."""

    return Handler
