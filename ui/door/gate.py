"""The gate: where the host has said who is let in, nobody else gets past it.

It stands before all routes, Gradio's and our own. Open are the health of the program, the page on
which one signs in, and what signs one in.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from http.cookies import CookieError
from secrets import token_urlsafe
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from methods import Unavailable
from ui.common.limits import Rate, RateLimiter
from ui.door.access import Access
from ui.door.bodies import path_of
from ui.door.names import READING
from ui.door.refusals import Refusal
from ui.door.sign_in import sign_in_page

OPEN = frozenset({"/healthz", "/readyz"})
LOGIN = frozenset({"/login", "/login/"})
OF_HUB = frozenset({"/login/huggingface", "/login/callback"})
STARTUP = "/gradio_api/startup-events"
SIGN_OUT = "/lab/sign-out"
ATTEMPTS = Rate(per_second=1 / 20, burst=8)
"""Wrong passwords of one visitor."""

CROWD = 50


class Gate:
    """access: who is let in. lang: of the page, or None for the browser's own."""

    def __init__(self, access: Access, lang: str | None = None) -> None:
        self._access = access
        self._page = sign_in_page(bool(access.accounts), bool(access.hub), lang)
        self._attempts = RateLimiter(ATTEMPTS, crowd=CROWD)
        self._passwords: dict[str, str] = {}  # as they were when last looked at

    def who(self, scope: Scope) -> str | None:
        """The name of whoever asks, where they are let in."""
        self._forget_removed(scope)
        return self._by_token(scope) or self._by_session(scope) or self._by_hub(scope)

    def let_in(self, scope: Scope, name: str) -> Scope:
        """The request of somebody who is let in: counted by the name, known to Gradio by it.

        Gradio knows sessions alone, so that a token and a sign-in at the hub get one of its own.
        """
        scope = {**scope, "client": (f"@{name}", 0)}
        tokens, cookies = _tokens(scope), _cookies(scope)
        ours = _session_names(scope)
        if tokens is None or any(tokens.get(cookies.get(each, "")) == name for each in ours):
            return scope
        session = next((token for token, of in tokens.items() if of == name), None)
        if session is None:
            session = token_urlsafe(32)
            tokens[session] = name
        rest = [f"{key}={value}" for key, value in cookies.items() if key not in ours]
        cookie = "; ".join([*rest, f"{ours[-1]}={session}"]).encode("latin-1", "ignore")
        others = [(key, value) for key, value in scope["headers"] if key != b"cookie"]
        return {**scope, "headers": [*others, (b"cookie", cookie)]}

    def answer(self, scope: Scope) -> Response | None:
        """To somebody who is not let in; None where the way is open all the same.

        Raises Refusal ("sign_in_first").
        """
        path = path_of(scope)
        if path in OPEN or (path in LOGIN and scope["method"] == "POST" and self._access.accounts):
            return None
        if path in OF_HUB and self._access.hub:
            return None
        if path == STARTUP and not getattr(scope.get("app"), "startup_events_triggered", True):
            return None  # Gradio begins by asking itself
        if scope["method"] in READING and "text/html" in Headers(scope=scope).get("accept", ""):
            return self._page
        raise Refusal(401, Unavailable("sign_in_first"))

    def is_attempt(self, scope: Scope) -> bool:
        return path_of(scope) in LOGIN and scope["method"] == "POST"

    def take_attempt(self, visitor: str) -> None:
        """Raises UserError ("too_fast", "crowded")."""
        self._attempts.take(visitor)

    def give_attempt_back(self, visitor: str) -> None:
        """It was no guess."""
        self._attempts.give_back(visitor)

    def sign_out(self, scope: Scope, name: str) -> Response:
        """Of all this person's sessions."""
        tokens = _tokens(scope)
        for token in [t for t, of in (tokens or {}).items() if of == name]:
            tokens.pop(token, None)  # type: ignore[union-attr]
        session = scope.get("session")
        if isinstance(session, MutableMapping):
            session.pop("oauth_info", None)
        answer = JSONResponse({"ok": True})
        for each in _session_names(scope):
            answer.delete_cookie(each)
        return answer

    def _by_token(self, scope: Scope) -> str | None:
        kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if self._access.accounts is None or kind.lower() != "bearer" or not token:
            return None
        return self._access.accounts.name_of(token.strip())

    def _by_session(self, scope: Scope) -> str | None:
        """By a cookie of Gradio's."""
        tokens, cookies = _tokens(scope) or {}, _cookies(scope)
        names = (tokens.get(cookies.get(each, "")) for each in _session_names(scope))
        return next((name for name in names if name and not name.startswith("hf:")), None)

    def _by_hub(self, scope: Scope) -> str | None:
        session = scope.get("session")
        return self._access.of_hub(session) if isinstance(session, MutableMapping) else None

    def _forget_removed(self, scope: Scope) -> None:
        """The sessions of people who are not let in any more, or have another password."""
        people = self._access.accounts.people() if self._access.accounts else {}
        now = {name: person.password for name, person in people.items()}
        tokens = _tokens(scope)
        if now == self._passwords or tokens is None:
            return
        changed = {name for name, word in self._passwords.items() if now.get(name) != word}
        for token in [token for token, name in tokens.items() if name in changed]:
            tokens.pop(token, None)
        self._passwords = now


def _tokens(scope: Scope) -> dict[str, str] | None:
    """Gradio's sessions: the name by the token; None where the app is not Gradio's."""
    tokens = getattr(scope.get("app"), "tokens", None)
    return tokens if isinstance(tokens, dict) else None


def _session_names(scope: Scope) -> tuple[str, str]:
    """What Gradio calls its cookies, over https and elsewhere."""
    number: Any = getattr(scope.get("app"), "cookie_id", "")
    return f"access-token-{number}", f"access-token-unsecure-{number}"


def _cookies(scope: Scope) -> dict[str, str]:
    try:
        return HTTPConnection(scope).cookies
    except (CookieError, ValueError):
        return {}
