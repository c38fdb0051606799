"""A model hub on this machine, with real sockets and a content host on another host name.

It answers as the public one does: 307 for small and renamed files, 302 to the content host for
large ones, `X-Repo-Commit`, `X-Linked-Size`, `X-Linked-Etag`, `X-Error-Code`, `X-Error-Message`;
a bad token is refused for public files too, and what does not exist is hidden from strangers.
What goes wrong on top of that is put in front of a path with `Hub.troubles`.

    with loopback_hub() as hub:
        commit = hub.publish("org/repo", {"unet/model.safetensors": body})
        hub.troubles["org/repo", "unet/model.safetensors"] = [Break(1000), Answer(503)]
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

LARGE = 100_000
"""Bytes from which a file is kept at the content host."""

SCOPE = (
    "Please enable access to public gated repositories in your fine-grained token settings to "
    "view this repository."
)
BAD_TOKEN = "Invalid credentials in Authorization header"
WEB_PAGE = b"<!DOCTYPE html>\n<html><body>Log in to this network</body></html>"


@dataclass(frozen=True)
class Break:
    """The content ends after so many bytes of this answer, and the connection with it; below
    zero the connection ends before the answer begins."""

    after: int


@dataclass(frozen=True)
class Hold:
    """The content stops after so many bytes of this answer until `Hub.released` is set; it has
    come so far when `Hub.held` is set."""

    after: int


@dataclass(frozen=True)
class Answer:
    """Another status than the right one, from the hub itself or from the content host."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    at_content: bool = False


Trouble: TypeAlias = Break | Hold | Answer


def captive_portal(*, typed: bool = True) -> Answer:
    """What a hotel's network answers in everybody's place; typed: with its Content-Type."""
    kind = {"Content-Type": "text/html; charset=utf-8" if typed else "application/octet-stream"}
    return Answer(200, kind, WEB_PAGE)


class Content:
    """The bytes of a file, in memory or in a file on the disk."""

    def __init__(self, source: bytes | Path) -> None:
        self.source = source
        self.size = len(source) if isinstance(source, bytes) else source.stat().st_size
        self.sha256 = self._digest()

    def _digest(self) -> str:
        if isinstance(self.source, bytes):
            return hashlib.sha256(self.source).hexdigest()
        with open(self.source, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def etag(self) -> str:
        """The SHA-256 of a large file, git's name of a small one."""
        if self.size >= LARGE or not isinstance(self.source, bytes):
            return self.sha256
        return hashlib.sha1(b"blob %d\0" % self.size + self.source).hexdigest()


@dataclass
class Repo:
    """A repository: its files at each commit, the newest last, and who may have them."""

    commits: dict[str, dict[str, Content]] = field(default_factory=dict)
    gated: bool = False
    renamed_to: str = ""
    disabled: bool = False

    @property
    def head(self) -> str:
        return list(self.commits)[-1]


@dataclass(frozen=True)
class Token:
    """An account's token. licences: repositories that the account was let into."""

    licences: frozenset[str] = frozenset()
    may_read_gated: bool = True


@dataclass(frozen=True)
class Seen:
    """One request: host "hub" or "content", header names in small letters."""

    host: str
    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Hub:
    """A running hub. etags: the content host's, "strong", "weak" or "none". bare: like a mirror
    that hands the files out itself and has none of the hub's own headers. latency: seconds
    before each answer. lengths: whether content comes with its Content-Length. sent: bytes of
    content that went out."""

    hub_port: int
    content_port: int
    repos: dict[str, Repo] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    troubles: dict[tuple[str, str], list[Trouble]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    etags: str = "strong"
    bare: bool = False
    latency: float = 0.0
    lengths: bool = True
    sent: int = 0
    held: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> str:
        """The address for HF_ENDPOINT."""
        return f"http://127.0.0.1:{self.hub_port}"

    @property
    def content(self) -> str:
        """The content host's address: another host name and another port."""
        return f"http://localhost:{self.content_port}"

    def publish(self, repo: str, files: Mapping[str, bytes | Path], *, gated: bool = False) -> str:
        """A new commit with exactly these files; returns its name."""
        kept = self.repos.setdefault(repo, Repo())
        kept.gated = gated or kept.gated
        contents = {path: Content(source) for path, source in files.items()}
        names = f"{repo} {len(kept.commits)} {sorted(contents)}"
        commit = hashlib.sha1(names.encode()).hexdigest()
        kept.commits[commit] = contents
        return commit

    def trouble(self, repo: str, path: str) -> Trouble | None:
        """The next one that stands before this file, without taking it away."""
        waiting = self.troubles.get((repo, path))
        return waiting[0] if waiting else None

    def take(self, repo: str, path: str) -> None:
        """The trouble has happened."""
        self.troubles[repo, path].pop(0)

    def asked(self, method: str = "GET", host: str = "") -> list[str]:
        """The paths of all requests so far, of one method and of one host or both."""
        return [s.path for s in self.seen if s.method == method and s.host in (host or s.host)]

    def content_ranges(self) -> list[str]:
        """The Range header of each request for content, "" where there was none."""
        return [s.headers.get("range", "") for s in self.seen if s.host == "content"]


@contextmanager
def loopback_hub() -> Iterator[Hub]:
    """A hub and its content host, on free ports of this machine."""
    from _loopback_handlers import ContentHandler, HubHandler

    servers = [_Server(("127.0.0.1", 0), kind) for kind in (HubHandler, ContentHandler)]
    hub_port, content_port = (int(server.server_address[1]) for server in servers)
    hub = Hub(hub_port, content_port)
    for server in servers:
        server.hub = hub
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield hub
    finally:
        hub.released.set()
        for server in servers:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    hub: Hub
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that leaves in the middle is what is tested."""
