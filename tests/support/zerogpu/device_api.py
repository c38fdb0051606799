"""ZeroGPU's device API on this machine, as the package `spaces` 0.51 asks it.

/startup-report   once, before the page is launched
/schedule         may I have a GPU? An answer at once, a queue (events), or a refusal
/allow            the process with this id may use it
/release          it is free again

with DeviceApi() as api:
    api.answer = Refusal.quota(left=20)
    ...
    api.asked("/schedule")       # what came, in its order
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Granted:
    """A GPU at once."""


@dataclass(frozen=True)
class Queued:
    """A GPU after so many pings, or none then. seconds: between two of them."""

    pings: int = 2
    granted: bool = True
    seconds: float = 0.05


@dataclass(frozen=True)
class Refusal:
    """No GPU. result: of the header that says why; body: of a 429. plan: whose request it was."""

    status: int = 429
    result: str = ""
    body: Mapping[str, object] = field(default_factory=dict)
    plan: str = ""

    @classmethod
    def quota(cls, left: int = 20, wait: object = "PT3H2M1S", plan: str = "regular") -> Refusal:
        """Less is left of the day than is asked for."""
        return cls(429, "quota-exceeded", {"left": left, "wait": wait}, plan)

    @classmethod
    def illegal(cls) -> Refusal:
        """More is asked for than one may ever have."""
        return cls(429, "illegal-duration", {"left": 20, "wait": -1}, "regular")

    @classmethod
    def pending(cls) -> Refusal:
        """Other calls have reserved all that there is."""
        return cls(429, "pending-overquota-exceeded", {"left": 20, "wait": 60}, "pro")


Answer: TypeAlias = Granted | Queued | Refusal


@dataclass(frozen=True)
class Call:
    """What came. at: seconds of a clock that only goes forward."""

    path: str
    values: Mapping[str, str]
    at: float


class DeviceApi:
    """answer: of /schedule from now on. warm: whether a process that lives still may go on with its
    GPU. kill_after: seconds after /allow at which its process is killed, None = never."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.pids: list[int] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.api = self  # type: ignore[attr-defined]
        self._grants = 0
        self.reset()

    def reset(self) -> None:
        """As at first, save for what has come."""
        self.answer: Answer = Granted()
        self.warm = True
        self.kill_after: float | None = None
        self.calls.clear()

    @property
    def url(self) -> str:
        """For SPACES_ZERO_DEVICE_API_URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def asked(self, path: str) -> list[Call]:
        """The calls of one kind so far."""
        return [call for call in list(self.calls) if call.path == path]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def grant(self) -> bytes:
        """A GPU for whoever asks now."""
        self._grants += 1
        idle = self.warm and bool(self.pids) and is_alive(self.pids[-1])
        found = {"idle": idle, "nvidiaIndex": 0, "nvidiaUUID": "GPU-emulated"}
        return json.dumps({**found, "allowToken": f"allow-{self._grants}"}).encode()

    def allow(self, pid: int) -> None:
        """A process may use it."""
        self.pids.append(pid)
        if self.kill_after is not None:
            timer = threading.Timer(self.kill_after, _kill, [pid])
            timer.daemon = True
            timer.start()


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _kill(pid: int) -> None:
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def api(self) -> DeviceApi:
        found: DeviceApi = self.server.api  # type: ignore[attr-defined]
        return found

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the console."""

    def do_POST(self) -> None:
        """Any of the four."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = urlsplit(self.path)
        values = {name: given[0] for name, given in parse_qs(asked.query).items()}
        self.api.calls.append(Call(asked.path, values, time.monotonic()))
        if asked.path == "/schedule":
            self._schedule()
        elif asked.path == "/allow":
            self.api.allow(int(values["pid"]))
            self._send(200)
        else:
            self._send(200 if asked.path in ("/startup-report", "/release") else 404)

    def _schedule(self) -> None:
        match self.api.answer:
            case Granted():
                self._send(200, self.api.grant())
            case Queued() as queue:
                self._queue(queue)
            case Refusal(status=status, result=result, body=body, plan=plan):
                headers = {"X-Approve-Result": result} if result else {}
                headers |= {"X-Authenticated": plan} if plan else {}
                self._send(status, json.dumps(dict(body)).encode(), headers)

    def _queue(self, queue: Queued) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("X-Queuing-Reason", "node")
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(OSError):  # whoever asked has gone
            for _ in range(queue.pings):
                self._event(b"event: ping\n\n")
                time.sleep(queue.seconds)
            grant = b"event: succeeded\ndata: " + self.api.grant() + b"\n\n"
            self._event(grant if queue.granted else b"event: failed\n\n")
        self.close_connection = True

    def _event(self, event: bytes) -> None:
        self.wfile.write(event)
        self.wfile.flush()

    def _send(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
