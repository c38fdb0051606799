"""What a `.part` is the beginning of, noted beside it, so that only the same file continues it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from methods._system.files import write_atomic
from methods._weights.cache import beside
from methods._weights.transport.http import Head

_SHA256 = re.compile(r'"?([0-9a-f]{64})"?')


@dataclass(frozen=True)
class Origin:
    """A state of a file at an address, by the word of its server.

    commit: the repository's, "" where nobody said it; size: bytes, sha256: hex digest, both as
    a model hub sends them along for its large files.
    """

    url: str
    etag: str = ""
    commit: str = ""
    size: int = 0
    sha256: str = ""

    @property
    def is_certain(self) -> bool:
        """Whether it can be told from other states of the file: a weak ETag does not do that."""
        return bool(self.sha256) or (bool(self.etag) and not self.etag.startswith("W/"))

    def same_file(self, other: Origin) -> bool:
        """Whether bytes of the one continue the other."""
        if self.url != other.url or not self.is_certain:
            return False
        if self.sha256 or other.sha256:
            return self.sha256 == other.sha256
        return self.etag == other.etag


def origin_of(url: str, head: Head) -> Origin:
    """What an answer's headers tell."""
    linked = _SHA256.fullmatch(head.hub.get("x-linked-etag", ""))
    size = head.hub.get("x-linked-size", "")
    return Origin(
        url,
        etag=head.headers.get("etag", ""),
        commit=head.hub.get("x-repo-commit", ""),
        size=int(size) if size.isdigit() else 0,
        sha256=linked[1] if linked else "",
    )


def note(part: Path, origin: Origin) -> None:
    """Write down what `part` is the beginning of."""
    write_atomic(note_of(part), json.dumps(asdict(origin)).encode())


def noted(part: Path) -> Origin:
    """What the note beside `part` says it is; without one, of no address."""
    with suppress(OSError, ValueError, TypeError):
        return Origin(**json.loads(note_of(part).read_text("utf-8")))
    return Origin("")


def note_of(part: Path) -> Path:
    """Where the note lies."""
    return beside(part, ".json")
