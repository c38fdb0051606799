"""Threads that last: as many as were busy at once."""

from __future__ import annotations

import os
import sys
import threading
from contextvars import ContextVar

import pytest

from methods import begin_thread
from methods._system.threads import Threads

mine: ContextVar[str] = ContextVar("mine", default="")


def test_one_thread_does_what_comes_one_after_the_other() -> None:
    threads, seen = Threads(), set[int]()
    for _ in range(20):
        threads.begin(lambda: seen.add(threading.get_native_id()), "work").join(30)
        while not threads._idle:
            threading.Event().wait(0.001)
    assert len(seen) == 1


def test_work_that_is_asked_for_at_once_is_done_at_once() -> None:
    threads, meet = Threads(), threading.Barrier(3)
    for work in [threads.begin(lambda: meet.wait(30), "work") for _ in "abc"]:
        work.join(30)
    assert not meet.broken


def test_it_knows_for_whom_it_works_and_forgets_it() -> None:
    seen = list[str]()
    mine.set("anna")
    begin_thread(lambda: seen.append(mine.get()), "work").join(30)
    mine.set("")
    begin_thread(lambda: seen.append(mine.get()), "work").join(30)
    assert seen == ["anna", ""]


def test_work_that_fails_costs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    told, threads = list[object](), Threads()
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_type))
    work = threads.begin(lambda: 1 / 0, "work")
    work.join(30)
    assert not work.is_alive() and told == [ZeroDivisionError]
    threads.begin(lambda: told.append("next"), "work").join(30)
    assert told[-1] == "next"


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no urgency of their own")
def test_erasing_in_this_process_gives_way_to_clicks() -> None:
    found = list[int]()

    def look() -> None:
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    begin_thread(look, "erase", background=True).join(30)
    begin_thread(look, "click").join(30)
    assert found[0] > found[1]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no urgency of its own")
def test_what_is_begun_in_the_background_is_never_lent_to_a_click() -> None:
    found = list[int]()

    def look() -> None:
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    def erase() -> None:
        begin_thread(look, "watch").join(30)

    begin_thread(erase, "erase", background=True).join(30)
    begin_thread(look, "click").join(30)
    assert found[0] > found[1]
