"""A job in the process that has the GPU: its events come out one by one, its result as the last.

Whoever lends the GPU carries values out of that process, and looks for a wish to end after each of
them. So there is one at least every BEAT_SECONDS, and failures are values, too: what is raised in
there arrives without its words.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TypeAlias

from methods._engine import worker
from methods._engine.events import Event, Failed, Finished
from methods._engine.registry import get_eraser, settings_of
from methods._engine.result_cache import under
from methods._engine.worker import Ready, Task, Worker, guarded
from methods._system.lock import StopToken
from methods._weights.sources import local
from methods._workers.process.messages import Done, Patch, Told
from methods._workers.zerogpu.parcel import Parcel, unpacked

BEAT_SECONDS = 0.25

Message: TypeAlias = Told | Done | None
"""None: nothing has happened. Orders are not counted here: their id is 0."""


def erased(parcel: Parcel) -> Iterator[Message]:
    """What happens, and at the end Done. Closing the iterator ends the job at its next step."""
    told: queue.SimpleQueue[Told | Done] = queue.SimpleQueue()
    token = StopToken()
    thread = threading.Thread(
        target=lambda: told.put(_done(parcel, token, told)), name="borrowed", daemon=True
    )
    thread.start()
    try:
        while True:
            message = _next(told)
            yield message
            if isinstance(message, Done):
                return
    finally:
        token.stop()
        thread.join()


def _next(told: queue.SimpleQueue[Told | Done]) -> Message:
    try:
        return told.get(timeout=BEAT_SECONDS)
    except queue.Empty:
        return None


def _done(parcel: Parcel, token: StopToken, told: queue.SimpleQueue[Told | Done]) -> Done:
    def tell(event: Event) -> None:
        told.put(Told(0, event))

    outcome = _outcome(parcel, token, tell)
    return Done(0, outcome, worker.residency.loaded)


def _outcome(parcel: Parcel, token: StopToken, tell: worker.Tell) -> Patch | Failed:
    local.choose(parcel.local)
    eraser = get_eraser(parcel.eraser)
    task = Task(0, eraser, settings_of(eraser, parcel.settings), parcel.seed)
    ready = Ready(task, dict(parcel.settings), dict(parcel.weights), "")
    picture = unpacked(parcel.part)
    does = _Borrowing(picture, token, tell, fetch_missing=False)
    outcome = guarded(task, lambda: does.erased(ready))
    if isinstance(outcome, Finished):
        return Patch(worker.facts_of(outcome), under(picture.mask, outcome.image))
    return outcome


class _Borrowing(Worker):
    """A worker for somebody who holds the job's files already."""

    def erased(self, ready: Ready) -> Finished:
        return self._erased(ready.task, ready.settings, ready.weights)
