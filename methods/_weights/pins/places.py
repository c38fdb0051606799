"""Places that say what files weigh and hash to: a folder of the user's own, or the model hub."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote

from pydantic import BaseModel

from methods._base import Unavailable
from methods._weights.cache import sha256_of
from methods._weights.errors import SourceFailed
from methods._weights.progress import Watch
from methods._weights.sources.hub import hub_forbidden, login
from methods._weights.transport.transfer import Download

_COMMIT = re.compile(r"[0-9a-f]{40}")
_MOST = 32 << 20
"""Bytes of the hub's list of a repository's files."""


class Seen(NamedTuple):
    """What a file is: its bytes and its hex SHA-256."""

    size: int
    sha256: str


class Place(Protocol):
    """Files at one revision; `revision` is "" where that cannot be known."""

    @property
    def revision(self) -> str: ...

    @property
    def paths(self) -> Sequence[str]:
        """All of its files, in the order of the alphabet."""

    def look(self, path: str) -> Seen | None:
        """None when it does not have the file. Raises SourceFailed when it keeps it back."""


class FolderPlace:
    """A folder of the user's own. revision: given where the folder does not tell it."""

    def __init__(self, folder: Path, revision: str = "") -> None:
        self._folder = folder
        self.revision = revision or _revision_of(folder)

    @cached_property
    def paths(self) -> Sequence[str]:
        """Without those of the tools and the words for people."""
        files = (file for file in self._folder.rglob("*") if file.is_file())
        return _weights_of(file.relative_to(self._folder).as_posix() for file in files)

    def look(self, path: str) -> Seen | None:
        """Reads the whole file."""
        file = self._folder / path
        return Seen(file.stat().st_size, sha256_of(file)) if file.is_file() else None


def _weights_of(paths: Iterable[str]) -> list[str]:
    """Without hidden files, licences and what is to be read by people."""
    hidden, words = re.compile(r"(^|/)\."), re.compile(r"(\.md|(^|/)LICEN[CS]E[^/]*)$", re.I)
    return sorted(path for path in paths if not hidden.search(path) and not words.search(path))


def _revision_of(folder: Path) -> str:
    """The commit that the hub's own client has noted down, "" without such a note."""
    if folder.parent.name == "snapshots" and _COMMIT.fullmatch(folder.name):
        return folder.name
    found = set(_noted(folder / ".cache" / "huggingface" / "download"))
    return found.pop() if len(found) == 1 else ""


def _noted(folder: Path) -> Iterator[str]:
    """The first line of each note is the file's commit."""
    for note in folder.rglob("*.metadata"):
        yield note.read_text("utf-8").partition("\n")[0]


class _Large(BaseModel):
    size: int
    sha256: str


class _Listed(BaseModel):
    rfilename: str
    size: int = 0
    lfs: _Large | None = None


class _Answer(BaseModel):
    """What the hub says of a repository at a revision, as far as it is wanted here."""

    sha: str
    siblings: list[_Listed]


class HubPlace:
    """A repository of the model hub, by the hub's HTTP interface.

    The hub knows the SHA-256 of its large files; the small ones are fetched, and forgotten.
    """

    def __init__(self, repo: str, revision: str) -> None:
        self._repo = repo
        self._asked = revision

    @cached_property
    def _answer(self) -> _Answer:
        from huggingface_hub import constants

        if why := hub_forbidden():
            raise Unavailable("pin_hub.forbidden", why=why)
        at = quote(self._asked, safe="")
        url = f"{constants.ENDPOINT}/api/models/{self._repo}/revision/{at}?blobs=true"
        try:
            return _Answer.model_validate_json(_page(url, _MOST))
        except SourceFailed as error:
            why_not = str(error)
        except ValueError:  # pydantic's: something in between has answered
            why_not = "what came is not a list of files"
        raise Unavailable("pin_hub", repo=self._repo, reason=why_not)

    @cached_property
    def _files(self) -> Mapping[str, _Listed]:
        return {file.rfilename: file for file in self._answer.siblings}

    @property
    def revision(self) -> str:
        """The commit that a branch stands for now."""
        return self._answer.sha

    @property
    def paths(self) -> Sequence[str]:
        """Without those of the hub and the words for people."""
        return _weights_of(self._files)

    def look(self, path: str) -> Seen | None:
        """Raises SourceFailed for a small file that the hub gives to others only."""
        file = self._files.get(path)
        if file is None:
            return None
        if file.lfs is not None:
            return Seen(file.lfs.size, file.lfs.sha256)
        return self._fetched(path, file.size)

    def _fetched(self, path: str, size: int) -> Seen:
        from huggingface_hub import hf_hub_url

        body = _page(hf_hub_url(self._repo, path, revision=self.revision), size)
        if len(body) != size:
            raise SourceFailed(f"{self._repo} (sent {path} in another size than it lists)")
        return Seen(size, hashlib.sha256(body).hexdigest())


def _page(url: str, most: int) -> bytes:
    """What stands behind an address, with the user's login for the hub."""
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "page"
        Download(url, part, most, False, Watch(most), login(), most=most).run()
        return part.read_bytes()
