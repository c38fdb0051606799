"""Runs a command and ends all of it: a small program of its own, which knows nothing of the others.

    python keeper.py CONTROL STATUS COMMAND ARGUMENT…

CONTROL: a pipe's end; when its other end is closed, or whoever held it is gone, the command ends,
with every process that it has begun. STATUS: a pipe's end, into which go "began PID", and then
"ended CODE" or "failed WORD". What the command reads and writes is the keeper's own.

On Linux nothing escapes it: processes whose parent has ended become its own children, whatever
group or session they have made for themselves.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

GRACE_SECONDS = 0.3
"""Between the request to end and the end."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def main(control: int, status: int, command: list[str]) -> None:
    """Until the command has ended, or is not wanted any more."""
    tell = os.fdopen(status, "w", buffering=1)
    own = _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    wake, woken = os.pipe()
    for end in (wake, woken):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        child = subprocess.Popen(command, start_new_session=True, preexec_fn=_end_with_keeper)
    except OSError as error:
        tell.write(f"failed {type(error).__name__}\n")
        return
    for standard in (0, 1, 2):  # else whoever reads never hears the end
        os.dup2(os.open(os.devnull, os.O_RDWR), standard)
    tell.write(f"began {child.pid}\n")
    code = _watch(child.pid, control, wake)
    _end_all(child.pid, gently=code is None, own=own)
    tell.write(f"ended {-9 if code is None else code}\n")


def _watch(pid: int, control: int, wake: int) -> int | None:
    """The command's exit code; None = it is not wanted any more."""
    while True:
        code = _bury(pid)
        if code is not None:
            return code
        ready, _, _ = select.select([control, wake], [], [], 1.0)
        if control in ready:
            return None
        if wake in ready:
            with suppress(BlockingIOError):
                os.read(wake, 4096)


def _bury(pid: int) -> int | None:
    """Every child that has ended; the code of this one."""
    found = None
    while True:
        try:
            ended, state = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if ended == 0:
            return found
        if ended == pid:
            found = os.waitstatus_to_exitcode(state)


def _end_all(pid: int, gently: bool, own: bool) -> None:
    if gently:
        _signal(os.killpg, pid, signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until and _bury(pid) is None:
            time.sleep(0.01)
    _signal(os.killpg, pid, signal.SIGKILL)
    while own and (left := _children()):
        for child in left:
            _signal(os.kill, child, signal.SIGKILL)
        _bury(pid)
        time.sleep(0.005)


def _children() -> list[int]:
    """Ids of this process's children; those that have ended are children until they are buried."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            if parent == os.getpid():
                found.append(int(name))
    return found


def _signal(send: Callable[[int, int], None], pid: int, which: int) -> None:
    with suppress(OSError):
        send(pid, which)


def _prctl(option: int, value: int) -> bool:
    """Whether the kernel has such an option."""
    if sys.platform != "linux":
        return False
    import ctypes

    return ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0


def _end_with_keeper() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
