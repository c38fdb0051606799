"""A small disk of one's own, which can be filled to the last byte: a tmpfs that only the program
under test sees, and that is gone with it (Linux;
as root, or where namespaces of users are allowed).
"""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

_WAYS: tuple[tuple[str, ...], ...] = ((), ("--user", "--map-root-user"))
_SCRIPT = 'mount -t tmpfs -o "size=$1" none "$2" && echo here && exec sleep infinity'


class NoRoom(Exception):
    """This machine makes none."""


class SmallDisk:
    """folder: where it lies, for the processes whose commands are made by `command`."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        """Raises NoRoom."""
        self.folder = folder.resolve()
        for way in _WAYS:
            holder = _held(self.folder, megabytes, way)
            if holder is not None:
                self._holder, self._way = holder, way
                return
        raise NoRoom("unshare and mount are not allowed here")

    def command(self, *words: str) -> list[str]:
        """The same command, among those that see the disk."""
        user = ("--user", "--preserve-credentials") if self._way else ()
        return ["nsenter", "--mount", *user, f"--target={self._holder.pid}", *words]

    def fill(self) -> int:
        """How many bytes were left, and are not any more."""
        written, block = 0, bytes(2**20)
        with (self._seen() / "balloon").open("wb", buffering=0) as file:
            try:
                while True:
                    written += file.write(block)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        return written

    def clear(self) -> None:
        (self._seen() / "balloon").unlink(missing_ok=True)

    def close(self) -> None:
        self._holder.kill()
        self._holder.communicate()

    def _seen(self) -> Path:
        """The disk from outside."""
        return Path(f"/proc/{self._holder.pid}/root") / self.folder.relative_to("/")


def _held(folder: Path, megabytes: int, way: tuple[str, ...]) -> subprocess.Popen[str] | None:
    """A process that keeps the disk for as long as it lives; None where there is none this way."""
    command = ["unshare", "--mount", *way, "sh", "-c", _SCRIPT, "sh", f"{megabytes}m", str(folder)]
    try:
        holder = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    except OSError:
        return None
    assert holder.stdout is not None
    if holder.stdout.readline() == "here\n":
        return holder
    holder.kill()
    holder.communicate()
    return None
