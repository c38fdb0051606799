"""Room for what works at the same time: so much in all, and whoever comes waits in turn.

`full_size`, the one of the program, counts bytes: decoding, masks, composing, reports and runs on
pictures at their full size take theirs before they begin. Nobody overtakes: the next in line is
next however small others are, or a large photo would wait for ever. What exceeds the whole room has
it alone.

Whoever has room waits for nobody who may still want some. So what is asked for inside of it is
covered by it, and a `BoundedCache` makes a value anew there that another thread is about to make.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from methods._base import Stopped
from methods._system.ledger.line import Line

_POLL_SECONDS = 0.05

_asking: ContextVar[str] = ContextVar("asking", default="")
_numbers = itertools.count(1)


@dataclass(eq=False, slots=True)
class Ticket:
    """A wish for room. granted: it has it. over: it wants none any more."""

    size: int
    visitor: str
    then: Callable[[Ticket], object]
    on_wait: Callable[[int], None] | None = None
    granted: bool = False
    over: bool = False
    told: int = 0
    number: int = field(default_factory=lambda: next(_numbers))


class Cover:
    """A piece of work that has room. It ends with the work, in whatever threads it went on."""

    def __init__(self) -> None:
        self.holds = True


_cover: ContextVar[Cover | None] = ContextVar("cover", default=None)


@contextmanager
def on_behalf_of(visitor: str) -> Iterator[None]:
    """For whom this thread, or task, asks for room."""
    before = _asking.set(visitor)
    try:
        yield
    finally:
        _asking.reset(before)


def is_covered() -> bool:
    """Whether this thread works in room that it has."""
    cover = _cover.get()
    return cover is not None and cover.holds


@contextmanager
def covered() -> Iterator[None]:
    """The block's work has its room already."""
    cover = Cover()
    before = _cover.set(cover)
    try:
        yield
    finally:
        cover.holds = False
        _cover.reset(before)


class Room:
    """So much of something, most at once. Safe between threads; nobody is called under its lock."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._line: Line[Ticket] = Line()
        self._taken = 0

    @property
    def taken(self) -> int:
        """What is at work at the moment."""
        return self._taken

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._lock:
            return len(self._line)

    def resize(self, most: int) -> None:
        """Have more of it, or less for those who come."""
        if most != self.most:
            self.most = most
            self._go_on()

    def after_fork(self) -> None:
        """In a copy of this process nobody works; see `_system.forked`."""
        self._taken = 0
        self._line.clear()

    def ask(
        self,
        size: int,
        visitor: str,
        then: Callable[[Ticket], object],
        on_wait: Callable[[int], None] | None = None,
    ) -> Ticket:
        """Have then(ticket) called, in whatever thread, as soon as there is room: perhaps before
        this returns. Whoever has been called, or wants no room any more, gives the ticket back.

        on_wait(ahead): how many come first, whenever that is another number.
        """
        ticket = Ticket(size, visitor, then, on_wait)
        with self._lock:
            self._line.add(visitor, ticket)
        self._go_on()
        return ticket

    def give_back(self, ticket: Ticket) -> None:
        """It needs no room any more, or wants none. May be called again."""
        with self._lock:
            if ticket.over:
                return
            ticket.over = True
            if ticket.granted:
                self._taken -= ticket.size
            else:
                self._line.remove(ticket.visitor, ticket)
        self._go_on()

    def let_in(self, ticket: Ticket) -> None:
        """It needs no room any more, but to end: where it waits, it is called now."""
        with self._lock:
            if ticket.granted or ticket.over:
                return
            self._line.remove(ticket.visitor, ticket)
            ticket.size, ticket.granted = 0, True
        ticket.then(ticket)
        self._go_on()

    @contextmanager
    def work(
        self,
        size: int,
        visitor: str | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Iterator[None]:
        """Wait in this thread, and have room for the block. What is covered already is let in.

        visitor: None = see `on_behalf_of`. Raises Stopped.
        """
        if is_covered():
            yield
            return
        free = threading.Event()
        by = _asking.get() if visitor is None else visitor
        ticket = self.ask(size, by, lambda _: free.set())
        try:
            while not free.wait(_POLL_SECONDS if should_stop else None):
                if should_stop is not None and should_stop():
                    raise Stopped
            with covered():
                yield
        finally:
            self.give_back(ticket)

    @asynccontextmanager
    async def turn(self, size: int = 1, visitor: str = "") -> AsyncIterator[Ticket]:
        """Wait without a thread, and have room for the block, or until the ticket is given back.
        It covers nothing."""
        loop, free = asyncio.get_running_loop(), asyncio.Event()
        ticket = self.ask(size, visitor, lambda _: _call_in(loop, free.set))
        try:
            await free.wait()
            yield ticket
        finally:
            self.give_back(ticket)

    def _go_on(self) -> None:
        """Let in who has room now, and tell the others how long the line is."""
        with self._lock:
            let_in = list(self._let_in())
            told = [(each, n) for n, each in enumerate(self._line.in_order(), 1) if each.on_wait]
            news = [(each, ahead) for each, ahead in told if each.told != ahead]
            for each, ahead in news:
                each.told = ahead
        for each in let_in:
            each.then(each)
        for each, ahead in news:
            if each.on_wait is not None:
                each.on_wait(ahead)

    def _let_in(self) -> Iterator[Ticket]:
        while (ticket := next(self._line.in_order(), None)) is not None:
            if self._taken and self._taken + ticket.size > self.most:
                return
            self._line.remove(ticket.visitor, ticket)
            self._line.note_service(ticket.visitor)
            self._taken += ticket.size
            ticket.granted = True
            yield ticket


def _call_in(loop: asyncio.AbstractEventLoop, action: Callable[[], None]) -> None:
    """In the loop; not at all where it has ended meanwhile."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(action)
