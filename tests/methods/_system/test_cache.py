"""Remembering within a bound."""

from __future__ import annotations

import threading
from typing import NamedTuple

import pytest

from methods import BoundedCache


def test_the_cache_drops_the_longest_unused_and_stays_within_its_bytes() -> None:
    cache: BoundedCache[str, bytes] = BoundedCache(100, len)
    made: list[str] = []

    def make(key: str, size: int = 40) -> bytes:
        def build() -> bytes:
            made.append(key)
            return b"x" * size

        return cache.get(key, build)

    make("a"), make("b"), make("a"), make("c"), make("a"), make("b")
    assert made == ["a", "b", "c", "b"]
    make("huge", 1000), make("huge", 1000)
    assert made[-2:] == ["huge", "huge"]
    cache.forget("a")
    make("a")
    assert made[-1] == "a"


def test_many_callers_share_one_making() -> None:
    cache: BoundedCache[str, bytes] = BoundedCache(100, len)
    started, go_on, made = threading.Event(), threading.Event(), []

    def build() -> bytes:
        made.append(1)
        started.set()
        go_on.wait(10)
        return b"value"

    threads = [threading.Thread(target=cache.get, args=("key", build)) for _ in range(8)]
    for thread in threads:
        thread.start()
    started.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert made == [1] and cache.get("key", build) == b"value"


def test_a_making_that_fails_is_tried_again() -> None:
    cache: BoundedCache[str, bytes] = BoundedCache(100, len)

    def fail() -> bytes:
        raise OSError

    with pytest.raises(OSError):
        cache.get("key", fail)
    assert cache.get("key", lambda: b"value") == b"value"


class Block(NamedTuple):
    name: str
    nbytes: int


def test_the_newest_may_be_kept_whatever_its_size() -> None:
    cache: BoundedCache[str, Block] = BoundedCache(30, newest_always=True)
    made: list[str] = []

    def ask(name: str, size: int = 10) -> None:
        def make() -> Block:
            made.append(name)
            return Block(name, size)

        cache.get(name, make)

    for name in ("a", "b", "c", "a", "d"):  # b is the oldest when d comes
        ask(name)
    assert made == ["a", "b", "c", "d"]
    assert cache.size == 30
    ask("b")
    assert made[-1] == "b"
    ask("huge", 500)
    assert (len(cache), cache.size) == (1, 500)
    ask("a")
    assert (len(cache), cache.size) == (1, 10)


def test_what_is_put_again_counts_once_and_clear_forgets_all() -> None:
    cache: BoundedCache[str, bytes] = BoundedCache(100, len)
    cache.put("a", b"x" * 60)
    cache.put("a", b"y" * 30)
    assert (cache.size, len(cache), cache.find("a")) == (30, 1, b"y" * 30)
    cache.clear()
    assert (cache.size, len(cache), cache.find("a")) == (0, 0, None)


def test_a_bound_may_count_values() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2, lambda value: 1)
    for number, key in enumerate("abc"):
        cache.put(key, number)
    assert [cache.find(key) for key in "abc"] == [None, 1, 2]


def test_a_cache_holds_so_many_however_small_they_are() -> None:
    cache: BoundedCache[int, bytes] = BoundedCache(100, len, most_values=2)
    for number in range(5):
        cache.put(number, b"x")
    assert [cache.find(number) for number in range(5)] == [None, None, None, b"x", b"x"]
    assert cache.size == 2
