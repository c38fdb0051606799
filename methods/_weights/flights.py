"""Which files are being fetched in this process, and how the last attempts ended."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from methods._base import WeightFile, WeightsUnavailable
from methods._weights.progress import Watch

guard = threading.Lock()
flights: dict[str, list[Watch]] = {}
planned: set[str] = set()
"""Names of files whose turn comes."""
failed: dict[str, WeightsUnavailable] = {}


@contextmanager
def in_flight(weight: WeightFile, watch: Watch) -> Iterator[None]:
    """Show the download in `weight_status`, and keep its sentence when it fails."""
    with guard:
        failed.pop(weight.name, None)
        flights.setdefault(weight.name, []).append(watch)
    failure: WeightsUnavailable | None = None
    try:
        yield
    except WeightsUnavailable as error:
        failure = error
        raise
    finally:
        with guard:
            flights[weight.name].remove(watch)
            if not flights[weight.name]:
                del flights[weight.name]
            if failure is not None:
                failed[weight.name] = failure


def plan(weights: Iterable[WeightFile]) -> list[WeightFile]:
    """Have these files' turn come; those of them for which it does not come already."""
    with guard:
        fresh = [weight for weight in weights if weight.name not in planned]
        planned.update(weight.name for weight in fresh)
        for weight in fresh:
            failed.pop(weight.name, None)
    return fresh


def landed(weight: WeightFile, failure: WeightsUnavailable | None = None) -> None:
    """A file's turn has been, or will not come because of `failure`."""
    with guard:
        planned.discard(weight.name)
        if failure is not None:
            failed[weight.name] = failure


def note_failure(weight: WeightFile, failure: WeightsUnavailable) -> None:
    """Have the status of a file say this."""
    with guard:
        failed[weight.name] = failure
