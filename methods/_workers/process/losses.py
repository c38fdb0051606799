"""What is said when a worker process is gone, and why it is.

A signal that only a process's own fault brings (SIGSEGV, SIGABRT …), or an exit, is the eraser's
doing. SIGKILL comes from outside: from the kernel where memory ran out, which it counts, or from
somebody, and then the eraser is tried once more.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from methods._base import EraserSpec, Unavailable
from methods._engine.endings import failed
from methods._engine.events import Failed

MOST_CRASHES = 3
"""In a row, of one eraser: then its other jobs of the run are not tried."""

MOST_TRIES = 2
"""Of a job whose worker was taken from outside."""

_FROM_OUTSIDE = {"SIGKILL", "SIGTERM", "SIGHUP", "SIGINT"}

_COUNTS = (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat"))
"""Where Linux counts the processes that it has killed for want of memory, the nearest first."""


@dataclass(eq=False)
class Lost(Exception):
    """A worker went while it had an order. reason: a signal or an exit code. own_fault: nothing
    outside of it has ended it. out_of_memory: the kernel took it, because memory ran out.
    with_machine: what it ran on is gone as well."""

    reason: str
    own_fault: bool
    out_of_memory: bool = False
    with_machine: bool = False

    @property
    def from_outside(self) -> bool:
        """Whether the same may go well elsewhere: somebody has ended it, and not for its size."""
        return not self.own_fault and not self.out_of_memory


def lost(code: int | None, killed_before: int) -> Lost:
    """A process's end. code: as in `Popen.returncode`; None = its template is gone as well.
    killed_before: `killed_for_memory()` before its order began."""
    if code is None:
        return Lost("template", own_fault=False)
    if code >= 0:
        return Lost(f"exit code {code}", own_fault=True)
    reason = _name(-code)
    if reason not in _FROM_OUTSIDE:
        return Lost(reason, own_fault=True)
    ran_out = reason == "SIGKILL" and killed_for_memory() > killed_before
    return Lost(reason, own_fault=False, out_of_memory=ran_out)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def killed_for_memory() -> int:
    """How many processes the kernel has killed for want of memory; 0 where it does not say."""
    for file in _COUNTS:
        try:
            lines = file.read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        found = [line.split()[1] for line in lines if line.startswith("oom_kill ")]
        if found:
            return int(found[0])
    return 0


# --- what is said ---------------------------------------------------------------------------


def crashed(index: int, spec: EraserSpec, lost: Lost) -> Failed:
    """The last event of a job that has taken its worker down."""
    said = {"eraser": spec.id, "title": spec.name}
    if lost.out_of_memory:
        return failed(index, Unavailable("worker_out_of_memory", **said))
    if lost.with_machine:
        return failed(index, Unavailable("worker_gone", reason=lost.reason, **said))
    return failed(index, Unavailable("worker_crashed", reason=lost.reason, **said))


def given_up(index: int, spec: EraserSpec) -> Failed:
    """The last event of a job whose eraser has crashed too often."""
    said = {"eraser": spec.id, "title": spec.name}
    return failed(index, Unavailable("eraser_crashes", times=MOST_CRASHES, **said))


def without_place(index: int, spec: EraserSpec, out: Mapping[str, str], all_out: bool) -> Failed:
    """The last event of a job that no worker can do. out: the places where it could be done, with
    why no process can be begun there. all_out: there is no other place either."""
    if not out:
        return failed(index, Unavailable("no_place.machine", eraser=spec.id, title=spec.name))
    reason = ", ".join(sorted(set(out.values())))
    if all_out:
        return failed(index, Unavailable("workers_lost", eraser=spec.id, reason=reason))
    places = ", ".join(sorted(out))
    said = {"eraser": spec.id, "title": spec.name, "places": places, "reason": reason}
    return failed(index, Unavailable("no_place.worker", **said))
