"""One file over HTTP: resumed where it broke off, waited for where the server is busy.

What has come stays in a `.part`, with a note beside it on what it is the beginning of.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from methods._weights.cache import need_room, size_of
from methods._weights.errors import Changed, SourceFailed, WebPage
from methods._weights.progress import Watch
from methods._weights.transport import content, http
from methods._weights.transport.http import Broken, Head, Request, Unreachable
from methods._weights.transport.origin import Origin, note, noted, origin_of
from methods._weights.transport.patience import BUSY, WAITS, Interrupted, Patience, retry_after
from methods._weights.transport.refusals import Door, bad_token, refused


@dataclass
class Download:
    """The file behind `url`, to be brought to `part`.

    size: its bytes. exact: they are known for certain, as the hash is; otherwise the
    server's word is taken and what is there is continued only for the same address and
    the same state of the file. most: bytes that an inexact download may have; without
    it some more than `size`. name: what the first bytes must look like, "" = like anything.
    door: where at a model hub it lies. lasting: wait for a server that is busy. waits: seconds
    between tries while nothing comes. sha256: the expected one, so that a hub's word of another
    saves the transfer.

    After `run`: origin, and digest, the hex SHA-256 where it is known without reading again.
    """

    url: str
    part: Path
    size: int
    exact: bool
    watch: Watch
    headers: Mapping[str, str]
    most: int | None = None
    name: str = ""
    door: Door | None = None
    lasting: bool = True
    waits: Sequence[float] = WAITS
    sha256: str = ""
    origin: Origin = field(init=False)
    digest: str = field(init=False, default="")
    _anonymous: bool = field(init=False, default=False)
    _hash: hashlib._Hash = field(init=False, default_factory=hashlib.sha256)
    _hashed: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.origin = Origin(self.url)

    @property
    def host(self) -> str:
        """The server's name, as it may be shown."""
        return http.host_of(self.url)

    def run(self) -> None:
        """Fetch what is missing. Raises SourceFailed, DiskFull, OSError or Stopped.

        What has arrived stays in `part` for the next time.
        """
        http.refuse_dead(self.url)
        self.digest = ""
        patience = Patience(self.host, self.watch, self.lasting, self.waits, size_of(self.part))
        begun = False
        while not self._is_whole():
            try:
                return self._once()
            except Interrupted as why:
                begun = True
                patience.bear(why, size_of(self.part))
            except Broken as why:
                begun = True
                patience.bear(Interrupted(str(why)), size_of(self.part))
            except Unreachable as why:
                if not begun:
                    raise
                http.revive(self.url)  # it was there a moment ago
                patience.bear(Interrupted(_reason(why)), size_of(self.part))

    def _is_whole(self) -> bool:
        have = size_of(self.part)
        if self.exact:
            return have == self.size
        known = noted(self.part)
        if have and known.url == self.url and known.sha256 and known.size == have:
            self.origin = known
            return True
        return False

    def _once(self) -> None:
        request = Request(self.url, self._asking())
        try:
            head = request.head(self.watch)
            self._admit(head)
            start = self._start(head)
            total = self._total(head)
            chunks = request.chunks(self.watch)
            first = b"" if start else next(chunks, b"")
            self._judge(head, first, start, total)
            need_room(self.part.parent, (total or self.size) - start)
            note(self.part, self.origin)
            self._write(chain((first,) if first else (), chunks), start, total)
        finally:
            request.leave()

    # --- the question ---

    def _asking(self) -> dict[str, str]:
        """The request's headers, with the range that is still missing."""
        headers = {**self.headers, "Accept-Encoding": "identity"}
        if self._anonymous:
            headers.pop("Authorization", None)
        have, known = size_of(self.part), noted(self.part)
        if self.exact:
            if have > self.size:
                self.part.unlink()
            elif have:
                headers["Range"] = f"bytes={have}-"
        elif have and known.url == self.url and known.is_certain:
            headers["Range"] = f"bytes={have}-"
            if not known.sha256:
                headers["If-Range"] = known.etag
        return headers

    # --- the answer ---

    def _admit(self, head: Head) -> None:
        """Raise what keeps the file from us, or nothing."""
        if head.status in BUSY:
            why = f"answered with status {head.status}"
            raise Interrupted(why, asked=retry_after(head.headers), busy=True)
        if head.status == 401 and "Authorization" in self.headers and not self._anonymous:
            self._anonymous = True  # a bad token is refused for public files, too
            raise Interrupted("wants a login", anew=True)
        door = self.door
        if door and (why_not := refused(head, door, bad_token=self._anonymous)):
            raise why_not
        if head.hub.get("x-error-code") == "RevisionNotFound":
            raise Changed(f"{self.host} (does not have this version of the file any more)")
        if head.status not in (200, 206, 416):
            raise SourceFailed(f"{self.host} ({_meaning(head.status)})")
        if content.is_page(head.headers):
            raise WebPage(self.host)
        if self._anonymous and door:
            self.watch.say(bad_token(door))
        self._take_word(head)

    def _take_word(self, head: Head) -> None:
        """Note what the file is by the server's word, and drop a beginning of another one."""
        self.origin = origin_of(self.url, head)
        if self.sha256 and self.origin.sha256 not in ("", self.sha256):
            raise Changed(f"{self.host} (holds another file: its SHA-256 differs)")
        if head.status == 206 and not self.exact and not self.origin.same_file(noted(self.part)):
            self.part.unlink(missing_ok=True)
            raise Interrupted("the file has changed meanwhile", anew=True)

    def _start(self, head: Head) -> int:
        """Where the body that now comes begins in the file."""
        if head.status == 206:
            start = head.headers.get("content-range", "").removeprefix("bytes ").split("-")[0]
            if start != str(size_of(self.part)):
                raise SourceFailed(f"{self.host} (sent another part than was asked for)")
            return int(start)
        if head.status == 416:  # what is here cannot be continued: begin anew
            self.part.unlink(missing_ok=True)
            raise Interrupted("the part was refused", anew=True)
        return 0

    def _total(self, head: Head) -> int | None:
        """Bytes of the whole file by the server's word."""
        if head.status == 206:
            word = head.headers.get("content-range", "").rpartition("/")[2]
        else:
            word = head.headers.get("content-length", "")
        return int(word) if word.isdigit() else self.origin.size or None

    def _judge(self, head: Head, first: bytes, start: int, total: int | None) -> None:
        """Refuse what cannot be the file, by its first bytes and its size, before anything that
        is here is touched."""
        if content.is_page(head.headers, first):
            raise WebPage(self.host)
        if total is not None:
            self._judge_size(total)
            self.watch.total = total
        known = len(first) >= min(content.NEEDED, total or content.NEEDED)
        judged = self.name and not start and known
        if judged and not content.can_be(self.name, first, total or self.size):
            raise SourceFailed(f"{self.host} (sent something else than such a file)")

    def _judge_size(self, total: int) -> None:
        if self.origin.size not in (0, total):
            raise SourceFailed(f"{self.host} (sent another size than the hub keeps)")
        if self._least() <= total <= self._allowed():
            return
        failure = Changed if self.origin.sha256 or 2 * total >= self.size else SourceFailed
        raise failure(f"{self.host} (holds a file of another size)")

    def _allowed(self) -> int:
        if self.exact:
            return self.size
        return 2 * self.size + (64 << 20) if self.most is None else self.most

    def _least(self) -> int:
        """Bytes that it must have. An estimate is right within a few per cent, so half of it is
        no such file; where a hub knows the hash, the file is what the publisher keeps there."""
        if self.exact:
            return self.size
        by_word = bool(self.origin.sha256) or self.most is not None
        return 0 if by_word or self.size < 1_000_000 else self.size // 2

    # --- the body ---

    def _write(self, chunks: Iterator[bytes], start: int, total: int | None) -> None:
        done, limit = start, total or self._allowed()
        with open(self.part, "ab" if start else "wb") as file:
            for chunk in chunks:
                done += len(chunk)
                if done > limit:
                    raise SourceFailed(f"{self.host} (sent more than the file holds)")
                file.write(chunk)
                self._digest(chunk, done)
                self.watch.tell(done)
            file.flush()
            os.fsync(file.fileno())
        if done < (total or self._least()):
            raise Interrupted("the connection ended early")
        self.digest = self._hash.hexdigest() if self._hashed == done else ""

    def _digest(self, chunk: bytes, done: int) -> None:
        """Hash along with the writing, as long as that was from the first byte on."""
        before = done - len(chunk)
        if before == 0:
            self._hash, self._hashed = hashlib.sha256(), 0
        if self._hashed == before:
            self._hash.update(chunk)
            self._hashed = done


def _reason(why: Exception) -> str:
    return str(why).partition(" (")[2].removesuffix(")") or str(why)


def _meaning(status: int) -> str:
    if status in (401, 403):
        return "refuses access; if it is a model hub, it may want HF_TOKEN to be set"
    if status in (404, 410):
        return "does not have the file"
    return f"answered with status {status}"
