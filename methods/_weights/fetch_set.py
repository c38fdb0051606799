"""All files of a model together: room for all of them, gates first, a few at once.

Before the first large byte it is asked, by heads only, whether the hub gives them at all: ten
gigabytes of a text encoder are of no use to whom the model itself is not given.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from methods._base import Stopped, WeightFile, WeightsUnavailable
from methods._weights import errors, flights
from methods._weights.parallel import each
from methods._weights.probe import refusal
from methods._weights.progress import Notice, Progress
from methods._weights.room import need_room_for, room_for
from methods._weights.sources.hub import kept_file
from methods._weights.store import fetch, find_weights, take_over
from methods._weights.transport import refusals
from methods._weights.uses import in_use, note_use

_log = logging.getLogger(__name__)

AT_ONCE = 3
"""Files under way together: enough to fill a line that one connection does not, few enough
that a hub does not take it amiss."""

Result = WeightsUnavailable | None


@dataclass(frozen=True)
class Observer:
    """Who wants to know how it goes, file by file. Called from several threads.

    progress: makes a file's callback. done: a file is here, or why not. remark: as in `fetch`.
    """

    progress: Callable[[WeightFile], Progress | None] = lambda _: None
    done: Callable[[WeightFile, Result], object] = lambda _weight, _why: None
    remark: Callable[[WeightFile, Notice], None] = lambda _weight, _notice: None


def fetch_all(
    weights: Iterable[WeightFile],
    observer: Observer | None = None,
    should_stop: Callable[[], bool] | None = None,
    *,
    again: bool = False,
) -> dict[str, WeightsUnavailable]:
    """Fetch what is not here; the sentences of the files that did not come, by name.

    Where the hub refuses one file, nothing more is begun: all that did not come has that
    sentence. again: as in `fetch`; a folder without pins is then replaced as a whole. Raises
    Stopped.
    """
    wanted = list({weight.name: weight for weight in weights}.values())
    missing = wanted if again else [weight for weight in wanted if not _is_here(weight)]
    fetching = _Fetching(observer or Observer(), should_stop, again)
    with in_use(wanted):
        for weight in wanted:
            if weight not in missing:
                fetching.observer.done(weight, None)
        fetching.run(missing)
        note_use(weight for weight in wanted if weight.name not in fetching.failures)
    return fetching.failures


def _is_here(weight: WeightFile) -> bool:
    try:
        return find_weights(weight) is not None
    except WeightsUnavailable:  # `fetch` says it
        return False


@dataclass
class _Fetching:
    observer: Observer
    should_stop: Callable[[], bool] | None
    again: bool
    failures: dict[str, WeightsUnavailable] = field(default_factory=dict)
    _gate: WeightsUnavailable | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self, weights: Sequence[WeightFile]) -> None:
        by_hand = [weight for weight in weights if not weight.sources]
        rest = [weight for weight in weights if weight.sources]
        for weight in by_hand:
            self._one(weight)
        with ExitStack() as kept:
            if rest and not self._is_kept_back(rest, kept):
                self._all(rest)
        if self._stopped.is_set():
            raise Stopped

    def _all(self, weights: Sequence[WeightFile]) -> None:
        """A model's own files first: those of gated repositories, as they are asked for first."""
        try:
            each(self._one, sorted(weights, key=lambda weight: not weight.gated), AT_ONCE)
        finally:
            self._over.set()

    def _is_kept_back(self, weights: Sequence[WeightFile], kept: ExitStack) -> bool:
        """Whether none of them is to be begun; then each has its sentence. kept: holds the room
        for them. Nothing is removed for what the hub does not give."""
        try:
            need_room_for(weights, again=self.again)
            if len(weights) > 1:  # one says it by itself
                self._gate = refusal(weights, self.should_stop)
            if self._gate is None:
                kept.enter_context(room_for(weights, again=self.again))
        except WeightsUnavailable as error:
            self._gate = error
        if self._gate is None:
            return False
        for weight in weights:
            self._end(weight, self._gate)
        return True

    def _one(self, weight: WeightFile) -> None:
        if self._gate is not None:
            return self._end(weight, self._gate)
        if self._stopped.is_set() or self._over.is_set():
            return None
        try:
            fetch(
                weight,
                self.observer.progress(weight),
                self._is_over,
                remark=lambda notice: self.observer.remark(weight, notice),
                again=self.again,
            )
        except Stopped:
            return self._interrupted(weight)
        except WeightsUnavailable as error:
            return self._failed(weight, error)
        except Exception:
            _log.exception("fetching %s failed", weight.name)
            return self._end(weight, errors.unforeseen(weight))
        return self._end(weight, None)

    def _is_over(self) -> bool:
        if self.should_stop is not None and self.should_stop():
            self._stopped.set()
        return self._gate is not None or self._stopped.is_set() or self._over.is_set()

    def _interrupted(self, weight: WeightFile) -> None:
        if self._gate is not None:
            self._end(weight, self._gate)

    def _failed(self, weight: WeightFile, error: WeightsUnavailable) -> None:
        if error.code in refusals.REFUSALS:
            self._gate = error
        self._end(weight, error)

    def _end(self, weight: WeightFile, why: Result) -> None:
        if why is not None:
            self.failures[weight.name] = why
            flights.note_failure(weight, why)
        self.observer.done(weight, why)


# --- in the background ---------------------------------------------------------------------


def fetch_in_background(*weights: WeightFile, again: bool = False) -> None:
    """Start fetching these together; watch them through `weight_status`.

    What is under way already is left to itself. Called again after a failure, it tries again.
    """
    fresh = flights.plan(weights)
    if fresh:
        name = f"weights-{fresh[0].name}"
        threading.Thread(target=_quietly, args=(fresh, again), name=name, daemon=True).start()


def _quietly(weights: list[WeightFile], again: bool) -> None:
    def done(weight: WeightFile, why: Result) -> None:
        if why is not None:
            _log.warning("%s", why)
        flights.landed(weight, why)

    try:
        fetch_all(weights, Observer(done=done), again=again)
    except Exception:
        _log.exception("fetching in the background failed")
        for weight in weights:
            flights.landed(weight, errors.unforeseen(weight))
    finally:
        for weight in weights:
            flights.landed(weight)


def adopt_in_background(weights: Iterable[WeightFile]) -> threading.Thread:
    """Check and take over what the hub's own cache on this machine has of these, one after the
    other; nothing is downloaded."""
    given = (list(weights),)
    thread = threading.Thread(target=_adopt_each, args=given, name="weights-adopt", daemon=True)
    thread.start()
    return thread


def _adopt_each(weights: Sequence[WeightFile]) -> None:
    for weight in weights:
        if not _is_here(weight) and kept_file(weight):
            try:
                take_over(weight)
            except WeightsUnavailable as error:
                _log.warning("%s", error)
