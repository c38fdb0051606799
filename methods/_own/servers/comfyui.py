"""ComfyUI: a workflow of the owner's, queued as its own page queues it.

Source: github.com/comfyanonymous/ComfyUI, `server.py` and `script_examples/`.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from methods._own.servers.call import Call, ServerError
from methods._own.servers.comfy_news import News
from methods._own.servers.comfy_workflow import ComfyuiPart, filled, read_workflow
from methods._own.servers.errors import told_by
from methods._own.servers.files import suffix_of
from methods._own.servers.waiting import farewell, tick
from methods._own.servers.web import tls

_LOOK_SECONDS = 0.5
"""Between two looks at the history where nothing is told; with a websocket every fourth."""


def ask(part: ComfyuiPart, call: Call) -> bytes:
    """The result picture's bytes. Raises ServerError, and what `call.progress` raises."""
    workflow = read_workflow(part, call.folder)
    values = {
        "photo": _uploaded(call, call.photo) if part.photo else None,
        "mask": _uploaded(call, call.mask),
        "seed": call.seed,
        **{f"settings.{name}": value for name, value in call.values.items()},
    }
    nodes = filled(workflow, part, values)
    prompt = str(uuid.uuid4())
    with News(call, uuid.uuid4().hex) as news:
        try:
            prompt = _queued(call, nodes, news.client, prompt)
            outputs = _awaited(call, news, prompt)
        except BaseException:
            farewell(lambda: _withdrawn(call, prompt))
            raise
    return _picture(call, outputs, workflow.node(part.result))


def _uploaded(call: Call, picture: bytes) -> str:
    """The name under which the server keeps it; the same picture has the same name."""
    name = f"eraser-lab-{hashlib.sha256(picture).hexdigest()[:24]}{suffix_of(picture)}"
    answer = call.web.send(
        "POST",
        f"{call.url}/upload/image",
        files={"image": (name, picture)},
        data={"overwrite": "true", "type": "input"},
        headers=call.headers,
    )
    found = _json(answer)
    kept, folder = found.get("name"), found.get("subfolder", "")
    if not isinstance(kept, str) or not isinstance(folder, str):
        raise ServerError("bad")
    return f"{folder}/{kept}" if folder else kept


def _queued(call: Call, nodes: Mapping[str, Any], client: str, wished: str) -> str:
    """The id under which it stands in the queue; newer servers take the one that is wished."""
    wish = {"prompt": nodes, "client_id": client, "prompt_id": wished}
    url = f"{call.url}/prompt"
    answer = call.web.send("POST", url, json=wish, headers=call.headers, accept=(400,))
    told = _json(answer)
    if answer.status_code == 400:
        raise ServerError("refused", _node_error(told) or told_by(answer))
    found = told.get("prompt_id")
    if not isinstance(found, str) or len(found) > 100:
        raise ServerError("bad")
    return found


def _awaited(call: Call, news: News, prompt: str) -> Mapping[str, Any]:
    """The outputs by node. What has become of it, the history alone says; news are for progress."""
    looked = 0.0
    while True:
        news.listen(prompt)
        tick(call, news.at)
        seconds = _LOOK_SECONDS * (4 if news.alive and not news.over else 1)
        if time.monotonic() - looked < seconds:
            continue
        entry = _json(call.web.send("GET", f"{call.url}/history/{prompt}", headers=call.headers))
        looked = time.monotonic()
        if isinstance(found := entry.get(prompt), dict):
            return _outputs(found)


def _outputs(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    status, outputs = entry.get("status"), entry.get("outputs")
    if isinstance(status, dict) and status.get("status_str") == "error":
        raise ServerError("refused", _words(status.get("messages")))
    if not isinstance(outputs, dict):
        raise ServerError("bad")
    return outputs


def _words(messages: object) -> str:
    """Why it could not be done: "KSampler (3): out of memory"."""
    for message in messages if isinstance(messages, list) else ():
        match message:
            case ["execution_error", {"exception_message": str(words), **rest}]:
                node = f"{rest.get('node_type', '')} ({rest.get('node_id', '')})"
                return f"{node}: {words}"
            case ["execution_interrupted", _]:
                return "interrupted"
    return ""


def _picture(call: Call, outputs: Mapping[str, Any], node: str) -> bytes:
    match outputs.get(node):
        case {"images": [{"filename": str(name), **rest}, *_]}:
            place = {"filename": name, **{k: str(rest.get(k, "")) for k in ("subfolder", "type")}}
        case _:
            raise ServerError("unfit", f"comfyui.result = {node}")
    answer = call.web.send("GET", f"{call.url}/view", params=place, headers=call.headers)
    return bytes(answer.content)


def _node_error(told: Mapping[str, Any]) -> str:
    """The first node's that cannot be run: "LoadImage (2): …"."""
    nodes = told.get("node_errors")
    for name, node in nodes.items() if isinstance(nodes, dict) else ():
        match node:
            case {"class_type": kind, "errors": [{"message": words, **rest}, *_]}:
                return f"{kind} ({name}): {words} {rest.get('details', '')}"
    return ""


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise ServerError("bad") from error
    if not isinstance(found, dict):
        raise ServerError("bad")
    return found


def _withdrawn(call: Call, prompt: str) -> None:
    """Out of the queue; where it is at work, interrupted. Older servers interrupt whatever is at
    work, so it is asked for whose turn it is."""
    with httpx.Client(base_url=call.url, headers=call.headers, timeout=5, verify=tls()) as client:
        client.post("/queue", json={"delete": [prompt]})
        running = client.get("/queue").json().get("queue_running", [])
        if any(isinstance(each, list) and prompt in each[1:2] for each in running):
            client.post("/interrupt", json={"prompt_id": prompt})
