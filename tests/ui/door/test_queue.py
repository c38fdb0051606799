"""The places of Gradio's own queue: what the door counts is what Gradio keeps."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import gradio as gr
import pytest
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from door_tools import FAR, Reply, answer_of, make_door

OTHER = "198.51.100.9"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ASGIApp:
    """Gradio behind the door, with one endpoint and a queue that nobody works off."""

    def wait(words: str) -> str:
        return words

    def between(app: ASGIApp) -> ASGIApp:
        return make_door(tmp_path, app)

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.api(wait, concurrency_limit=1)
    blocks.queue(max_size=8)
    app = gr.routes.App.create_app(blocks, app_kwargs={"middleware": [Middleware(between)]})
    for function in blocks.fns.values():
        blocks._queue.create_event_queue_for_fn(function)
    return app


def test_one_visitor_leaves_places_for_others(page: ASGIApp) -> None:
    async def join(client: str, number: int) -> Reply:
        body = {"data": ["x"], "fn_index": 0, "session_hash": f"{client}-{number}"}
        piece = json.dumps(body).encode()
        return await answer_of(page, path="/gradio_api/queue/join", client=client, pieces=[piece])

    async def storm() -> list[Reply]:
        greedy = [await join(FAR, number) for number in range(20)]
        return [*greedy, await join(OTHER, 0)]

    *greedy, other = asyncio.run(storm())
    assert [reply.status for reply in greedy] == [200] * 3 + [429] * 17
    assert greedy[-1].code == "places_taken" and b'"detail"' in greedy[-1].body
    assert other.status == 200
