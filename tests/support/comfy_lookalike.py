"""A small ComfyUI: uploads, a queue with one worker, news by websocket, a history; its nodes load,
fill with a grey, save, and fail."""

from __future__ import annotations

import base64
import hashlib
import json
import queue
import struct
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from troubled_server import Troubled, troubled

KNOWN = ("LoadImage", "LoadImageMask", "GreyFill", "SaveImage", "Boom")
WORKFLOW = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "x.png"}, "_meta": {"title": "Photo"}},
    "2": {"class_type": "LoadImage", "inputs": {"image": "y.png"}, "_meta": {"title": "Mask"}},
    "3": {
        "class_type": "GreyFill",
        "inputs": {"image": ["1", 0], "mask": ["2", 0], "seed": 0, "steps": 3, "level": 100},
    },
    "9": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}},
}
"""In the API form; fills with level + seed."""


class Interrupted(Exception):
    """As ComfyUI ends a prompt."""


class Comfy:
    """Its state. hold: seconds for each step; websocket: whether there is one."""

    def __init__(self, hold: float, websocket: bool) -> None:
        self.hold, self.websocket = hold, websocket
        self.files: dict[str, bytes] = {}
        self.sockets: dict[str, queue.SimpleQueue[dict[str, Any] | None]] = {}
        self.pending: list[tuple[int, str, dict[str, Any], str]] = []
        self.running: list[tuple[int, str, dict[str, Any], str]] = []
        self.history: dict[str, Any] = {}
        self.interrupted: list[str] = []
        self.interrupt = threading.Event()
        self.size: tuple[int, int] | None = None  # of results, where it is wrong
        self.over = threading.Event()

    def work(self) -> None:
        """The worker."""
        while not self.over.wait(0.01):
            if self.pending:
                self.running.append(self.pending.pop(0))
                self._do(*self.running[0])
                self.running.clear()

    def tell(self, client: str, kind: str, **data: object) -> None:
        """News to one client."""
        if client in self.sockets:
            self.sockets[client].put({"type": kind, "data": data})

    def _do(self, _number: int, prompt: str, nodes: dict[str, Any], client: str) -> None:
        self.interrupt.clear()
        self.tell(client, "execution_start", prompt_id=prompt)
        outputs: dict[str, Any] = {}
        messages: list[Any] = []
        try:
            for node, each in nodes.items():
                if each["class_type"] == "SaveImage":
                    outputs[node] = {"images": [self._saved(nodes, node, prompt, client)]}
        except Interrupted:
            self.interrupted.append(prompt)
            messages = [["execution_interrupted", {"prompt_id": prompt}]]
        except RuntimeError as error:
            told = {"node_id": "3", "node_type": "Boom", "exception_message": str(error)}
            messages = [["execution_error", {"prompt_id": prompt, **told}]]
        for kind, data in messages:
            self.tell(client, kind, **data)
        self.tell(client, "executing", node=None, prompt_id=prompt)
        word = "error" if messages else "success"
        status = {"status_str": word, "completed": not messages, "messages": messages}
        self.history[prompt] = {"outputs": outputs, "status": status}

    def _saved(self, nodes: dict[str, Any], node: str, prompt: str, client: str) -> dict[str, str]:
        picture = self._made(nodes, nodes[node]["inputs"]["images"][0], prompt, client)
        if self.size is not None:
            picture = cv2.resize(picture, self.size)
        name = f"{prompt}.png"
        self.files[name] = bytes(cv2.imencode(".png", picture)[1])
        return {"filename": name, "subfolder": "", "type": "output"}

    def _made(
        self, nodes: dict[str, Any], node: str, prompt: str, client: str
    ) -> NDArray[np.uint8]:
        kind, inputs = nodes[node]["class_type"], nodes[node]["inputs"]
        self.tell(client, "executing", node=node, prompt_id=prompt)
        if kind == "Boom":
            raise RuntimeError("CUDA out of memory")
        if kind.startswith("Load"):
            data = np.frombuffer(self.files[inputs["image"]], np.uint8)
            return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        found = self._made(nodes, inputs["image"][0], prompt, client).copy()
        hole = self._made(nodes, inputs["mask"][0], prompt, client)[:, :, 0] > 127
        for step in range(inputs["steps"]):
            self.tell(
                client, "progress", value=step + 1, max=inputs["steps"], prompt_id=prompt, node=node
            )
            if self.interrupt.wait(self.hold):
                raise Interrupted
        found[hole] = (inputs["level"] + inputs["seed"]) % 256
        return found


class ComfyLookalike(Troubled):
    """Its routes."""

    comfy: Comfy

    def answer(self, path: str, body: bytes) -> None:
        words = parse_qs(urlsplit(self.path).query)
        match self.command, path.split("/")[1:]:
            case "GET", ["ws"] if self.comfy.websocket:
                self._news(words["clientId"][0])
            case "GET", ["history", prompt]:
                found = self.comfy.history.get(prompt)
                self.tell({prompt: found} if found else {})
            case "GET", ["view"]:
                self.say(self.comfy.files[words["filename"][0]], "image/png")
            case "GET", ["queue"]:
                self.tell(
                    {"queue_running": self.comfy.running, "queue_pending": self.comfy.pending}
                )
            case "POST", ["upload", "image"]:
                name, data = self.form(body)["image"]
                self.comfy.files[name] = data
                self.tell({"name": name, "subfolder": "", "type": "input"})
            case "POST", ["prompt"]:
                self._prompt(json.loads(body))
            case "POST", ["queue"]:
                gone = json.loads(body)["delete"]
                self.comfy.pending[:] = [p for p in self.comfy.pending if p[1] not in gone]
                self.say(b"", "text/plain")
            case "POST", ["interrupt"]:
                self.comfy.interrupt.set()
                self.say(b"", "text/plain")
            case _:
                self.say(b"404: Not Found", "text/plain", 404)

    def _prompt(self, wish: dict[str, Any]) -> None:
        nodes = wish["prompt"]
        for node, each in nodes.items():
            if each["class_type"] not in KNOWN:
                words = f"Node '{each['class_type']}' not found."
                error = {"type": "missing_node_type", "message": words, "details": f"#{node}"}
                return self.tell({"error": error, "node_errors": {}}, 400)
            image = each["inputs"].get("image")
            if isinstance(image, str) and image not in self.comfy.files:
                return self._refused(node, each["class_type"], image)
        prompt = wish.get("prompt_id") or str(uuid.uuid4())
        self.comfy.pending.append((0, prompt, nodes, wish.get("client_id", "")))
        self.tell({"prompt_id": prompt, "number": 0, "node_errors": {}})

    def _refused(self, node: str, kind: str, image: str) -> None:
        told = {
            "type": "custom_validation_failed",
            "message": "Custom validation failed for node",
            "details": f"image - Invalid image file: {image}",
        }
        error = {
            "type": "prompt_outputs_failed_validation",
            "message": "Prompt outputs failed validation",
            "details": "",
        }
        errors = {node: {"errors": [told], "dependent_outputs": ["9"], "class_type": kind}}
        self.tell({"error": error, "node_errors": errors}, 400)

    def _news(self, client: str) -> None:
        """The server's side of RFC 6455, as far as it is needed: text, and nothing is read."""
        magic = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(magic.encode()).digest()).decode()
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade")):
            self.send_header(name, value)
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.close_connection = True
        told = self.comfy.sockets.setdefault(client, queue.SimpleQueue())
        while (message := told.get()) is not None:
            data = json.dumps(message).encode()
            self.wfile.write(b"\x81" + _length(len(data)) + data)


def _length(size: int) -> bytes:
    if size < 126:
        return bytes([size])
    return b"\x7e" + struct.pack(">H", size)


@contextmanager
def comfy(hold: float = 0.0, websocket: bool = True) -> Iterator[tuple[str, Comfy, type[Troubled]]]:
    """(address, state, handler) while it runs."""
    state = Comfy(hold, websocket)
    worker = threading.Thread(target=state.work, daemon=True)
    worker.start()
    with troubled(ComfyLookalike, comfy=state) as (url, handler):
        try:
            yield url, state, handler
        finally:
            state.over.set()
            for told in state.sockets.values():
                told.put(None)
            worker.join()
