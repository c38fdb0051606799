"""The folder that holds the weights: names in it, hashes, and what is remembered of them.

<cache>/<name>                  a file whose hash has been checked, never a half one
<cache>/<name>.part             a download under way or broken off
<cache>/<name>.kept             a file of the hub's own cache, about to get its name here
<cache>/<name>.refused          a file that did not match and was set aside
<cache>/.work/<name>/           a package being opened; thrown away
<cache>/.locks/                 locks between processes
<cache>/verified.json           hashes of large files, by name, size and times
<cache>/weights.lock.json       digests of first downloads, for files without a pin
<cache>/uses.json               when files were used last (see `_weights.uses`)
<cache>/paces.json              how long erasers took here (see `_engine.pace`)
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import platformdirs
from filelock import FileLock, Timeout
from pydantic import BaseModel

from methods._base import JSON, WeightFile
from methods._system.files import write_atomic
from methods._weights.errors import DiskFull

_VERIFIED = "verified.json"
_CHUNK = 1 << 20
_LARGE = 1 << 22
"""Bytes. A smaller file is hashed again sooner than its hash is written down."""
_JSON_LOCK_SECONDS = 10

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")

_Identity = tuple[int, int, int]  # size, mtime_ns, ctime_ns
Entries: TypeAlias = dict[str, JSON]
_known: dict[str, tuple[_Identity, str]] = {}
_hashing = threading.Lock()


class _Verified(BaseModel):
    """An entry of verified.json, under the file's name in the folder; under its path elsewhere."""

    identity: _Identity
    sha256: str


# --- names ---------------------------------------------------------------------------------


def cache_dir() -> Path:
    """The folder for weights: ERASER_LAB_WEIGHTS, else the user's cache. May not exist yet."""
    chosen = os.environ.get("ERASER_LAB_WEIGHTS")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_cache_path("eraser-lab", appauthor=False) / "weights"


def target_of(weight: WeightFile) -> Path:
    """Where the checked file lies. A name may hold folders, but nothing that leaves the cache."""
    if not is_name(weight.name):
        raise ValueError(f"not a name for a weight file: {weight.name!r}")
    return cache_dir() / weight.name


def is_name(name: str) -> bool:
    """Whether it is one for a file of weights: with it nothing outside the folder is meant."""
    return _NAME.fullmatch(name) is not None


def beside(target: Path, ending: str) -> Path:
    """`target` with something added to its name."""
    return target.with_name(target.name + ending)


def part_of(weight: WeightFile) -> Path:
    """Where a download grows."""
    return beside(target_of(weight), ".part")


def kept_of(weight: WeightFile) -> Path:
    """Where a file of the hub's own cache gets its second name, for a moment."""
    return beside(target_of(weight), ".kept")


def work_of(weight: WeightFile) -> Path:
    """Where a package is downloaded and opened; only the holder of the lock uses it."""
    return cache_dir() / ".work" / _flat(weight.name)


def lock_of(weight: WeightFile) -> FileLock:
    """The lock between processes and threads for one file.

    The system lets go of it when its holder dies, so a killed process blocks nobody.
    """
    return lock_named(weight.name)


def lock_named(name: str) -> FileLock:
    """As `lock_of`, by the file's name."""
    folder = cache_dir() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / (_flat(name) + ".lock"))


def _flat(name: str) -> str:
    return name.replace("/", "--")


# --- sizes ---------------------------------------------------------------------------------


def size_of(path: Path) -> int:
    """Bytes in a file; 0 when there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def size_within(folder: Path) -> int:
    """Bytes in the largest file below `folder`: the archive that a package client fetches."""
    largest = 0
    for root, _, files in os.walk(folder):
        largest = max([largest, *(size_of(Path(root, file)) for file in files)])
    return largest


def free_room() -> int:
    """Bytes free where the weights are kept; 0 when even that cannot be found out."""
    folder = cache_dir()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    with suppress(OSError):
        return shutil.disk_usage(folder).free
    return 0


def need_room(folder: Path, needed: int) -> None:
    """Raise DiskFull when `folder`'s disk has less than `needed` bytes free."""
    if shutil.disk_usage(folder).free < needed:
        raise DiskFull(needed)


# --- hashes --------------------------------------------------------------------------------


def sha256_of(path: Path, check: Callable[[], None] | None = None) -> str:
    """Hex SHA-256 of a file's bytes. `check` is called now and then and may raise Stopped."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            if check is not None:
                check()
    return digest.hexdigest()


def known_sha256(path: Path) -> str:
    """Hex SHA-256 of a file, computed once for each (path, size, times).

    Remembered in memory, and that of a large file in the cache folder, so that gigabytes are
    not read again at every start. Raises OSError when the file cannot be read.
    """
    seen = _remembered(path, _identity(path))
    if seen is not None:
        return seen
    with _hashing:  # two threads that ask for the same file read it once
        identity = _identity(path)
        seen = _remembered(path, identity)
        if seen is None:
            seen = sha256_of(path)
            remember(path, seen, identity)
    return seen


def remember(path: Path, digest: str, identity: _Identity | None = None) -> None:
    """Note that the file at `path` has this digest."""
    identity = identity or _identity(path)
    _known[str(path.absolute())] = (identity, digest)
    if identity[0] < _LARGE:
        return
    with suppress(OSError, Timeout, ValueError):  # a cache that cannot be written still serves
        change_json(_VERIFIED, lambda entries: _with_entry(entries, path, identity, digest))


def _identity(path: Path) -> _Identity:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _remembered(path: Path, identity: _Identity) -> str | None:
    key = str(path.absolute())
    if key not in _known and identity[0] >= _LARGE:
        with suppress(OSError, ValueError, KeyError):
            entry = _Verified.model_validate(read_json(_VERIFIED)[_name_of(path.absolute())])
            _known[key] = (entry.identity, entry.sha256)
    identity_then, digest = _known.get(key, (None, ""))
    return digest if identity_then == identity else None


def _with_entry(entries: Entries, path: Path, identity: _Identity, digest: str) -> Entries:
    """Without those of files that are gone."""
    named = {_name_of(Path(key)): entry for key, entry in entries.items()}
    kept = {key: entry for key, entry in named.items() if os.path.exists(cache_dir() / key)}
    kept[_name_of(path.absolute())] = _Verified(identity=identity, sha256=digest).model_dump(
        mode="json"
    )
    return kept


def _name_of(path: Path) -> str:
    """Relative to the folder, which other machines may know by another path."""
    try:
        return path.relative_to(cache_dir()).as_posix() if path.is_absolute() else path.as_posix()
    except ValueError:
        return str(path)


# --- small files of our own ----------------------------------------------------------------


def read_json(name: str) -> Entries:
    """Raises ValueError when the file is not a JSON object; a missing file is an empty one."""
    try:
        entries = json.loads((cache_dir() / name).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    if not isinstance(entries, dict):
        raise ValueError(f"{name} is not a JSON object")
    return entries


def change_json(name: str, change: Callable[[Entries], Entries], *, repair: bool = True) -> None:
    """Read, change and replace under a lock, so that no process loses another's entry.

    repair: begin anew where the file is damaged; else raises ValueError.
    """
    with _json_lock(name):
        try:
            entries = read_json(name)
        except ValueError:
            if not repair:
                raise
            entries = {}
        fresh = json.dumps(change(entries), indent=1, sort_keys=True)
        write_atomic(cache_dir() / name, fresh.encode())


@contextmanager
def _json_lock(name: str) -> Iterator[None]:
    folder = cache_dir() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{name}.lock", timeout=_JSON_LOCK_SECONDS):
        yield
