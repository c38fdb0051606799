"""`python -m methods new` and `reload`: starting files, and having a running page see them."""

from __future__ import annotations

import argparse
import shutil

from methods import (
    OWN_CLIENT,
    BadInput,
    begin_own,
    file_fault,
    list_erasers,
    list_given,
    own_folder,
    wish_reload,
)
from ui.cli.output import DONE, FAILED, complain, say


def new(args: argparse.Namespace) -> int:
    """The command `new`."""
    if args.what == "client":
        return _client()
    if args.name is None:
        raise BadInput("nothing_named.own", what=args.what)
    kind = args.kind if args.what == "server" else args.what
    for file in begin_own(kind, args.name):
        say(f"{file} written")
    say(f"Try it: python -m methods check {args.name}")
    return DONE


def _client() -> int:
    target = own_folder() / OWN_CLIENT.name
    if target.exists():
        raise BadInput("own_exists", file=target.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(OWN_CLIENT, target)
    say(f"{target} written; copy it beside your method")
    return DONE


def reload_erasers(args: argparse.Namespace) -> int:
    """The command `reload`; says what the folder holds."""
    try:
        wish_reload()
    except OSError as error:
        complain(file_fault(error))
        return FAILED
    own = [spec for spec in list_erasers() if spec.version]
    for spec in own:
        why = f": {spec.unavailable}" if spec.unavailable else ""
        say(f"{spec.id}{why}")
    for results in list_given():
        say(f"{results.id}: {results.fault or 'results, for tables'}")
    count = len(own) + len(list_given())
    say(f"{count} in {own_folder()}; pages that keep their data here see them from now on.")
    return DONE
