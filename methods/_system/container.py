"""What this program may use of the machine: memory and cores, a container's where it is in one.

A container shares the node's kernel, which tells of the whole node; its own limits stand in
control groups (man 7 cgroups; docs.kernel.org, "Control Group v2" and "CPUSETS"):

    version 2   memory.max, memory.current, memory.stat   cpu.max "quota period"
    version 1   memory.limit_in_bytes, memory.usage_in_bytes, memory.stat
                cpu.cfs_quota_us, cpu.cfs_period_us

Every group above the process's own limits it, too. Where the container has a view of its own of
the groups, the paths of the node do not exist in it, and its own group is the top.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")

_NO_LIMIT = 1 << 60
"""Version 1 says "no limit" by an absurdly large number, version 2 by the word max."""


def total_memory() -> int:
    """Bytes of memory that this program could ever use: the machine's, or its container's."""
    import psutil

    limits = (limit for folder in _folders("memory") if (limit := _memory_limit(folder)))
    return min([int(psutil.virtual_memory().total), *limits])


def free_memory() -> int:
    """Bytes of memory that are free now: the machine's, or what a container's limit leaves where
    that is less. What only caches files counts as free: it gives way."""
    import psutil

    left = [int(psutil.virtual_memory().available)]
    for folder in _folders("memory"):
        if limit := _memory_limit(folder):
            left.append(limit - _memory_in_use(folder))
    return max(0, min(left))


def cores() -> int:
    """Cores that this program may keep busy, at least 1: those that it may run on, or its
    container's share of processor time, rounded up, where that is less."""
    shares = (math.ceil(share) for folder in _folders("cpu") if (share := _cpu_share(folder)))
    return max(1, min([_cores_here(), *shares]))


def _cores_here() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def keep_to_cores() -> None:
    """Have numeric libraries begin no more threads than there are cores for this program. To be
    called before any is imported; OMP_NUM_THREADS takes precedence.

    They count the node's: with sixty-four threads on a share of two, each waits for the others.
    """
    if cores() < (os.cpu_count() or 1):
        os.environ.setdefault("OMP_NUM_THREADS", str(cores()))


# --- the groups --------------------------------------------------------------------------


def _folders(controller: str) -> Iterator[Path]:
    """Where the limits may stand, the process's own group first; some may not exist."""
    for line in _text(OWN_GROUPS).splitlines():
        _, names, path = [*line.split(":", 2), "", ""][:3]
        if not names:  # version 2
            yield from _upwards(GROUPS, path)
        elif controller in names.split(","):
            for mount in dict.fromkeys((controller, names)):
                yield from _upwards(GROUPS / mount, path)


def _upwards(top: Path, path: str) -> Iterator[Path]:
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
    for count in range(len(parts), -1, -1):
        yield top.joinpath(*parts[:count])


def _memory_limit(folder: Path) -> int | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        limit = _number(_text(folder / name))
        if limit is not None and limit < _NO_LIMIT:
            return limit
    return None


def _memory_in_use(folder: Path) -> int:
    """Bytes without the cache of files; this process's own where the group does not tell."""
    import psutil

    for name in ("memory.current", "memory.usage_in_bytes"):
        used = _number(_text(folder / name))
        if used is not None:
            return max(0, used - _file_cache(folder))
    return int(psutil.Process().memory_info().rss)


def _file_cache(folder: Path) -> int:
    """Bytes; in version 1 the sums over the groups below have names of their own."""
    rows = (line.split() for line in _text(folder / "memory.stat").splitlines())
    stat = {row[0]: _number(row[1]) or 0 for row in rows if len(row) == 2}
    names = ("inactive_file", "active_file")
    return sum(stat.get(f"total_{name}", stat.get(name, 0)) for name in names)


def _cpu_share(folder: Path) -> float | None:
    quota, period = [*_text(folder / "cpu.max").split(), "", ""][:2]
    if not quota:
        quota = _text(folder / "cpu.cfs_quota_us")
        period = _text(folder / "cpu.cfs_period_us")
    time, whole = _number(quota), _number(period)
    return time / whole if time and whole else None


def _number(text: str) -> int | None:
    """None for the word max, for -1, and for what is no number."""
    return int(text) if text.isascii() and text.isdigit() else None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
