"""Runs of many visitors at once: as many as there are places for them, also later."""

from __future__ import annotations

import asyncio

import pytest

from methods import Place, UserError
from ui.common.limits import RunSlots
from ui.service.erasing.live import LiveRun
from ui.service.service import Service

pytest_plugins = ["ui_fixtures"]


def test_more_may_run_and_be_watched_when_machines_join(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = service.most_watched
    assert service.visits.places.most == before
    joined = [*service._executor.places(), *(Place(f"far{n}", "cpu", "", ()) for n in range(9))]
    monkeypatch.setattr(service._executor, "places", lambda: tuple(joined))
    assert asyncio.run(_refused(service)) == ["no run"]
    assert service.visits.places.most == before + 9
    slots = RunSlots(lambda: len(joined))
    slots.take("one", None)
    del joined[1:]
    with pytest.raises(UserError) as caught:
        slots.take("two", None)
    assert caught.value.code == "busy"


async def _refused(service: Service) -> list[str]:
    def begin() -> LiveRun:
        raise UserError.retold("no run", "busy")

    return [str(told) async for told in service.visits.watch("anna", begin, lambda error: "no run")]
