"""How the loopback hub answers: the hub's own host, and the host of the content."""

from __future__ import annotations

import re
import socket
import struct
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import unquote

from loopback_hub import BAD_TOKEN, LARGE, SCOPE, Answer, Break, Content, Hold, Hub, Repo, Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

_RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_CACHED = re.compile(r"/api/resolve-cache/models/([^/]+/[^/]+)/([0-9a-f]{40})/(.+)")
_STORED = re.compile(r"/repos/([^/]+/[^/]+)/([0-9a-f]{40})/(.+)")
_PIECE = 1 << 20


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host = ""

    @property
    def hub(self) -> Hub:
        return self.server.hub  # type: ignore[attr-defined,no-any-return]

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.seen.append(Seen(self.host, self.command, self.path, headers))
        if self.hub.latency:
            time.sleep(self.hub.latency)
        try:
            self.answer()
        except OSError:
            self.close_connection = True  # the reader has gone

    def answer(self) -> None:
        raise NotImplementedError

    def say(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """An answer without content of a file."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def give(self, repo: str, path: str, content: Content, headers: Mapping[str, str]) -> None:
        """The file, or the range of it that was asked for; a break cuts it off."""
        start = self._start(content.size, headers.get("ETag", ""))
        self.send_response(206 if start else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Accept-Ranges", "bytes")
        if self.hub.lengths or self.command == "HEAD":
            self.send_header("Content-Length", str(content.size - start))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        if start:
            whole = f"bytes {start}-{content.size - 1}/{content.size}"
            self.send_header("Content-Range", whole)
        self.end_headers()
        if self.command == "GET":
            self._send(repo, path, content, start)

    def _start(self, size: int, etag: str) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if_range = self.headers.get("If-Range", etag)
        same = if_range == etag and not (self.headers.get("If-Range") and etag.startswith("W/"))
        return int(asked[1]) if asked and same and int(asked[1]) < size else 0

    def _send(self, repo: str, path: str, content: Content, start: int) -> None:
        end, trouble = content.size, self.hub.trouble(repo, path)
        if isinstance(trouble, Break | Hold):
            self.hub.take(repo, path)
            end = min(end, start + trouble.after)
        if isinstance(content.source, bytes):
            self.wfile.write(content.source[start:end])
        else:
            with open(content.source, "rb") as file:
                self.wfile.flush()
                self.connection.sendfile(file, start, end - start)
        with self.hub.lock:
            self.hub.sent += end - start
        if isinstance(trouble, Hold):
            self.wfile.flush()
            self.hub.held.set()
            self.hub.released.wait()
        if end < content.size:
            self._cut()

    def _cut(self) -> None:
        """End the connection as a cable does: what was sent arrives, and then an error."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))

    def troubled(self, repo: str, path: str) -> bool:
        """Whether this host had to answer something else, and did."""
        trouble = self.hub.trouble(repo, path)
        if isinstance(trouble, Break) and trouble.after < 0:
            self.hub.take(repo, path)
            self._cut()
            return True
        if not isinstance(trouble, Answer) or trouble.at_content != (self.host == "content"):
            return False
        self.hub.take(repo, path)
        self.say(trouble.status, trouble.headers, trouble.body)
        return True

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


class ContentHandler(_Handler):
    """The host behind the signed addresses. It knows no account."""

    host = "content"

    def answer(self) -> None:
        match = _STORED.fullmatch(unquote(self.path.partition("?")[0]))
        if match is None:
            return self.say(403, {}, b"<Error>AccessDenied</Error>")
        repo, commit, path = match.groups()
        if not self.troubled(repo, path):
            content = self.hub.repos[repo].commits[commit][path]
            self.give(repo, path, content, _etag(self.hub.etags, content))


def _etag(kind: str, content: Content) -> dict[str, str]:
    tag = f'"{content.sha256[:32]}"'
    return {"strong": {"ETag": tag}, "weak": {"ETag": f"W/{tag}"}, "none": {}}[kind]


class HubHandler(_Handler):
    """The hub itself."""

    host = "hub"

    def answer(self) -> None:
        path = unquote(self.path.partition("?")[0])
        if match := _CACHED.fullmatch(path):
            repo, commit, file = match.groups()
            content = self.hub.repos[repo].commits[commit][file]
            own = {"X-Repo-Commit": commit, "ETag": f'"{content.etag}"'}
            return self.give(repo, file, content, own)
        match = _RESOLVE.fullmatch(path)
        if match is None:
            return self.say(404, {})
        repo, revision, file = match.groups()
        if not self.troubled(repo, file) and not self._refused(repo, revision, file):
            self._point_to(repo, revision, file)
        return None

    def _refused(self, name: str, revision: str, file: str) -> bool:
        """Whether the hub keeps the file from whoever asks; then it has said so."""
        login = self.headers.get("Authorization", "").removeprefix("Bearer ")
        refusal = self._refusal(name, login) or self._absence(name, revision, file)
        if refusal is None:
            return False
        status, code, words = refusal
        said = {"X-Error-Code": code, "X-Error-Message": words}
        self.say(status, {key: value for key, value in said.items() if value}, words.encode())
        return True

    def _refusal(self, name: str, login: str) -> tuple[int, str, str] | None:
        if login and login not in self.hub.tokens:
            return 401, "", BAD_TOKEN
        repo = self.hub.repos.get(name)
        if repo is None:
            return (404 if login else 401), "RepoNotFound", "Repository not found"
        if repo.disabled:
            return 403, "", "Access to this resource is disabled."
        return self._gate(name, repo, login)

    def _gate(self, name: str, repo: Repo, login: str) -> tuple[int, str, str] | None:
        if not repo.gated:
            return None
        restricted = f"Access to model {name} is restricted"
        if not login:
            return 401, "GatedRepo", f"{restricted}. You must be authenticated to access it."
        token = self.hub.tokens[login]
        if not token.may_read_gated:
            return 403, "", SCOPE
        if name not in token.licences:
            return 403, "GatedRepo", f"{restricted} and you are not in the authorized list."
        return None

    def _absence(self, name: str, revision: str, file: str) -> tuple[int, str, str] | None:
        repo = self.hub.repos[name]
        if repo.renamed_to:
            return None
        commit = repo.head if revision == "main" else revision
        if commit not in repo.commits:
            return 404, "RevisionNotFound", f"Invalid rev id: {revision}"
        if file not in repo.commits[commit]:
            return 404, "EntryNotFound", "Entry not found"
        return None

    def _point_to(self, name: str, revision: str, file: str) -> None:
        repo = self.hub.repos[name]
        if repo.renamed_to:
            return self.say(307, {"Location": f"/{repo.renamed_to}/resolve/{revision}/{file}"})
        commit = repo.head if revision == "main" else revision
        content = repo.commits[commit][file]
        if self.hub.bare:
            return self.give(name, file, content, {})
        known = {"X-Repo-Commit": commit, "X-Linked-Size": str(content.size)}
        known["X-Linked-Etag"] = f'"{content.etag}"'
        if content.size >= LARGE:
            known["Location"] = f"{self.hub.content}/repos/{name}/{commit}/{file}?signed=1"
            return self.say(302, known)
        known["Location"] = f"/api/resolve-cache/models/{name}/{commit}/{file}"
        return self.say(307, known)
