"""Files for the loopback hub, and what the program wants of them."""

from __future__ import annotations

import hashlib
import random

from methods._base import HubFile, WeightFile

REPO = "org/repo"
SIZE = 1_500_000


def body(seed: int = 1, size: int = SIZE) -> bytes:
    """Bytes that begin as torch's files do, the same for the same seed."""
    return b"PK\x03\x04" + random.Random(seed).randbytes(size - 4)


def pinned(content: bytes, commit: str, path: str = "net.bin", repo: str = REPO) -> WeightFile:
    """A file whose hash is known."""
    return WeightFile(
        name=f"model/{path}",
        sources=(HubFile(repo, path, commit),),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        license="MIT",
    )


def unpinned(path: str = "net.bin", size: int = SIZE, repo: str = REPO) -> WeightFile:
    """A file of which only the branch and about how large it is are known."""
    return WeightFile(
        name=f"model/{path}",
        sources=(HubFile(repo, path, "main"),),
        size=size,
        sha256=None,
        license="MIT",
        unpinned_because="never seen here",
    )
