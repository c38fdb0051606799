"""Processes that are to end with the one that has begun them."""

from __future__ import annotations

import ctypes
import signal
import sys


def end_with_parent() -> None:
    """On Linux the kernel ends this process with the one that has begun it."""
    if sys.platform == "linux":
        set_parent_death_signal = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
