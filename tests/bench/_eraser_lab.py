"""Eraser Lab as its own page uses it: the photo goes up once, then only prompts."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from _servers import LOOPBACK, Sample, Wire, free_port, server

ROOT = Path(__file__).resolve().parent.parent.parent
API = "/gradio_api"
SHOWN = 1000
"""Pixels of the overlay that the page asks for in a window of 1280."""


@contextmanager
def running(folder: Path, threads: int) -> Iterator[str]:
    """app.py with a data folder of its own; gives its address."""
    port = free_port()
    environment = {
        **os.environ,
        "ERASER_LAB_DATA": str(folder / "data"),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "OMP_NUM_THREADS": str(threads),
    }
    command = [sys.executable, "app.py", "--host", LOOPBACK, "--port", str(port), "--no-fetch"]
    with server(command, port, environment, ROOT) as url:
        yield url


class Erased(NamedTuple):
    """shown: up to the picture that the page draws (a JPEG of 1600 pixels); file: up to the
    lossless full-size PNG; mask: what was erased, as a PNG."""

    shown: Sample
    file: Sample
    mask: bytes


class EraserLab:
    """One user, with a session of their own."""

    def __init__(self, url: str) -> None:
        self.wire = Wire(url)
        self._session = secrets.token_hex(6)
        config = self.wire.get("/config").json()
        self._component = {
            name: component["id"]
            for component in config["components"]
            for name in component["props"].get("server_fns") or ()
        }
        self._erase_event = next(
            index
            for index, event in enumerate(config["dependencies"])
            if any(kind == "erase" for _, kind in event["targets"])
        )
        self._number = 0

    def call(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """One of the page's server functions. Raises RuntimeError when it says no."""
        body = {
            "data": request,
            "fn_name": name,
            "component_id": self._component[name],
            "session_hash": self._session,
        }
        answer: dict[str, Any] = self.wire.post(f"{API}/component_server/", json=body).json()
        if not answer["ok"]:
            raise RuntimeError(f"{name}: {answer['error']['text']}")
        return answer

    def open(self, photo: bytes, name: str) -> str:
        """Upload a photo; its id."""
        files = {"files": (name, photo, "image/jpeg")}
        (path,) = self.wire.post(f"{API}/upload", files=files).json()
        answer = self.call("open_photo", {"path": path, "name": name})
        return str(answer["photo"]["id"])

    def click(self, photo: str, points: list[tuple[int, int]], dilate: int) -> str:
        """All clicks so far on a photo -> the overlay as the page gets it."""
        self._number += 1
        prompts = _prompts(photo, points, dilate)
        answer = self.call("segment", {**prompts, "n": self._number, "side": SHOWN})
        if answer["approximate"]:
            raise RuntimeError("MobileSAM is not in use: python -m methods fetch --default")
        return str(answer["overlay"])

    def erase(self, photo: str, points: list[tuple[int, int]], dilate: int, radius: int) -> Erased:
        """Telea, through the page's own event."""
        jobs = [{"eraser": "telea", "settings": {"radius": radius}, "seed": 0}]
        begun = self.call("new_run", {})
        new = {name: begun[name] for name in ("run", "secret")}
        self.wire.begin()
        at, grid = self._watch({**_prompts(photo, points, dilate), **new, "jobs": jobs})
        mask = self.wire.get(f"/{grid['mask']['url']}").content
        return Erased(at["view"], at["full"], mask)

    def _watch(self, request: dict[str, Any]) -> tuple[dict[str, Sample], dict[str, Any]]:
        """Follow the run to its end, and fetch the result's files as soon as they are there."""
        join = {
            "data": [],
            "event_data": request,
            "fn_index": self._erase_event,
            "session_hash": self._session,
        }
        self.wire.post(f"{API}/queue/join", json=join)
        fetched: dict[str, Sample] = {}
        grid: dict[str, Any] = {}
        for grid in self._grids():
            card = grid["cards"][0] if grid["cards"] else {}
            for file in [name for name in ("view", "full") if name in card.keys() - fetched]:
                self.wire.get(f"/{card[file]}")
                fetched[file] = self.wire.sample()
        if len(fetched) < 2 or grid["state"] != "done":
            raise RuntimeError(f"The run ended as {grid.get('state')}.")
        return fetched, grid

    def _grids(self) -> Iterator[dict[str, Any]]:
        """The grid's values; Gradio sends the first one whole and then differences."""
        from gradio_client.utils import apply_diff

        grid: dict[str, Any] = {}
        for message in self._messages():
            if message["msg"] == "process_generating":
                (value,) = message["output"]["data"]
                grid = apply_diff(grid, value) if isinstance(value, list) else value
                yield grid
            elif message["msg"] == "process_completed":
                if not message["success"]:
                    raise RuntimeError("Gradio reports that the run failed.")
                return

    def _messages(self) -> Iterator[dict[str, Any]]:
        path = f"{API}/queue/data?session_hash={self._session}"
        with self.wire.client.stream("GET", path) as answer:
            for line in answer.iter_lines():
                self.wire.down += len(line) + 1
                if line.startswith("data:"):
                    yield json.loads(line[5:])


def _prompts(photo: str, points: list[tuple[int, int]], dilate: int) -> dict[str, Any]:
    clicks = [{"x": x, "y": y, "label": 1} for x, y in points]
    prompted = {"points": clicks, "box": None, "level": None}
    return {"photo": photo, "objects": [prompted], "dilate": dilate}
