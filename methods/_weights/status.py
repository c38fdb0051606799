"""How a file of weights stands on this machine, for whoever shows it. Nothing is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from methods._base import Text, WeightFile, WeightsUnavailable
from methods._weights import cache, flights
from methods._weights.progress import Notice, Watch
from methods._weights.sources.hub import kept_file
from methods._weights.sources.local import local_file
from methods._weights.store import cached


class WeightState(StrEnum):
    """How a file of weights stands on this machine."""

    READY = "ready"
    FETCHING = "fetching"
    FOUND = "found"  # the hub's own cache has it: checked and used without network, once asked for
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True)
class WeightStatus:
    """A file's state at one moment. done, size: bytes; license: of the weights.

    error: a sentence when the last attempt failed, with its `code`, `details` and `sentence` as
    in UserError; notice: what is to be said while it is fetched; local: a file of the user's own
    is used.
    """

    name: str
    state: WeightState
    done: int
    size: int
    license: str
    error: str = ""
    local: bool = False
    code: str = ""
    details: Mapping[str, str | int | float] = field(default_factory=dict)
    sentence: Text | None = None
    notice: Notice | None = None


def weight_status(weight: WeightFile) -> WeightStatus:
    """How the file stands now. Raises nothing that the user could have caused."""
    try:
        own = local_file(weight)
        if own is not None:
            size = cache.size_of(own)
            return _status(weight, WeightState.READY, size, size=size, local=True)
    except WeightsUnavailable as error:
        return _status(weight, WeightState.FAILED, 0, error, local=True)
    with flights.guard:
        watches = list(flights.flights.get(weight.name, ()))
        planned = weight.name in flights.planned
    if watches or planned:
        return _moving_status(weight, watches)
    return _resting_status(weight)


def _moving_status(weight: WeightFile, watches: list[Watch]) -> WeightStatus:
    done = max((watch.done for watch in watches), default=0)
    size = max((watch.total for watch in watches), default=weight.size)
    notice = next((watch.notice for watch in watches if watch.notice), None)
    return _status(weight, WeightState.FETCHING, done, size=size, notice=notice)


def _resting_status(weight: WeightFile) -> WeightStatus:
    """The state of a file that nobody in this process is fetching."""
    try:
        path = cached(weight)
    except WeightsUnavailable as error:
        return _status(weight, WeightState.FAILED, 0, error)
    if path is not None:
        size = cache.size_of(path)
        return _status(weight, WeightState.READY, size, size=size)
    with flights.guard:
        failure = flights.failed.get(weight.name)
    if failure is not None:
        return _status(weight, WeightState.FAILED, _begun(weight), failure)
    found = kept_file(weight) is not None
    return _status(weight, WeightState.FOUND if found else WeightState.MISSING, _begun(weight))


def _begun(weight: WeightFile) -> int:
    return cache.size_of(cache.part_of(weight))


def _status(
    weight: WeightFile,
    state: WeightState,
    done: int,
    error: WeightsUnavailable | None = None,
    *,
    size: int = 0,
    local: bool = False,
    notice: Notice | None = None,
) -> WeightStatus:
    return WeightStatus(
        name=weight.name,
        state=state,
        done=done,
        size=size or weight.size,
        license=weight.license,
        error="" if error is None else str(error),
        local=local,
        code="" if error is None else error.code,
        details={} if error is None else error.details,
        sentence=None if error is None else error.sentence,
        notice=notice,
    )
