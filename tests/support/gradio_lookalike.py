"""A Gradio app as far as Gradio's client looks, that may wish its visitors ill."""

from __future__ import annotations

import json
import threading
from typing import Any, ClassVar

from troubled_server import Troubled

FILE = {"_type": "gradio.FileData"}
PREFIX = "/gradio_api"


def completed(*data: object, success: bool = True, **more: object) -> dict[str, Any]:
    """The event of a call's end."""
    return {
        "msg": "process_completed",
        "output": {**({"data": list(data)} if success else {}), **more},
        "success": success,
    }


class GradioLookalike(Troubled):
    """parameters: what it says of them. events: what it tells of a call; then it says nothing more,
    and where `hangs` it stays connected. uploads, calls, farewells: what came. files: by path."""

    prefix: ClassVar[str] = PREFIX
    parameters: ClassVar[list[dict[str, Any]]] = [
        {"parameter_name": "image", "parameter_has_default": False},
        {"parameter_name": "mask", "parameter_has_default": False},
    ]
    hangs: ClassVar[bool] = False
    events: ClassVar[list[dict[str, Any]]]
    files: ClassVar[dict[str, bytes]]
    uploads: ClassVar[list[bytes]]
    calls: ClassVar[list[dict[str, Any]]]
    farewells: ClassVar[list[dict[str, Any]]]
    joined: ClassVar[threading.Event]

    def answer(self, path: str, body: bytes) -> None:
        match self.command, path.removeprefix(PREFIX):
            case "GET", "/config":
                self.tell(self._config())
            case "GET", "/info":
                named = {"/erase": {"parameters": self.parameters, "returns": []}}
                self.tell({"named_endpoints": named, "unnamed_endpoints": {}})
            case "POST", "/upload":
                self.uploads.append(self.form(body)["files"][1])
                self.tell([f"/tmp/gradio/{len(self.uploads)}/image.png"])
            case "POST", "/queue/join":
                self.calls.append(json.loads(body))
                self.joined.set()
                self.tell({"event_id": "e1"})
            case "GET", "/queue/data":
                self._tell_events()
            case "POST", "/cancel" | "/reset":
                self.farewells.append(json.loads(body))
                self.tell({"success": True})
            case "GET", place if place.startswith("/file="):
                self.say(self.files[place.removeprefix("/file=")], "image/png")
            case _:
                self.tell({"detail": "Not Found"}, 404)

    def _config(self) -> dict[str, Any]:
        numbers = list(range(1, len(self.parameters) + 1))
        call = {
            "id": 0,
            "api_name": "erase",
            "inputs": numbers,
            "outputs": [99],
            "backend_fn": True,
            "api_visibility": "public",
            "cancels": [],
        }
        return {
            "version": "6.31.0",
            "protocol": "sse_v3",
            "api_prefix": self.prefix,
            "connect_heartbeat": False,
            "components": [{"id": n, "type": "image", "props": {}} for n in [*numbers, 99]],
            "dependencies": [call],
        }

    def _tell_events(self) -> None:
        self.joined.wait(10)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        for event in self.events:
            line = json.dumps({**event, "event_id": "e1"})
            self.wfile.write(f"data: {line}\n\n".encode())
        if self.hangs:
            self.over.wait(60)


def gradio_state(**more: object) -> dict[str, object]:
    """For `troubled`."""
    empty: dict[str, object] = {name: [] for name in ("events", "uploads", "calls", "farewells")}
    return {**empty, "files": {}, "joined": threading.Event(), **more}
