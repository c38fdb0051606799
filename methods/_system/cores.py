"""The cores of the CPU."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """How many this process may use: in a container often fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
