"""Which executor the program uses."""

from __future__ import annotations

from methods._workers.executor import Executor
from methods._workers.in_process import InProcess


def make_executor() -> Executor:
    """The one for this machine."""
    return InProcess()
