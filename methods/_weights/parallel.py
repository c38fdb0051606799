"""A few threads at once that hold nobody up: neither Ctrl-C nor the end of the program.

The standard pools wait for their threads at both, and a thread here may be in the middle of ten
gigabytes. What a download leaves behind is made to be left behind.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(work: Callable[[Item], Result], items: Sequence[Item], at_once: int) -> list[Result]:
    """`work` of every item, begun in their order, at most `at_once` of them at a time; the
    results in the order of the items. Raises what the first failing one raises, when it does."""
    waiting = iter(enumerate(items))
    taking = threading.Lock()
    ended: queue.SimpleQueue[tuple[int, Result | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        while True:
            with taking:
                place, item = next(waiting, (-1, None))
            if item is None:
                return
            try:
                ended.put((place, work(item), None))
            except BaseException as error:
                ended.put((place, None, error))

    for number in range(min(at_once, len(items))):
        threading.Thread(target=run, name=f"weights-{number}", daemon=True).start()
    return _collected(ended, len(items))


def _collected(
    ended: queue.SimpleQueue[tuple[int, Result | None, BaseException | None]], count: int
) -> list[Result]:
    results: dict[int, Result] = {}
    for _ in range(count):
        place, result, error = ended.get()
        if error is not None:
            raise error
        results[place] = result  # type: ignore[assignment]
    return [results[place] for place in range(count)]
