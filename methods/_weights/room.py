"""Room for files before a byte of them is fetched: on the disk, and within a host's cap.

    ERASER_LAB_WEIGHTS_GB    the most that the folder may hold, in gigabytes (10^9 bytes)

Without a cap nothing is ever removed. With one, what was used longest ago goes, a job's files
together, as far as no other set that was used later needs them. What is in use, loaded or being
brought stays; so does whatever this program could not fetch again, or did not put there.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import Timeout

from methods._base import WeightFile, WeightsUnavailable
from methods._system import space
from methods._weights import cache, errors, uses
from methods._weights.cache import beside, cache_dir, free_room, size_of
from methods._weights.sources import record
from methods._weights.sources.hub import kept_file
from methods._weights.transport.origin import note_of
from methods._weights.uses import FileSet

_log = logging.getLogger(__name__)

CAP = "ERASER_LAB_WEIGHTS_GB"
GB = 10**9

CAP_ON_A_SPACE = 30 * GB
"""A Space has 50 GB, of which the program's own libraries take some, and one that exceeds them is
ended without a warning."""

_SPARE = 1.05

_known: list[tuple[str, ...]] = []


def weights_cap(*, on_a_space: bool | None = None) -> int | None:
    """Bytes that the folder for weights may hold, None = as many as the disk.

    on_a_space: whether the default of a Space holds; None = where this is one.
    Raises WeightsUnavailable for a setting that is no number above 0.
    """
    text = os.environ.get(CAP, "").strip()
    if not text:
        here = space.on_a_space() if on_a_space is None else on_a_space
        return CAP_ON_A_SPACE if here else None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e6:
        raise WeightsUnavailable("bad_weights_cap")
    return int(number * GB)


def with_spare(load: int) -> int:
    """Bytes that must be free on the disk for a download of so many."""
    return int(_SPARE * load)


def know_sets(sets: Iterable[Iterable[WeightFile]]) -> None:
    """Tell which files belong together, for those that were fetched before uses were noted."""
    found = (tuple(weight.name for weight in each if weight.sources) for each in sets)
    _known[:] = [names for names in found if names]


def room_to_have() -> int:
    """Bytes that a download could have: what is free, and with a cap what may go for it."""
    try:
        cap = weights_cap()
    except WeightsUnavailable:
        return 0
    if cap is None:
        return free_room()
    with uses.alone():
        may_go = sum(map(_bytes_of, _removable(uses.all_in_use().files)))
        return max(0, min(free_room() + may_go, cap - _used() + may_go))


# --- before a download -------------------------------------------------------------------


def need_room_for(weights: Sequence[WeightFile], *, again: bool = False) -> None:
    """Raise WeightsUnavailable where all of them do not fit, whatever may be removed; nothing is
    removed yet. On the disk a twentieth more must be free."""
    with uses.alone():
        _to_remove(_loads(weights, again))


@contextmanager
def room_for(weights: Sequence[WeightFile], *, again: bool = False) -> Iterator[None]:
    """Make room for all of these and keep it for them. Raises as `need_room_for`."""
    with ExitStack() as kept:
        with uses.alone():
            loads = _loads(weights, again)
            _remove(_to_remove(loads))
            kept.enter_context(uses.coming(loads))
        yield


def _loads(weights: Iterable[WeightFile], again: bool) -> dict[str, int]:
    """Sizes of the files that are to be downloaded, by name."""
    return {
        weight.name: weight.size
        for weight in weights
        if weight.sources and (again or kept_file(weight) is None)
    }


def _still_to_come(loads: dict[str, int]) -> int:
    return sum(
        max(0, size - size_of(beside(cache_dir() / name, ".part"))) for name, size in loads.items()
    )


def _to_remove(loads: dict[str, int]) -> list[str]:
    """Names of the files that must go for these. Raises WeightsUnavailable where that is not
    enough. Within `uses.alone`."""
    busy = uses.all_in_use()
    own = {name: size for name, size in loads.items() if name not in busy.coming}
    if not own:
        return []
    cap = weights_cap()
    load, others = _still_to_come(own), _coming(busy.coming)
    free = max(0, free_room() - with_spare(others))
    lacking = with_spare(load) - free
    over = 0 if cap is None else _used() + load + others - cap
    if lacking <= 0 and over <= 0:
        return []
    if cap is None:
        raise _no_room(list(own), with_spare(load), free)
    found, may_go = _oldest(max(lacking, over), busy.files | set(own))
    if may_go < over:
        raise _over_cap(list(own), load, cap)
    if may_go < lacking:
        raise _no_room(list(own), with_spare(load), free + may_go)
    return found


def _coming(busy: dict[str, int]) -> int:
    """Bytes that others are still to bring; what is whole is not in its `.part` any more."""
    open_ones = {name: size for name, size in busy.items() if not (cache_dir() / name).is_file()}
    return _still_to_come(open_ones)


def _no_room(names: list[str], needed: int, free: int) -> WeightsUnavailable:
    if len(names) > 1:
        return errors.no_room_for_all(names, needed, free)
    return errors.no_room(names[0], needed, free)


def _over_cap(names: list[str], load: int, cap: int) -> WeightsUnavailable:
    whole = load + sum(size_of(beside(cache_dir() / name, ".part")) for name in names)
    told = errors.larger_than_cap if whole > cap else errors.cap_in_use
    return told(names, whole, cap)


# --- what is there, and what may go ------------------------------------------------------


def _used() -> int:
    """Bytes of all files in the folder, without those whose bytes are another program's, too."""
    total = 0
    for root, _, names in os.walk(cache_dir()):
        total += sum(_own_bytes(Path(root, name)) for name in names)
    return total


def _own_bytes(file: Path) -> int:
    """0 for a link and for a second name of a file of the hub's own cache: without it nothing
    would be free."""
    with suppress(OSError):
        stat = file.lstat()
        if not file.is_symlink() and stat.st_nlink == 1:
            return stat.st_size
    return 0


def _oldest(lacking: int, stay: set[str]) -> tuple[list[str], int]:
    """Names until so many bytes are free, and how many these are."""
    found: list[str] = []
    bytes_free = 0
    for names in _removable_sets(stay):
        if bytes_free >= lacking:
            break
        found += names
        bytes_free += sum(map(_bytes_of, names))
    return found, bytes_free


def _removable(stay: set[str]) -> list[str]:
    return [name for names in _removable_sets(stay) for name in names]


def _removable_sets(stay: set[str]) -> Iterator[list[str]]:
    """The names that go together, those used longest ago first."""
    sets = sorted([*uses.noted_sets(), *_sets_of_old()], key=lambda one: one.used)
    last = {name: one.used for one in sets for name in one.files}  # the later one stays
    seen = set(stay)
    for one in sets:
        names = [name for name in one.files if name not in seen and last[name] <= one.used]
        names = [name for name in names if _bytes_of(name) and not _is_locked(name)]
        seen.update(names)
        if names:
            yield names


def _sets_of_old() -> Iterator[FileSet]:
    """Files of which no use is noted, as old as they are."""
    noted = {name for one in uses.noted_sets() for name in one.files}
    for names in _known:
        here = tuple(name for name in names if name not in noted and _bytes_of(name))
        if here:
            yield FileSet(max(map(_age, here)), here)


def _age(name: str) -> float:
    times = [0.0]
    for file in _files_of(name):
        with suppress(OSError):
            times.append(file.lstat().st_mtime)
    return max(times)


def _files_of(name: str) -> tuple[Path, ...]:
    file = cache_dir() / name
    part = beside(file, ".part")
    return file, part, note_of(part), beside(file, ".refused")


def _bytes_of(name: str) -> int:
    return sum(map(_own_bytes, _files_of(name)))


def _is_locked(name: str) -> bool:
    """Whether somebody is bringing it."""
    with suppress(OSError, Timeout), cache.lock_named(name).acquire(timeout=0):
        return False
    return True


def _remove(names: Sequence[str]) -> None:
    if not names:
        return
    _log.info("removed to make room for others: %s", ", ".join(names))
    record.note_removed(names)
    for name in names:
        for file in _files_of(name):
            with suppress(OSError):
                file.unlink()
        with suppress(OSError):  # not empty
            for folder in (cache_dir() / name).parents:
                if folder == cache_dir():
                    break
                folder.rmdir()
