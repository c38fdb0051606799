"""Weight files: found on this machine, or fetched from the first source that has them.

A file is used only when its SHA-256 is the pinned one. It grows beside the cache's files and
is moved among them, whole and checked, in one step; one process fetches it while others
wait. A file named by the user is taken as it is (see `_weights.sources.local`).

    ERASER_LAB_WEIGHTS          moves the cache
    ERASER_LAB_WEIGHTS_MIRROR   is asked before all sources (see `_weights.sources.mirror`)
    ERASER_LAB_OFFLINE=1        nothing is fetched
    HF_HOME, HF_HUB_CACHE       where the model hub's own client keeps files, used from there
    HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN   as everywhere, for the model hub alone
"""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import Timeout

from methods._base import Source, WeightFile, WeightsUnavailable
from methods._weights import cache, errors, flights
from methods._weights.cache import cache_dir as cache_dir
from methods._weights.cache import free_room as free_room
from methods._weights.cache import sha256_of as sha256_of
from methods._weights.progress import Notice, Progress, Watch
from methods._weights.room import room_for
from methods._weights.sources import record
from methods._weights.sources.hub import kept_file, network_forbidden
from methods._weights.sources.kinds import Arrived, Wanted, adopt, obtain
from methods._weights.sources.local import local_file
from methods._weights.sources.local import use_local as use_local
from methods._weights.sources.mirror import mirror_of
from methods._weights.transport.origin import note_of
from methods._weights.transport.refusals import Refused, sentence
from methods._weights.uses import note_use_alone

_log = logging.getLogger(__name__)
_LOCK_TICK = 0.1


# --- what is here --------------------------------------------------------------------------


def find_weights(weight: WeightFile) -> Path | None:
    """The file on this machine, a local override or the cache's; None when it is not here.

    The hash is computed once for each (path, size, times) and remembered across starts. A
    file in the cache with another hash is refused and set aside. Raises WeightsUnavailable
    when the user named a local file that does not exist.
    """
    return local_file(weight) or cached(weight)


def digest(weight: WeightFile) -> str:
    """Hex SHA-256 of the file in use; a local file reports its own.

    Raises WeightsUnavailable when it is not on this machine.
    """
    path = find_weights(weight)
    if path is None:
        raise errors.nothing_worked(weight, [])
    return cache.known_sha256(path)


def cached(weight: WeightFile, holding_lock: bool = False) -> Path | None:
    """The cache's own file, when it is the right one; another one is set aside."""
    path = cache.target_of(weight)
    if not os.path.isfile(path):  # also False where the folder may not be read
        return None
    try:
        if record.is_outdated(weight):
            return None
        fits = _fits(weight, path)
    except OSError:  # unreadable, or taken away in this moment
        return None
    if fits:
        return path
    if not holding_lock:
        _set_aside(weight, path)
    return None


def _fits(weight: WeightFile, path: Path) -> bool:
    expected = record.expected_digest(weight)
    if weight.sha256 is not None and path.stat().st_size != weight.size:
        return False
    found = cache.known_sha256(path)
    if expected is None:  # put there by hand before its first download
        record.record_first(weight, found)
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
    flights.note_failure(weight, errors.set_aside(weight, kept.name if moved else ""))


# --- fetching ------------------------------------------------------------------------------


def fetch(
    weight: WeightFile,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    *,
    remark: Callable[[Notice], None] | None = None,
    again: bool = False,
) -> Path:
    """The file, fetched when it is not on this machine; returns at once when it is.

    progress(done, total) in bytes, an estimate while a package client works; should_stop is
    asked several times a second; remark gets what is to be said meanwhile. again: fetch it
    whatever was recorded, unless what is here is the pinned file to the last byte; what is here
    stays until the new file is whole.
    Raises WeightsUnavailable with one sentence that names what was tried, or Stopped; what has
    arrived by then is kept for the next time.
    """
    found = local_file(weight) if again else find_weights(weight)
    if found is None:
        watch = Watch(weight.size, progress, should_stop, remark=remark)
        found = _come(weight, watch, again)
    note_use_alone(weight)
    return found


def _come(weight: WeightFile, watch: Watch, again: bool) -> Path:
    with flights.in_flight(weight, watch):
        try:
            with room_for([weight], again=again), _alone(weight, watch):
                return _brought(weight, watch, again)
        except errors.DiskFull as full:
            raise errors.no_room(weight.name, full.needed or weight.size, free_room()) from full
        except OSError as error:
            raise _explained(weight, error) from error


def take_over(weight: WeightFile) -> Path | None:
    """The file, also where only the hub's own cache on this machine has it; nothing is
    downloaded. None when it is not on this machine. Raises WeightsUnavailable."""
    found = find_weights(weight)
    if found is not None or kept_file(weight) is None:
        return found
    watch = Watch(weight.size)
    with flights.in_flight(weight, watch):
        try:
            with _alone(weight, watch):
                return cached(weight, holding_lock=True) or _adopted(weight, watch)
        except errors.DiskFull as full:
            raise errors.no_room(weight.name, full.needed or weight.size, free_room()) from full
        except OSError as error:
            raise _explained(weight, error) from error


def _adopted(weight: WeightFile, watch: Watch) -> Path | None:
    record.forget_deleted(weight)
    arrived = adopt(weight, watch)
    return _accept(weight, arrived, cache.kept_of(weight), watch) if arrived else None


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


def _brought(weight: WeightFile, watch: Watch, again: bool) -> Path:
    """What somebody else has brought meanwhile, what the hub's cache has, or a download; the
    file's lock is held."""
    if again:
        return _still_right(weight, watch) or _fetched(weight, watch, again=True)
    if (found := cached(weight, holding_lock=True)) is not None:
        return found
    return _adopted(weight, watch) or _fetched(weight, watch, again=False)


def _still_right(weight: WeightFile, watch: Watch) -> Path | None:
    """The cache's own file where its bytes, all read anew, are those of the pin: whoever asks for
    it again would get the same, and on a shared server anybody may ask."""
    path = cache.target_of(weight)
    if weight.sha256 is None or not path.is_file():
        return None
    return path if cache.sha256_of(path, watch.check) == weight.sha256 else None


def _fetched(weight: WeightFile, watch: Watch, again: bool) -> Path:
    """Try the mirror and the sources in order; one that is busy is waited for after all others."""
    sources: list[Source | Path] = [*mirror_of(weight), *weight.sources]
    if weight.by_hand and not sources:
        raise errors.to_be_brought(weight, weight.by_hand)
    cache.target_of(weight).parent.mkdir(parents=True, exist_ok=True)
    failures: list[errors.SourceFailed] = []
    for lasting in (len(sources) == 1, True):
        wanted = Wanted(weight, watch, again, lasting)
        busy = []
        for source in sources:
            try:
                return _accept(weight, obtain(wanted, source), cache.part_of(weight), watch)
            except errors.Busy:
                busy.append(source)
            except errors.SourceFailed as why:
                _log.info("%s: %s", weight.name, why)
                failures.append(why)
        sources = busy
    if network_forbidden():
        raise errors.offline(weight)
    raise _in_a_sentence(weight, failures)


def _in_a_sentence(weight: WeightFile, failures: list[errors.SourceFailed]) -> WeightsUnavailable:
    """The failure that the user can do most about."""
    tried = [str(failure) for failure in failures]
    for failure in failures:
        if isinstance(failure, Refused):
            return sentence(weight, failure)
    for failure in failures:
        if isinstance(failure, errors.WebPage):
            return errors.web_page(weight, failure.host, tried)
        if isinstance(failure, errors.Changed):
            return errors.changed_by_publisher(weight, tried)
    return errors.nothing_worked(weight, tried)


def _accept(weight: WeightFile, arrived: Arrived, file: Path, watch: Watch) -> Path:
    """Move the checked file to its final name, in one step."""
    target = cache.target_of(weight)
    if weight.sha256 is None:
        record.record_first(weight, arrived.digest, arrived.commit)
    os.replace(file, target)
    note_of(cache.part_of(weight)).unlink(missing_ok=True)
    cache.remember(target, arrived.digest)
    watch.total = cache.size_of(target)
    watch.tell(watch.total)
    return target


def _explained(weight: WeightFile, error: OSError) -> WeightsUnavailable:
    """What the system's refusal means for the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return errors.no_room(weight.name, weight.size, free_room())
    return errors.folder_unusable(weight, error.strerror or type(error).__name__)
