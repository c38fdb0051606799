"""`python -m methods auth`: who is let in where the page is started with --auth."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from getpass import getpass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from methods import BadInput, Unavailable
from ui.cli.output import DONE, say

if TYPE_CHECKING:
    from ui.stores.accounts import Accounts

HUB = "hf:"


def auth(args: argparse.Namespace) -> int:
    """Raises UserError, OSError."""
    if find_spec("argon2") is None:
        raise Unavailable("auth_missing", package="argon2-cffi")
    from ui.stores.accounts import Accounts

    doing: dict[str, Callable[[Accounts, argparse.Namespace], None]] = {
        "add": _add,
        "list": _list,
        "remove": _remove,
        "token": _token,
    }
    doing[args.what](Accounts(args.file or default_file()), args)
    return DONE


def default_file() -> Path:
    """Of ERASER_LAB_AUTH, else beside the page's data."""
    from ui.service.parts import default_data_dir

    named = [each for each in os.environ.get("ERASER_LAB_AUTH", "").split() if HUB not in each[:3]]
    return Path(named[0]) if named else default_data_dir() / "accounts.json"


def _add(accounts: Accounts, args: argparse.Namespace) -> None:
    from ui.stores.accounts import check_name

    check_name(_named(args))
    is_new = accounts.set_password(args.name, _password())
    say(f"{args.name} is let in." if is_new else f"{args.name} has another password now.")
    say(f"Start the page with: python app.py --auth {accounts.path}")


def _list(accounts: Accounts, args: argparse.Namespace) -> None:
    people = accounts.people()
    for name, one in sorted(people.items()):
        ways = ["password"] * bool(one.password) + [f"{len(one.tokens)} tokens"] * bool(one.tokens)
        say(f"{name}: {', '.join(ways)}")
    if not people:
        say(f"Nobody is in {accounts.path}.")


def _remove(accounts: Accounts, args: argparse.Namespace) -> None:
    accounts.remove(_named(args))
    say(f"{args.name} is not let in any more, and the tokens of that name are void.")


def _token(accounts: Accounts, args: argparse.Namespace) -> None:
    token = accounts.add_token(_named(args))
    say("Keep it now: it is shown this once. Send it as Authorization: Bearer TOKEN.")
    say(token)


def _named(args: argparse.Namespace) -> str:
    if not args.name:
        raise BadInput("account_name")
    return str(args.name)


def _password() -> str:
    """Twice and unseen at a keyboard; else the first line that is sent in. Raises BadInput."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass("Password: ")
    if getpass("Once more: ") != first:
        raise BadInput("passwords_differ")
    return first
