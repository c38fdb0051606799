"""A control group of Linux whose processes the kernel kills when they take too much memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

_ROOT = Path("/sys/fs/cgroup")


class NoGroup(Exception):
    """None can be made here; the words say why."""


@contextmanager
def memory_group(most: int) -> Iterator[Path]:
    """Its file for ids of processes. most: bytes that all of them may take from when they enter.

    Raises NoGroup where this user may make none, or the kernel limits no memory by groups.
    """
    first = (_ROOT / "memory").is_dir()  # the first version has a tree for each resource
    home = _ROOT / "memory" if first else _ROOT
    group = home / f"eraser-lab-{token_hex(4)}"
    try:
        group.mkdir()
    except OSError as error:
        raise NoGroup(f"no control group can be made in {home}: {error.strerror}") from error
    try:
        _limit(group / ("memory.limit_in_bytes" if first else "memory.max"), most)
        if not first:
            with suppress(OSError):  # without swap there is no such file
                (group / "memory.swap.max").write_text("0")
        yield group / "cgroup.procs"
    finally:
        group.rmdir()


def _limit(file: Path, most: int) -> None:
    if not file.exists():
        raise NoGroup(f"the kernel does not limit memory by groups: no {file.name}")
    try:
        file.write_text(str(most))
    except OSError as error:
        raise NoGroup(f"{file.name} cannot be set: {error.strerror}") from error
