"""Who may come in, in one file: names, argon2's hashes of their passwords, hashes of their tokens.

{"format": 1, "people": {"anna": {"password": "$argon2id$…", "tokens": ["<SHA-256>", …]}}}

The file is written by `python -m methods auth`, and read again whenever it has changed: who is
removed is out at once.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from methods import BadInput, UserError
from ui.common.files import private_folder, write_json

log = logging.getLogger(__name__)

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")
LEAST_PASSWORD, MOST_PASSWORD = 8, 1024
TOKEN_BYTES = 32
TOKEN_START = "lab_"


class Person(BaseModel):
    """password: as argon2 writes it; "" = none, tokens alone. tokens: SHA-256 in hex."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    password: str = ""
    tokens: tuple[str, ...] = ()


class People(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = Field(default=1, ge=1, le=1)
    people: dict[str, Person] = {}


def hashed(token: str) -> str:
    """In hex. A token is 256 random bits, so a quick hash is enough."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Accounts:
    """The file. Passwords are checked one at a time: each takes argon2's 64 MB.

    hasher: how new ones are hashed; None = as argon2-cffi finds right.
    """

    def __init__(self, path: Path, hasher: PasswordHasher | None = None) -> None:
        self.path = path
        self._hasher = hasher or PasswordHasher()
        # Held against where there is nobody, so that names cannot be told by the time it takes.
        self._nobodys = self._hasher.hash(token_urlsafe(16))
        self._checking = threading.Lock()
        self._reading = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._people = People()

    # --- asked by the door ---------------------------------------------------------------

    def check(self) -> None:
        """Raises UserError ("accounts_unreadable", "accounts_missing")."""
        if not self.path.is_file():
            raise BadInput("accounts_missing", path=str(self.path))
        self._load()

    def people(self) -> dict[str, Person]:
        """As the file says now; nobody, where it cannot be read."""
        with self._reading:
            try:
                seen = self._stamp()
                if seen != self._seen:
                    self._people, self._seen = self._load(), seen
            except (OSError, UserError):
                log.exception("the file of accounts cannot be read: nobody is let in")
                self._people, self._seen = People(), None
            return self._people.people

    def verify(self, name: str, password: str) -> bool:
        """Whether the password is this person's; as long for somebody who is not known."""
        person = self.people().get(name)
        known = person.password if person else ""
        with self._checking:
            try:
                right = self._hasher.verify(known or self._nobodys, password[:MOST_PASSWORD])
            except (Argon2Error, InvalidHashError):
                return False
        return right and bool(known)

    def name_of(self, token: str) -> str | None:
        """Whose token it is."""
        wanted = hashed(token)
        return next((name for name, one in self.people().items() if wanted in one.tokens), None)

    # --- changed by the command ----------------------------------------------------------

    def set_password(self, name: str, password: str) -> bool:
        """Let somebody in, or give them another password; whether they are new.

        Raises BadInput ("account_name", "password_length").
        """
        check_name(name)
        if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
            raise BadInput("password_length", least=LEAST_PASSWORD, most=MOST_PASSWORD)
        made = self._hasher.hash(password)
        with self._changing() as people:
            before = people.get(name)
            people[name] = (before or Person()).model_copy(update={"password": made})
        return before is None

    def add_token(self, name: str) -> str:
        """A token of this person, who may be new: a program. It is not kept, only its hash."""
        check_name(name)
        token = TOKEN_START + token_urlsafe(TOKEN_BYTES)
        with self._changing() as people:
            before = people.get(name, Person())
            people[name] = before.model_copy(update={"tokens": (*before.tokens, hashed(token))})
        return token

    def remove(self, name: str) -> None:
        """Raises BadInput ("account_unknown")."""
        with self._changing() as people:
            if people.pop(name, None) is None:
                raise BadInput("account_unknown", name=name)

    def _changing(self) -> _Change:
        return _Change(self)

    def _load(self) -> People:
        try:
            return People.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return People()
        except ValidationError as error:
            raise BadInput("accounts_unreadable", path=str(self.path)) from error

    def _stamp(self) -> tuple[int, int, int]:
        now = self.path.stat()
        return now.st_mtime_ns, now.st_size, now.st_ino


class _Change:
    """The people as they are, and as they are left; one program at a time changes them."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        private_folder(accounts.path.parent)
        self._lock = FileLock(f"{accounts.path}.lock")

    def __enter__(self) -> dict[str, Person]:
        self._lock.acquire()
        try:
            self._people = dict(self._accounts._load().people)
        except BaseException:
            self._lock.release()
            raise
        return self._people

    def __exit__(self, kind: object, *rest: object) -> None:
        try:
            if kind is None:
                path = self._accounts.path
                write_json(path, People(people=self._people).model_dump(mode="json"))
                os.chmod(path, 0o600)
        finally:
            self._lock.release()


def check_name(name: str) -> None:
    """Raises BadInput ("account_name")."""
    if NAME.fullmatch(name) is None:
        raise BadInput("account_name")
