"""Who waits for somebody goes first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from methods import Patience, PoliteLock, patiently
from runner_tools import wait_until


class Queue:
    """Threads that want a lock; order: of those that have had it."""

    def __init__(self) -> None:
        self.lock = PoliteLock()
        self.order: list[str] = []
        self.patience: dict[str, Patience] = {}
        self._threads: list[threading.Thread] = []

    def add(self, name: str, patient: bool) -> None:
        """One more, who waits when this returns."""
        thread = threading.Thread(target=self._want, args=(name, patient))
        self._threads.append(thread)
        thread.start()
        waiters = self.lock._changed._waiters  # type: ignore[attr-defined]
        wait_until(lambda: len(waiters) == len(self._threads))

    def _want(self, name: str, patient: bool) -> None:
        with ExitStack() as stack:
            if patient:
                self.patience[name] = stack.enter_context(patiently())
            stack.enter_context(self.lock)
            self.order.append(name)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)


@pytest.fixture
def queue() -> Iterator[Queue]:
    made = Queue()
    yield made
    made.join()


def test_who_is_patient_lets_all_others_go_first(queue: Queue) -> None:
    with queue.lock:
        queue.add("ahead of a click", patient=True)
        queue.add("a number", patient=True)
        queue.add("a click", patient=False)
        queue.add("another click", patient=False)
    queue.join()
    assert set(queue.order[:2]) == {"a click", "another click"} and len(queue.order) == 4


def test_who_is_patient_for_long_is_one_of_the_others(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it would wait for ever where somebody always clicks."""
    monkeypatch.setattr("methods._system.lock.PATIENT_SECONDS", 0.0)
    with queue.lock:
        queue.add("ahead of a click", patient=True)
        wait_until(lambda: queue.lock._waited_for == 1)
        queue.add("a click", patient=False)
        monkeypatch.undo()
        queue.add("a number", patient=True)
    queue.join()
    assert set(queue.order[:2]) == {"ahead of a click", "a click"}


def test_patience_ends_when_somebody_comes_to_wait(queue: Queue) -> None:
    with queue.lock:
        queue.add("ahead of a click", patient=True)
        queue.add("a number", patient=True)
        queue.patience["a number"].is_over = True
        wait_until(lambda: queue.lock._waited_for == 1)
    queue.join()
    assert queue.order == ["a number", "ahead of a click"]


def test_patience_ends_with_its_block_and_errors_let_go(queue: Queue) -> None:
    with pytest.raises(ZeroDivisionError), patiently(), queue.lock:
        raise ZeroDivisionError
    with queue.lock:
        queue.add("patient", patient=True)
        queue.add("not any more", patient=False)
    queue.join()
    assert queue.order == ["not any more", "patient"]
