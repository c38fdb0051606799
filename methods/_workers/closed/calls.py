"""System calls that a decoder needs none of, and that it therefore cannot make: seccomp(2).

No sockets, no further processes (threads it may have), no other programs, no look into other
processes. The filter is a program as the kernel has them for packets (linux/filter.h); it reads a
call's number and its first argument.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

_PRCTL_NO_NEW_PRIVILEGES, _PRCTL_SECCOMP, _FILTER = 38, 22, 2

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000

_OTHER_TABLE = 0x40000000
"""From which on x86 has the same calls once more."""

_THREAD = 0x10000  # CLONE_THREAD

# The architecture's number in linux/audit.h; clone; socket, socketpair, setsid, execve, execveat,
# ptrace, process_vm_readv and its like, io_uring_setup, and on x86 fork and vfork.
_TABLES = {
    "x86_64": (0xC000003E, 56, (41, 53, 112, 59, 322, 101, 310, 311, 425, 57, 58)),
    "aarch64": (0xC00000B7, 220, (198, 199, 157, 221, 281, 117, 270, 271, 425)),
}
_CLONE3 = 435

_libc = ctypes.CDLL(None, use_errno=True)


def forbid() -> bool:
    """Of this process, from now on; whether the system can do that."""
    if platform.machine() not in _TABLES:
        return False
    program = _program(*_TABLES[platform.machine()])
    held = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(held))
    _libc.prctl(_PRCTL_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return int(_libc.prctl(_PRCTL_SECCOMP, _FILTER, described, 0, 0)) == 0


def can_forbid() -> bool:
    """Whether `forbid` will do. It is tried in a copy of this process."""
    pid = os.fork()
    if pid == 0:
        os._exit(0 if forbid() else 1)
    return os.waitpid(pid, 0)[1] == 0


def _program(architecture: int, clone: int, forbidden: tuple[int, ...]) -> bytes:
    refused = [_step(_EQUAL, number, 0, 1) + _error(errno.EPERM) for number in forbidden]
    return b"".join(
        [
            _step(_LOAD, _ARCHITECTURE),
            _step(_EQUAL, architecture, 1, 0),
            _step(_RETURN, _KILL),
            _step(_LOAD, _NUMBER),
            _step(_AT_LEAST, _OTHER_TABLE, 0, 1),
            _step(_RETURN, _KILL),
            *refused,
            # What does without it is told that it does not exist: its flags cannot be read here.
            _step(_EQUAL, _CLONE3, 0, 1) + _error(errno.ENOSYS),
            _step(_EQUAL, clone, 1, 0),
            _step(_RETURN, _ALLOW),
            _step(_LOAD, _FIRST_ARGUMENT),
            _step(_ANY_BIT, _THREAD, 1, 0),
            _error(errno.EPERM),
            _step(_RETURN, _ALLOW),
        ]
    )


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """struct sock_filter. then, otherwise: how many steps to leave out."""
    return struct.pack("HBBI", code, then, otherwise, value)


def _error(number: int) -> bytes:
    return _step(_RETURN, _ERROR | number)
