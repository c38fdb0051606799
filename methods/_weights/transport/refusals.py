"""What it means when a model hub keeps a file back, told apart by its own headers.

The hub answers 401 to a bad token for public files, too; hides from strangers what does not
exist; and says in `X-Error-Code` and `X-Error-Message` which of all that it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from methods._base import WeightFile, WeightsUnavailable
from methods._system.space import said_here
from methods._weights.errors import SourceFailed, command, variable
from methods._weights.progress import Notice
from methods._weights.transport.http import Head

_BAD_TOKEN = "invalid credentials"
_DISABLED = "access to this resource is disabled"
_SCOPE = re.compile(r"fine-grained|permission|gated repositor|scope", re.IGNORECASE)


class Kind(StrEnum):
    """Why a file is kept back; each has a way out of its own."""

    LOGIN = "login"  # gated, and nobody is logged in
    LICENCE = "licence"  # gated, and this account was not let in
    PERMISSION = "permission"  # the account may, its token may not
    TOKEN = "token"  # the token is not valid (any more)
    NO_MODEL = "no model"  # deleted, renamed, private, or never there


@dataclass(frozen=True)
class Door:
    """Where a file was asked for: the hub's address, "owner/name", and with a token or not."""

    endpoint: str
    repo: str
    token: bool

    @property
    def page(self) -> str:
        """The model's page, where its licence is accepted."""
        return f"{self.endpoint}/{self.repo}"

    @property
    def tokens(self) -> str:
        """The page with the account's tokens."""
        return f"{self.endpoint}/settings/tokens"


class Refused(SourceFailed):
    """The hub keeps the file back; asking again changes nothing until the user has acted."""

    def __init__(self, kind: Kind, door: Door) -> None:
        super().__init__(f"model hub {door.repo} ({_CLAUSES[kind]})")
        self.kind, self.door = kind, door


_CLAUSES = {
    Kind.LOGIN: "wants its licence accepted and a token",
    Kind.LICENCE: "has not let your account in yet",
    Kind.PERMISSION: "your token lacks a permission",
    Kind.TOKEN: "your token is not valid",
    Kind.NO_MODEL: "the hub has no such model",
}


def is_bad_token(head: Head) -> bool:
    """Whether an answer refuses the token itself, whatever it was asked for."""
    return head.status == 401 and _BAD_TOKEN in _message(head)


def refused(head: Head, door: Door, *, bad_token: bool = False) -> Refused | None:
    """What the hub's answer means; None where it is no refusal, or not the hub's.

    bad_token: a token had been refused before, and this is the answer without it.
    """
    code = head.hub.get("x-error-code", "")
    if code == "RepoNotFound" or _DISABLED in _message(head):
        return Refused(Kind.NO_MODEL, door)
    if head.status not in (401, 403):
        return None
    if bad_token or is_bad_token(head):
        return Refused(Kind.TOKEN, door)
    if code == "GatedRepo" or (head.status == 401 and not code):  # as mirrors say it
        return Refused(Kind.LICENCE if door.token else Kind.LOGIN, door)
    if door.token and _SCOPE.search(_message(head)):
        return Refused(Kind.PERMISSION, door)
    return None


def _message(head: Head) -> str:
    return head.hub.get("x-error-message", "").lower()


def bad_token(door: Door) -> Notice:
    """The file is public and comes all the same; the token is worth a look."""
    return Notice(said_here("token_ignored"), tokens=door.tokens)


# --- the sentences -------------------------------------------------------------------------


_SENTENCES = {
    Kind.LOGIN: "weights_login",
    Kind.LICENCE: "weights_licence",
    Kind.PERMISSION: "weights_permission",
    Kind.TOKEN: "weights_token",
    Kind.NO_MODEL: "weights_no_model",
}

REFUSALS = frozenset(_SENTENCES.values())
"""Codes of a model hub's refusals: whoever asks for the next file of the model gets the same."""


def sentence(weight: WeightFile, why: Refused) -> WeightsUnavailable:
    """The one sentence for this refusal, with the page to open."""
    door, told = why.door, _SENTENCES[why.kind]
    return WeightsUnavailable(
        told if why.kind is Kind.NO_MODEL else said_here(told),
        name=weight.name,
        size=weight.size,
        repo=door.repo,
        page=door.page,
        tokens=door.tokens,
        command=command(weight.name),
        variable=variable(weight.name),
    )
