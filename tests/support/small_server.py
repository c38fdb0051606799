"""A server on loopback for as long as a test needs it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def served_by(
    handler: type[BaseHTTPRequestHandler], port: int = 0, *, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """The port at which `handler` answers; 0 takes a free one."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    if tls is not None:  # shaking hands is each connection's own thread's work
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
