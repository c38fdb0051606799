"""Who is let in, as the host has said.

    --auth FILE              names and passwords, made by `python -m methods auth`
    --auth hf:NAME,NAME,…    whoever signs in with Hugging Face and is one of these, or of these
                             organizations; on a Space alone
    both, one after the other, or ERASER_LAB_AUTH with a space between: either is enough

Gradio has the sessions: its `/login` asks `Access.verify`, and what it has signed in with Hugging
Face stands in the session that its OAuth keeps.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from methods import BadInput, Unavailable

if TYPE_CHECKING:
    from ui.stores.accounts import Accounts

HUB = "hf:"
SPACE_NEEDS = ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL")
OAUTH_PACKAGES = ("authlib", "itsdangerous")


@dataclass(frozen=True, slots=True)
class Access:
    """accounts: names and passwords, or None. hub: names on the hub, lower case, of people and
    organizations."""

    accounts: Accounts | None = None
    hub: frozenset[str] = frozenset()

    async def verify(self, name: str, password: str) -> bool:
        """As Gradio's `auth` is called: in a thread, since the hash is meant to take its time."""
        if self.accounts is None:
            return False
        return await run_in_threadpool(self.accounts.verify, name, password)

    def of_hub(self, session: Mapping[str, Any]) -> str | None:
        """Who has signed in with Hugging Face and belongs here. session: of Starlette."""
        info = session.get("oauth_info") if self.hub else None
        if not isinstance(info, Mapping) or not _is_valid(info):
            return None
        person = info.get("userinfo", {})
        name = str(person.get("preferred_username", ""))
        names = {name.lower(), *_organizations(person)}
        return f"{HUB}{name}" if name and names & self.hub else None


def access_of(said: Sequence[str]) -> Access | None:
    """What `--auth` says; None for nothing: everybody. Raises UserError for what cannot be."""
    files = [each for each in said if not each.startswith(HUB)]
    names = [each.removeprefix(HUB) for each in said if each.startswith(HUB)]
    hub = frozenset(name.strip().lower() for each in names for name in each.split(","))
    if not said:
        return None
    if len(files) > 1 or (names and "" in hub):
        raise BadInput("auth_setting")
    if names:
        _check_hub()
    return Access(_accounts(files[0]) if files else None, hub)


def _accounts(path: str) -> Accounts:
    if find_spec("argon2") is None:
        raise Unavailable("auth_missing", package="argon2-cffi")
    from ui.stores.accounts import Accounts

    accounts = Accounts(Path(path).expanduser())
    accounts.check()
    return accounts


def _check_hub() -> None:
    """Elsewhere Gradio signs everybody in under the host's own name, and its key is known."""
    if not os.environ.get("SPACE_ID") or not all(map(os.environ.get, SPACE_NEEDS)):
        raise BadInput("auth_needs_space")
    if any(find_spec(name) is None for name in OAUTH_PACKAGES):
        raise Unavailable("auth_missing", package="gradio[oauth]")


def _is_valid(info: Mapping[str, Any]) -> bool:
    try:
        return float(info["expires_at"]) > time.time()
    except (KeyError, TypeError, ValueError):
        return False


def _organizations(person: Mapping[str, Any]) -> Iterable[str]:
    listed = person.get("orgs")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping):
            yield str(one.get("preferred_username") or one.get("name") or "").lower()
