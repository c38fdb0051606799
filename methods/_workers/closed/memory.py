"""Memory without a name, which goes into the room and out of it as a file."""

from __future__ import annotations

import fcntl
import mmap
import os
from typing import Self, TypeAlias

Part: TypeAlias = bytes | memoryview


class Memory:
    """Closed with the block; what `sealed` has given stays."""

    def __init__(self, name: str) -> None:
        """name: for whoever looks at the processes' files."""
        self.file = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)

    def fill(self, *parts: Part) -> None:
        """Write them, so that they can be read from their start and never be changed."""
        for part in parts:
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(self.file, rest) :]
        os.lseek(self.file, 0, os.SEEK_SET)
        self._seal()

    def sealed(self) -> mmap.mmap | bytes:
        """What was written into it, as nobody can change it any more. Raises OSError where somebody
        still could, who would hold the seal up."""
        self._seal()
        if os.fstat(self.file).st_size == 0:
            return b""  # which cannot be mapped
        return mmap.mmap(self.file, 0, access=mmap.ACCESS_READ)

    def _seal(self) -> None:
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(self.file, fcntl.F_ADD_SEALS, seals)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.file)
