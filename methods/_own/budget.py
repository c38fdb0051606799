"""How many pictures a server may still be asked for today: for all processes that share the data
folder, so that neither a restart nor a worker begins anew. Days are UTC's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from methods._base import Unavailable
from methods._system.data_folder import data_folder
from methods._system.files import file_fault, write_atomic

_FILE = "own_calls.json"
_LOCK_SECONDS = 10.0


def take_call(eraser_id: str, per_day: int, title: str) -> None:
    """Count one more. Raises Unavailable where the day's are used up, and where they cannot be
    counted: whoever set a limit would rather be asked."""
    file = data_folder() / _FILE
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_suffix(".lock"), timeout=_LOCK_SECONDS):
            left = _counted(file, eraser_id, per_day)
    except (OSError, Timeout) as error:
        why = "own_calls.lock." if isinstance(error, Timeout) else file_fault(error)
        raise Unavailable("own_server.uncounted", title=title, why=why) from error
    if not left:
        raise Unavailable("own_server.spent", title=title, calls=per_day)


def _counted(file: Path, eraser_id: str, per_day: int) -> bool:
    """Whether there was one left, which is counted then."""
    today = datetime.now(UTC).date().isoformat()
    calls = _calls_of(file, today)
    if calls.get(eraser_id, 0) >= per_day:
        return False
    calls[eraser_id] = calls.get(eraser_id, 0) + 1
    write_atomic(file, json.dumps({"day": today, "calls": calls}).encode())
    return True


def _calls_of(file: Path, today: str) -> dict[str, int]:
    """By eraser. Raises OSError; what is no count of ours is begun anew."""
    try:
        found = json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    match found:
        case {"day": str(day), "calls": dict(calls)} if day == today:
            return {name: n for name, n in calls.items() if isinstance(n, int)}
    return {}
