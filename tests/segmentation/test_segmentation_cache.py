"""One encode a photo, however many ask at once; the oldest photos go first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pytest

from methods import Image, Paper, Verbatim
from segmentation import Candidates, Embedding, EmbeddingCache, PromptedObject, Segmenter
from segmentation import SegmenterSpec as Spec

PHOTO: Image = np.zeros((4, 6, 3), np.uint8)
MANY = 24


def spec(name: str) -> Spec:
    paper = Paper("none", "https://example.org", 2000)
    return Spec(id=name, name=name, summary=Verbatim(""), paper=paper, license="none", levels=1)


class Counting(Segmenter):
    """Counts its encodes; each waits for a signal."""

    spec: ClassVar[Spec] = spec("counting")

    def __init__(self) -> None:
        self.encodes: list[str] = []
        self.go_on = threading.Event()

    @classmethod
    def load(cls) -> Counting:
        return cls()

    def encode(self, image: Image, key: str) -> Embedding:
        self.encodes.append(key)
        assert self.go_on.wait(60)
        return Embedding(key, self.spec.id, (4, 6), object(), 1000)

    def segment(self, embedding: Embedding, prompted: PromptedObject) -> Candidates:
        raise AssertionError("these tests only encode")


class Other(Counting):
    spec: ClassVar[Spec] = spec("other")


def together(call: Callable[[int], Embedding], then: Callable[[], None]) -> list[Embedding]:
    """The answers of MANY threads that call at once; `then` runs when all have begun."""
    begun = threading.Barrier(MANY + 1)

    def one(number: int) -> Embedding:
        begun.wait(30)
        return call(number)

    with ThreadPoolExecutor(MANY) as pool:
        answers = [pool.submit(one, number) for number in range(MANY)]
        begun.wait(30)
        then()
        return [answer.result(30) for answer in answers]


def test_many_threads_share_one_encode() -> None:
    cache, segmenter = EmbeddingCache(), Counting()
    found = together(lambda _: cache.get(segmenter, PHOTO, "a"), segmenter.go_on.set)
    assert segmenter.encodes == ["a"]
    assert len({id(embedding) for embedding in found}) == 1
    assert cache.get(segmenter, PHOTO, "a") is found[0]
    assert segmenter.encodes == ["a"]


def test_each_photo_and_each_segmenter_has_its_own() -> None:
    cache, segmenter, other = EmbeddingCache(), Counting(), Other()
    segmenter.go_on.set()
    other.go_on.set()

    def ask(number: int) -> Embedding:
        return cache.get((segmenter, other)[number % 2], PHOTO, f"photo {number % 6}")

    found = together(ask, lambda: None)
    assert sorted(segmenter.encodes) == ["photo 0", "photo 2", "photo 4"]
    assert sorted(other.encodes) == ["photo 1", "photo 3", "photo 5"]
    for number, embedding in enumerate(found):
        assert embedding.key == f"photo {number % 6}"
        assert embedding.model == ("counting", "other")[number % 2]


def test_a_slow_photo_does_not_hold_up_another() -> None:
    cache, slow, quick = EmbeddingCache(), Counting(), Other()
    quick.go_on.set()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cache.get, slow, PHOTO, "a")
        assert cache.get(quick, PHOTO, "a").model == "other"
        assert not waiting.done()
        slow.go_on.set()
        assert waiting.result(30).model == "counting"


def test_the_photo_is_only_decoded_when_it_is_needed() -> None:
    cache, segmenter = EmbeddingCache(), Counting()
    segmenter.go_on.set()
    decoded: list[int] = []

    def decode() -> Image:
        decoded.append(1)
        return PHOTO

    for _ in range(3):
        cache.get(segmenter, decode, "a")
    assert decoded == [1]


class Failing(Counting):
    spec: ClassVar[Spec] = spec("failing")

    def encode(self, image: Image, key: str) -> Embedding:
        super().encode(image, key)
        raise MemoryError("too large")


def test_a_failure_reaches_all_who_wait_and_is_not_remembered() -> None:
    cache, segmenter = EmbeddingCache(), Failing()
    failures: list[str] = []

    def ask(_: int) -> Embedding:
        try:
            return cache.get(segmenter, PHOTO, "a")
        except MemoryError as error:
            failures.append(str(error))
            return Embedding("", "", (1, 1), None, 0)

    together(ask, segmenter.go_on.set)
    assert failures == ["too large"] * MANY
    before = len(segmenter.encodes)
    with pytest.raises(MemoryError):
        cache.get(segmenter, PHOTO, "a")
    assert len(segmenter.encodes) == before + 1
    assert len(cache) == 0
