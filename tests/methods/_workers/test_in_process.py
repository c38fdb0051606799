"""Erasing in this process: one visitor's many jobs cost another one no more than one of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from methods import Finished, InProcess, Job, StopToken
from methods._engine.events import Waiting
from ui_tools import Paint, Slow, picture

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")


def test_another_visitor_waits_for_one_job_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    executor, order, image = InProcess(), list[int](), picture()
    mask = np.zeros(image.shape[:2], bool)
    mask[20:30, 20:30] = True
    erase = Paint.erase

    def noted(self: Paint, image: object, mask: object, settings: object, *more: object) -> object:
        order.append(settings.level)  # type: ignore[attr-defined]
        return erase(self, image, mask, settings, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Paint, "erase", noted)
    waiting = [threading.Event() for _ in range(4)]

    def visit(number: int, visitor: str, jobs: Sequence[Job]) -> None:
        events = executor.run(jobs, image, mask, visitor=visitor, token=StopToken())
        for event in events:
            if isinstance(event, Waiting | Finished):
                waiting[number].set()

    paints = [Job("paint", {"level": level}) for level in range(1, 10)]
    visits = [
        ("anna", [Job("slow", {})]),
        ("anna", paints[:4]),
        ("anna", paints[4:8]),
        ("ben", paints[8:]),
    ]
    threads = []
    for number, (visitor, jobs) in enumerate(visits):
        threads.append(threading.Thread(target=visit, args=(number, visitor, jobs)))
        threads[-1].start()
        assert (waiting[number] if number else Slow.begun).wait(60)
    Slow.go_on.set()
    for thread in threads:
        thread.join(60)
    assert order[0] == 9 and sorted(order) == list(range(1, 10))
