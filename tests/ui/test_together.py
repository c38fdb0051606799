"""Who asks at once shares an answer that is not older than any of the questions."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from runner_tools import wait_until
from ui.common.together import Together


class Slow:
    """Counts how often it is made; the first time only when it is told to."""

    def __init__(self) -> None:
        self.times = 0
        self.free = threading.Event()

    def make(self) -> int:
        self.times += 1
        if self.times == 1:
            assert self.free.wait(60)
        return self.times


def test_those_who_come_meanwhile_share_the_next_one() -> None:
    slow = Slow()
    together = Together(slow.make)
    with ThreadPoolExecutor(8) as threads:
        try:
            first = threads.submit(together.get)
            wait_until(lambda: slow.times == 1)
            others = [threads.submit(together.get) for _ in range(7)]
            wait_until(lambda: together._next is not None and threads._work_queue.empty())
        finally:
            slow.free.set()
        assert first.result(60) == 1
        assert {each.result(60) for each in others} <= {2, 3} and slow.times <= 3
    assert together.get() == slow.times


def test_an_error_is_told_and_not_remembered() -> None:
    answers = iter([ValueError("no"), "yes"])

    def make() -> object:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    together = Together(make)
    with pytest.raises(ValueError, match="no"):
        together.get()
    assert together.get() == "yes"
