"""Which files are in use now, and when those that are not were used last.

    <cache>/uses.json                {"4f0c…": {"used": 1.7e9, "files": ["net.pt", …]}, …}
    <cache>/.locks/room.lock         held while anybody says what is in use, or removes files
    <cache>/.locks/use-<id>.json     what one process uses, and what it is about to bring
    <cache>/.locks/use-<id>.lock     held by that process as long: the system lets go when it dies

The files of one job are one entry, so that they go together. Times of access would serve no
better: many disks do not keep them, and a hash that is taken anew would count as a use.
Files that only people can bring are in no entry: nobody could fetch them again.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from methods._base import WeightFile
from methods._system.files import write_atomic
from methods._weights import cache
from methods._weights.cache import Entries, beside, cache_dir, change_json, read_json

RECORD = "uses.json"
_SIGNS = "use-*.json"

keepers: list[Callable[[], Iterable[str]]] = []
"""Each tells the names of files whose networks are loaded in this process."""

_guard = threading.RLock()
_held: Counter[str] = Counter()
_claimed: dict[str, int] = {}


def keep_weights(names: Callable[[], Iterable[str]]) -> None:
    """Files of these names are not removed to make room: their networks are loaded."""
    keepers.append(names)


# --- the last use ------------------------------------------------------------------------


@dataclass(frozen=True)
class FileSet:
    """Names of files that are used together. used: when they were last, seconds of the epoch."""

    used: float
    files: tuple[str, ...]


class _Entry(BaseModel):
    used: float
    files: list[str]


def note_use(weights: Iterable[WeightFile]) -> None:
    """Write down that these files are used together now. Raises nothing."""
    names = sorted({weight.name for weight in weights if weight.sources})
    if not names:
        return
    key = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
    entry = _Entry(used=time.time(), files=names).model_dump(mode="json")
    with suppress(OSError, Timeout, ValueError):  # a cache that cannot be written still serves
        change_json(RECORD, lambda entries: _still_here(entries) | {key: entry})


def note_use_alone(weight: WeightFile) -> None:
    """As `note_use`, of a file that is used by itself: none of a set that is in use now."""
    with _guard:
        one_of_several = weight.name in _held
    if not one_of_several:
        note_use([weight])


def _still_here(entries: Entries) -> Entries:
    return {
        key: entries[key] for key, one in _read(entries).items() if any(map(_exists, one.files))
    }


def _exists(name: str) -> bool:
    file = cache_dir() / name
    return any(os.path.lexists(beside(file, ending)) for ending in ("", ".part"))


def noted_sets() -> list[FileSet]:
    """What is written down, in no order; a damaged record is an empty one."""
    with suppress(OSError, ValueError):
        return list(_read(read_json(RECORD)).values())
    return []


def _read(entries: Entries) -> dict[str, FileSet]:
    found: dict[str, FileSet] = {}
    for key, value in entries.items():
        with suppress(ValidationError):
            entry = _Entry.model_validate(value)
            names = tuple(filter(cache.is_name, entry.files))  # nothing that leaves the folder
            found[key] = FileSet(entry.used, names)
    return found


# --- in use now --------------------------------------------------------------------------


@contextmanager
def in_use(weights: Iterable[WeightFile]) -> Iterator[None]:
    """Nobody removes these files to make room, in any process, until this is left."""
    names = [weight.name for weight in weights]
    if not names:
        yield
        return
    with alone(), _guard:
        _held.update(names)
        _publish()
    try:
        yield
    finally:
        with alone(), _guard:
            _held.subtract(names)
            _held_no_more()
            _publish()


def _held_no_more() -> None:
    for name in [name for name, count in _held.items() if count <= 0]:
        del _held[name]


@contextmanager
def alone() -> Iterator[None]:
    """While nobody else, in any process, says what is in use or removes files. Not to be held
    for long. A folder that cannot be written has nothing removed from it either."""
    lock: FileLock | None = None
    with suppress(OSError, Timeout):
        lock = _lock("room")
        lock.acquire(timeout=10)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _lock(name: str) -> FileLock:
    folder = cache_dir() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{name}.lock", thread_local=False)


@dataclass
class InUse:
    """By all processes. files: names that are not to be removed. coming: bytes of files that are
    being brought, by name."""

    files: set[str] = field(default_factory=set)
    coming: dict[str, int] = field(default_factory=dict)


def all_in_use() -> InUse:
    """To be asked within `alone`."""
    with _guard:
        found = InUse(set(_held), dict(_claimed))
    for keeper in keepers:
        found.files.update(keeper())
    for sign in _signs_of_others():
        found.files.update(sign.held)
        found.coming = sign.claimed | found.coming
    found.files.update(found.coming)
    return found


@contextmanager
def coming(sizes: dict[str, int]) -> Iterator[None]:
    """These files, bytes by name, are about to be brought: until this is left, their room is
    nobody else's. To be entered within `alone`."""
    with _guard:
        fresh = {name: size for name, size in sizes.items() if name not in _claimed}
        _claimed.update(fresh)
        _publish()
    try:
        yield
    finally:
        with alone(), _guard:
            for name in fresh:
                _claimed.pop(name, None)
            _publish()


# --- told to other processes -------------------------------------------------------------


class _Sign(BaseModel):
    held: list[str] = []
    claimed: dict[str, int] = {}


_own: dict[tuple[int, Path], tuple[Path, FileLock]] = {}
"""By process and folder: a fork is a process of its own."""


def _publish() -> None:
    with suppress(OSError, Timeout):
        if not _held and not _claimed:
            return _take_down()
        text = _Sign(held=sorted(_held), claimed=_claimed).model_dump_json()
        write_atomic(_own_file(), text.encode())


def _take_down() -> None:
    file, lock = _own.pop((os.getpid(), cache_dir()), (None, None))
    if file is not None and lock is not None:
        file.unlink(missing_ok=True)
        lock.release()
        file.with_suffix(".lock").unlink(missing_ok=True)


def _own_file() -> Path:
    key = os.getpid(), cache_dir()
    if key not in _own:
        name = f"use-{uuid.uuid4().hex}"
        lock = _lock(name)
        lock.acquire(timeout=0)
        _own[key] = cache_dir() / ".locks" / f"{name}.json", lock
    return _own[key][0]


def _signs_of_others() -> Iterator[_Sign]:
    own = _own.get((os.getpid(), cache_dir()))
    for file in sorted((cache_dir() / ".locks").glob(_SIGNS)):
        if own is not None and file == own[0]:
            continue
        if _is_left_behind(file):
            file.unlink(missing_ok=True)
            continue
        with suppress(OSError, ValueError):
            yield _Sign.model_validate(json.loads(file.read_text("utf-8")))


def _is_left_behind(file: Path) -> bool:
    """Whether the process that wrote it has ended."""
    lock = FileLock(file.with_suffix(".lock"), thread_local=False)
    try:
        with lock.acquire(timeout=0):
            pass
    except Timeout:
        return False
    except OSError:
        return False
    with suppress(OSError):
        file.with_suffix(".lock").unlink()
    return True
