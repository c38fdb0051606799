"""A visitor of the page, as its scripts speak with the server, for benchmarks."""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
from gradio_client.utils import apply_diff

API = "/gradio_api"


class Visitor:
    """address: whose visits count apart, as a proxy on this machine tells it."""

    def __init__(self, url: str, address: str, config: Mapping[str, Any], seconds: float) -> None:
        headers = {"X-Forwarded-For": address}
        self.http = httpx.Client(base_url=url, timeout=seconds, trust_env=False, headers=headers)
        self._session = secrets.token_hex(6)
        self._components = {
            name: part["id"]
            for part in config["components"]
            for name in part["props"].get("server_fns") or ()
        }
        events = enumerate(config["dependencies"])
        self._erase = next(n for n, each in events if any(k == "erase" for _, k in each["targets"]))

    def ask(self, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """A function of the page's server. Raises RuntimeError for what it refuses."""
        body = {
            "data": data,
            "fn_name": name,
            "component_id": self._components[name],
            "session_hash": self._session,
        }
        answer = self.http.post(f"{API}/component_server/", json=body)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        if not found["ok"]:
            raise RuntimeError(f"{name}: {found['error']}")
        return found

    def open(self, png: bytes, name: str) -> str:
        """The id of an uploaded photo."""
        sent = self.http.post(f"{API}/upload", files={"files": (name, png, "image/png")})
        sent.raise_for_status()
        opened = self.ask("open_photo", {"path": sent.json()[0], "name": name})
        return str(opened["photo"]["id"])

    def erase(
        self, photo: str, jobs: Sequence[Mapping[str, Any]], strokes: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """The last grid of a run. Raises RuntimeError where there is none."""
        given = self.ask("new_run", {})
        asked = {
            "photo": photo,
            "run": given["run"],
            "secret": given["secret"],
            "jobs": jobs,
            "strokes": strokes,
            "dilate": 0,
        }
        body = {
            "data": [],
            "event_data": asked,
            "fn_index": self._erase,
            "session_hash": self._session,
        }
        self.http.post(f"{API}/queue/join", json=body).raise_for_status()
        (last,) = deque(self._grids(), maxlen=1)
        if last.get("state") != "done" or any(card["state"] != "done" for card in last["cards"]):
            raise RuntimeError(f"erase: {last.get('error') or last}")
        return last

    def _grids(self) -> Iterator[dict[str, Any]]:
        grid: Any = {}
        with self.http.stream("GET", f"{API}/queue/data?session_hash={self._session}") as lines:
            for line in lines.iter_lines():
                if not line.startswith("data:"):
                    continue
                told = json.loads(line[5:])
                if told["msg"] == "process_generating":
                    (value,) = told["output"]["data"]
                    grid = apply_diff(grid, value) if isinstance(value, list) else value
                    yield grid
                elif told["msg"] == "process_completed":
                    return
                elif told["msg"] == "unexpected_error":
                    raise RuntimeError(str(told))
