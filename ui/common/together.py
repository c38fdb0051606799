"""One answer for all who ask at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Makes an answer once for all who wait for it; any number of threads may ask.

    Whoever asks while one is being made gets the next one, so that none is older than its question.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._guard = threading.Lock()
        self._making = threading.Lock()
        self._next: Future[T] | None = None

    def get(self) -> T:
        """The answer, which others may have, too. Raises what making it raises."""
        with self._guard:
            others, mine = self._next, Future[T]()
            if others is None:
                self._next = mine
        return self._made(mine) if others is None else others.result()

    def _made(self, answer: Future[T]) -> T:
        with self._making:
            with self._guard:
                self._next = None
            try:
                answer.set_result(self._make())
            except BaseException as error:
                answer.set_exception(error)
        return answer.result()
