"""Threads that know for whom they work, and that last.

A thread that computes with OpenMP starts a team of native threads, which may outlive it. So whoever
has worked is kept for the next piece of work: there are as many threads as were busy at once.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context

_BACKGROUND = 5
"""How much less urgent than the page; as for worker processes."""


class Work:
    """A piece of work that a thread does."""

    def __init__(self, do: Callable[[], object], name: str) -> None:
        self._do = do
        self._name = name
        self._done = threading.Event()

    def join(self, seconds: float | None = None) -> None:
        """Until it is done, or so long."""
        self._done.wait(seconds)

    def is_alive(self) -> bool:
        """Whether it is not done yet."""
        return not self._done.is_set()

    def carry_out(self) -> None:
        """Do it in this thread; what it raises goes where a thread's errors go."""
        thread = threading.current_thread()
        thread.name = self._name
        try:
            self._do()
        except BaseException:
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), thread)))
        finally:
            del self._do  # what it holds is not held until the thread's next piece
            self._done.set()
            thread.name = "idle"


class Threads:
    """Daemons that wait for work; the one that has last worked is the first to work again.

    background: on Linux, the native threads that theirs begin included, they give way to others.
    """

    def __init__(self, *, background: bool = False) -> None:
        self._background = background
        self._idle: list[queue.SimpleQueue[Work]] = []

    def after_fork(self) -> None:
        """A copy of this process has none of them; see `_system.forked`."""
        self._idle.clear()

    def begin(self, do: Callable[[], object], name: str) -> Work:
        """Have it done at once, by one that is idle or by a new one."""
        work = Work(do, name)
        try:
            self._idle.pop().put(work)
        except IndexError:
            threading.Thread(target=self._serve, args=(work,), name=name, daemon=True).start()
        return work

    def _serve(self, work: Work | None) -> None:
        if self._background:
            _mine.gives_way = True
            _give_way()
        mine: queue.SimpleQueue[Work] = queue.SimpleQueue()
        while True:
            if work is not None:
                work.carry_out()
            work = None  # nothing of it is kept while nothing is done
            self._idle.append(mine)
            work = mine.get()


def _give_way() -> None:
    """On Linux a thread has an urgency of its own; elsewhere it would be the whole program's."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BACKGROUND)


class _Mine(threading.local):
    """What a thread knows of itself."""

    gives_way = False


_mine = _Mine()
_threads = Threads()
_behind = Threads(background=True)


def begin_thread(work: Callable[[], object], name: str, *, background: bool = False) -> Work:
    """Begin work in a daemon with a copy of this thread's context variables.

    A plain thread has none of them. Gradio keeps the visitor's request there, with which a GPU is
    borrowed in the visitor's name. background: clicks and what else is quick come first;
    also before what is begun by work in the background, whose threads have its urgency for ever.
    """
    context = copy_context()
    threads = _behind if background or _mine.gives_way else _threads
    return threads.begin(lambda: context.run(work), name)
