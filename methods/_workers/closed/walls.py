"""What keeps the room closed: the system's own means, without more rights than anybody has.

Linux: setrlimit(2), user_namespaces(7), landlock(7). Each is tried; what a container forbids is
told, not hidden.
"""

from __future__ import annotations

import ctypes
import os
import resource
from dataclasses import dataclass
from pathlib import Path

from methods._workers.closed.talk import Bounds

_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446  # the same on every processor
_VERSION = 1
_NO_NEW_PRIVILEGES = 38  # linux/prctl.h
_ALL_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many kinds of access to files each version of Landlock knows."""

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # linux/sched.h
_FILES = 32
_SECONDS_MORE = 2
_PAGE = os.sysconf("SC_PAGE_SIZE")

_libc = ctypes.CDLL(None, use_errno=True)


def leave_network() -> bool:
    """Into a network of one's own, with nothing in it; whether the system lets us.

    Only while the process has one thread.
    """
    return int(_libc.unshare(_NEW_USER | _NEW_NETWORK)) == 0


def leave_files() -> bool:
    """No file can be opened, made or removed by its name from now on, none executed, no signal
    sent to others; whether the system can do that. What is open stays open."""
    version = int(_libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), _VERSION))
    if version < 1:
        return False
    rules = _rules(version)
    made = _libc.syscall(_LANDLOCK_CREATE, rules, ctypes.c_size_t(len(rules) * 8), 0)
    if made < 0:
        return False
    try:
        _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return int(_libc.syscall(_LANDLOCK_RESTRICT, made, 0)) == 0
    finally:
        os.close(made)


def _rules(version: int) -> ctypes.Array[ctypes.c_uint64]:
    """struct landlock_ruleset_attr: all access to files, TCP, signals and sockets by name."""
    files = (1 << _ALL_RIGHTS.get(version, 16)) - 1
    words = [files] + [0b11] * (version >= 4) + [0b11] * (version >= 6)
    return (ctypes.c_uint64 * len(words))(*words)


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of a process: what it may write to, and all that it can reach."""

    data: int
    total: int


def own_size() -> Size:
    """This process's; a copy of it has the same. Before files are left."""
    pages = [int(word) for word in Path("/proc/self/statm").read_text("ascii").split()]
    return Size(pages[5] * _PAGE, pages[0] * _PAGE)


def keep_within(bounds: Bounds, size: Size) -> None:
    """This process, from now on; `size` is what it had before."""
    _bound(resource.RLIMIT_DATA, size.data + bounds.memory)
    _bound(resource.RLIMIT_AS, size.total + 2 * bounds.memory + bounds.pixels)
    _bound(resource.RLIMIT_CPU, bounds.seconds, more=_SECONDS_MORE)
    _bound(resource.RLIMIT_FSIZE, bounds.pixels)
    _bound(resource.RLIMIT_NOFILE, _FILES)
    _bound(resource.RLIMIT_CORE, 0)


def _bound(what: int, most: int, more: int = 0) -> None:
    """more: beyond which the kernel does not tell the process any more, but ends it."""
    hard = resource.getrlimit(what)[1]
    last = most + more if hard == resource.RLIM_INFINITY else min(most + more, hard)
    resource.setrlimit(what, (min(most, last), last))
