"""The log, by the names that the page's side uses; `methods._system.logs` says what it holds."""

from __future__ import annotations

from methods import adopt_logger as adopt
from methods import begin_logging, current_run, keep_private, keeping_private

__all__ = ["adopt", "begin_logging", "current_run", "keep_private", "keeping_private"]
