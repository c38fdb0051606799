"""A machine that joins a cluster lets more visitors erase at once, with no restart of the page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from methods._workers.cluster.pool import ClusterPool
from runner_tools import runs_alive, wait_until
from ui.service.service import Service

pytest_plugins = ["worker_fixtures", "cluster_fixtures"]
pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

BOX: dict[str, Any] = {
    "points": [],
    "box": {"x0": 290, "y0": 120, "x1": 350, "y1": 230},
    "level": None,
}


@pytest.fixture
def page(another_program: ClusterPool, tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path, executor=another_program)
    yield service
    service.close()
    wait_until(lambda: not runs_alive())


def asked(page: Service, seed: int) -> dict[str, Any]:
    """What a visitor's browser sends to erase."""
    photo = page.open_example({"id": "rocket"})["photo"]["id"]  # type: ignore[typeddict-item]
    run, secret = page.owners.begin()
    job = {"eraser": "light_noise", "settings": {}, "seed": seed}
    selection = {"photo": photo, "objects": [BOX], "dilate": 0, "segmenter": "grabcut"}
    return {**selection, "jobs": [job], "run": run, "secret": secret}


async def end(page: Service, order: dict[str, Any], visitor: str) -> Mapping[str, Any]:
    grids = [dict(grid) async for grid in page.follow(order, visitor, visitor)]
    return grids[-1]


def test_limits_grow_with_the_places(
    page: Service,
    another_program: ClusterPool,
    one_more: Callable[[], Callable[[], None]],
) -> None:
    """Who waits is let in, and for those who come there is less when it is gone."""
    room, watched, places = page.visits.places, page.most_watched, len(another_program.places())
    most = room.most
    others = [room.ask(1, f"other {n}", lambda _: None) for n in range(most)]

    async def visits() -> list[Mapping[str, Any]]:
        waits = asyncio.create_task(end(page, asked(page, 1), "10.0.0.1"))
        while not room.waiting:
            await asyncio.sleep(0.01)
        assert page.visits.places.most == most and not waits.done()
        cut = await asyncio.to_thread(one_more)
        await asyncio.to_thread(wait_until, lambda: len(another_program.places()) == places + 1)
        assert page.most_watched == watched + 1
        first = await waits
        assert room.most == most + 1
        second = await end(page, asked(page, 2), "10.0.0.2")
        await asyncio.to_thread(cut)
        return [first, second]

    ends = asyncio.run(visits())
    for ticket in others:
        room.give_back(ticket)
    assert [grid["cards"][0]["state"] for grid in ends] == ["done", "done"]
    wait_until(lambda: len(another_program.places()) == places)
    asyncio.run(end(page, asked(page, 3), "10.0.0.3"))
    assert room.most == most and page.most_watched == watched
