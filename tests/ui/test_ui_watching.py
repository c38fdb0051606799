"""Runs of many visitors at once: as many as there are places for them, also later."""

from __future__ import annotations

import pytest

from methods import Place, UserError
from ui.api.watching import BY_PROGRAMS, ON_PAGE, keep_up
from ui.common.limits import RunSlots
from ui.page.layout import build_page
from ui.service.service import Service

pytest_plugins = ["ui_fixtures"]


def test_more_may_run_and_be_watched_when_machines_join(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = build_page(service)
    watched = {fn.concurrency_id: fn for fn in page.fns.values()}
    for fn in watched.values():
        page._queue.create_event_queue_for_fn(fn)
    queues = page._queue.event_queue_per_concurrency_id
    lines = [queues[name] for name in (ON_PAGE, BY_PROGRAMS)]
    before = service.most_watched
    assert [line.concurrency_limit for line in lines] == [before, before]
    others = {name: queue.concurrency_limit for name, queue in queues.items()}
    joined = [*service._executor.places(), *(Place(f"far{n}", "cpu", "", ()) for n in range(9))]
    monkeypatch.setattr(service._executor, "places", lambda: tuple(joined))
    keep_up(page, service)
    assert [line.concurrency_limit for line in lines] == [before + 9, before + 9]
    for name in others.keys() - {ON_PAGE, BY_PROGRAMS}:
        assert queues[name].concurrency_limit == others[name]
    slots = RunSlots(lambda: len(joined))
    slots.take("one", None)
    del joined[1:]
    with pytest.raises(UserError) as caught:
        slots.take("two", None)
    assert caught.value.code == "busy"
