"""The ledger: visitors in turn, so much at once, what was used longest ago leaves."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator

import pytest

from methods import BadInput, BoundedCache, Room, Stopped, on_behalf_of
from methods._system.ledger import ledger
from methods._system.ledger.held import Held
from methods._system.ledger.line import Line
from methods._system.ledger.room import Ticket


def asked(room: Room, *wishes: tuple[str, int]) -> tuple[list[Ticket], list[str]]:
    """Their tickets, and who has been let in so far."""
    let_in: list[str] = []
    tickets = [
        room.ask(size, visitor, (lambda name: lambda _: let_in.append(name))(f"{visitor}{number}"))
        for number, (visitor, size) in enumerate(wishes, 1)
    ]
    return tickets, let_in


def test_a_line_serves_visitors_in_turn() -> None:
    line: Line[str] = Line()
    for visitor in "aaab":
        line.add(visitor, f"{visitor}{len(line)}")
    line.add("c", "c4")
    assert list(line.in_order()) == ["a0", "b3", "c4", "a1", "a2"]
    line.remove("a", "a0")
    line.note_service("a")
    assert list(line.in_order()) == ["b3", "c4", "a1", "a2"]
    with pytest.raises(ValueError, match="not"):
        line.remove("d", "nothing")


def test_so_much_is_at_work_and_the_next_comes_when_there_is_room() -> None:
    room = Room(10)
    tickets, let_in = asked(room, ("a", 6), ("a", 6), ("a", 4), ("b", 4))
    # b comes before what a wants further. Then nobody overtakes: a's last would have room.
    assert let_in == ["a1", "b4"] and room.waiting == 2
    room.give_back(tickets[0])
    assert let_in == ["a1", "b4", "a2"] and room.taken == 10
    room.give_back(tickets[1])
    assert let_in == ["a1", "b4", "a2", "a3"]
    for ticket in (*tickets, *tickets):
        room.give_back(ticket)
    assert room.taken == 0


def test_what_exceeds_the_room_has_it_alone() -> None:
    room = Room(10)
    tickets, let_in = asked(room, ("a", 1), ("b", 50), ("c", 1))
    assert let_in == ["a1"]
    room.give_back(tickets[0])
    assert let_in == ["a1", "b2"]
    room.give_back(tickets[1])
    assert let_in == ["a1", "b2", "c3"]


def test_whoever_leaves_the_line_keeps_nobody_waiting() -> None:
    room = Room(10)
    tickets, let_in = asked(room, ("a", 8), ("b", 9), ("c", 2))
    room.give_back(tickets[1])
    assert let_in == ["a1", "c3"]


def test_whoever_only_ends_is_let_in_without_room() -> None:
    room = Room(10)
    tickets, let_in = asked(room, ("a", 8), ("b", 9), ("c", 2))
    room.let_in(tickets[1])
    room.let_in(tickets[1])
    assert let_in == ["a1", "b2", "c3"] and room.taken == 10
    for ticket in tickets:
        room.give_back(ticket)
    assert room.taken == 0


def test_those_who_wait_are_told_of_the_line() -> None:
    room, told = Room(1), list[int]()
    first, second = room.ask(1, "a", bool), room.ask(1, "b", bool)
    room.ask(1, "c", bool, told.append)
    room.give_back(first)
    room.give_back(second)
    assert told == [2, 1]


def test_what_is_asked_inside_of_work_is_covered() -> None:
    room = Room(10)
    with room.work(8), room.work(8):
        assert room.taken == 8
    assert room.taken == 0


def test_a_thread_that_was_begun_inside_is_covered_no_longer_than_the_work() -> None:
    from methods import begin_thread

    room, ended, seen = Room(10), threading.Event(), list[int]()

    def later() -> None:
        ended.wait(30)
        with room.work(3):
            seen.append(room.taken)

    with room.work(8):
        work = begin_thread(later, "later")
    ended.set()
    work.join(30)
    assert seen == [3]


def test_a_wait_ends_with_a_stop() -> None:
    room = Room(1)
    with (
        room.work(1),
        pytest.raises(Stopped),
        InAnotherContext(lambda: room.work(1, should_stop=lambda: True)),
    ):
        raise AssertionError
    assert room.waiting == 0


def test_a_wait_for_a_turn_holds_no_thread_and_can_be_given_up() -> None:
    async def visit() -> list[str]:
        room, done, go_on = Room(2), list[str](), asyncio.Event()

        async def one(visitor: str) -> None:
            async with room.turn(1, visitor):
                done.append(visitor)
                await go_on.wait()

        tasks = [asyncio.create_task(one(name)) for name in ("a", "a", "a", "b")]
        while len(done) < 2:
            await asyncio.sleep(0)
        before = threading.active_count()
        assert done == ["a", "a"] and room.waiting == 2
        tasks[2].cancel()
        await asyncio.wait([tasks[2]])
        assert room.waiting == 1 and threading.active_count() == before
        go_on.set()
        await asyncio.wait([*tasks[:2], tasks[3]])
        return [*done, str(room.taken)]

    assert asyncio.run(visit()) == ["a", "a", "b", "0"]


def test_room_is_asked_for_in_the_visitors_name() -> None:
    room, order = Room(1), list[str]()
    first, _ = asked(room, ("a", 1))[0][0], None
    started = [threading.Event() for _ in "aab"]

    def work(number: int, visitor: str) -> None:
        with on_behalf_of(visitor):
            started[number].set()
            with room.work(1):
                order.append(visitor)

    threads = []
    for number, visitor in enumerate("aab"):
        thread = threading.Thread(target=work, args=(number, visitor))
        thread.start()
        threads.append(thread)
        while room.waiting <= number:
            started[number].wait(0.01)
    room.give_back(first)
    for thread in threads:
        thread.join(30)
    assert order == ["b", "a", "a"]


# --- what is held ------------------------------------------------------------------------


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    own = Held(100)
    monkeypatch.setattr("methods._system.cache.held", own)
    yield own
    gc.collect()


def test_what_was_used_longest_ago_leaves_of_whatever_kind(held: Held) -> None:
    photos: BoundedCache[str, bytes] = BoundedCache(80, len, kind="photos")
    masks: BoundedCache[str, bytes] = BoundedCache(80, len, kind="masks")
    photos.put("old", b"x" * 40)
    masks.put("mask", b"x" * 40)
    assert photos.find("old") and held.sizes() == {"photos": 40, "masks": 40}
    photos.put("new", b"x" * 40)
    assert masks.find("mask") is None and photos.find("old") and held.size == 80


def test_a_cache_that_keeps_its_newest_keeps_it_also_from_others(held: Held) -> None:
    clicks: BoundedCache[str, bytes] = BoundedCache(50, len, newest_always=True, kind="clicks")
    clicks.put("a", b"x" * 90)
    photos: BoundedCache[str, bytes] = BoundedCache(80, len, kind="photos")
    photos.put("b", b"x" * 40)
    assert clicks.find("a") and photos.find("b") is None


def test_what_nobody_has_any_more_counts_no_longer(held: Held) -> None:
    photos: BoundedCache[str, bytes] = BoundedCache(80, len, kind="photos")
    photos.put("a", b"x" * 40)
    del photos
    gc.collect()
    assert held.size == 0 and held.sizes() == {}


def test_whoever_has_room_waits_for_nobody_who_wants_some(held: Held) -> None:
    """Two that wait for each other would wait for ever."""
    room = Room(1)
    photos: BoundedCache[str, bytes] = BoundedCache(80, len, kind="photos")
    begun = threading.Event()

    def decode() -> bytes:
        begun.set()
        with room.work(1):
            return b"theirs"

    other = threading.Thread(target=photos.get, args=("a", decode))
    with room.work(1):
        other.start()
        assert begun.wait(30)
        assert photos.get("a", lambda: b"ours") == b"ours"
    other.join(30)
    assert not other.is_alive()


@pytest.mark.parametrize(("text", "most"), [("4", 4 * 2**30), ("0.5", 2**29)])
def test_the_host_may_say_how_much(monkeypatch: pytest.MonkeyPatch, text: str, most: int) -> None:
    monkeypatch.setenv("ERASER_LAB_LEDGER", text)
    monkeypatch.setattr(ledger, "full_size", Room(0))
    monkeypatch.setattr(ledger, "running", Room(0))
    monkeypatch.setattr(ledger, "held", Held(0))
    ledger.set_up_ledger()
    parts = (ledger.full_size, ledger.running, ledger.held)
    assert [part.most for part in parts] == [most // 3] * 3


@pytest.mark.parametrize("text", ["0", "-1", "much", "nan", "1e9"])
def test_what_is_no_number_of_gigabytes_is_said(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ERASER_LAB_LEDGER", text)
    with pytest.raises(BadInput, match="ERASER_LAB_LEDGER"):
        ledger.set_up_ledger()


class InAnotherContext:
    """A block as a thread that has no room sees it."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make

    def __enter__(self) -> None:
        from contextvars import Context

        Context().run(lambda: self._make().__enter__())  # type: ignore[attr-defined]

    def __exit__(self, *raised: object) -> None:
        """It was not entered."""
