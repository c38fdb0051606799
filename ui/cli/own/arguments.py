"""What the commands for erasers of one's own take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ui.cli.erase.arguments import add_agree

Command = Callable[[argparse.Namespace], int]


class Begin(Protocol):
    """Begins a command."""

    def __call__(self, name: str, run: Command, summary: str) -> argparse.ArgumentParser: ...


# --- the commands: imported when they run ------------------------------------------------


def _new(args: argparse.Namespace) -> int:
    from ui.cli.own.new import new

    return new(args)


def _check(args: argparse.Namespace) -> int:
    from ui.cli.own.check import check

    return check(args)


def _agree(args: argparse.Namespace) -> int:
    from ui.cli.own.agree import agree

    return agree(args)


def _reload(args: argparse.Namespace) -> int:
    from ui.cli.own.new import reload_erasers

    return reload_erasers(args)


def add_own_commands(command: Begin) -> None:
    """`new`, `check`, `agree` and `reload`."""
    begun = command("new", _new, "begin an eraser of your own, with commented files that work")
    begun.add_argument(
        "what",
        choices=("command", "file", "server", "results", "client"),
        help="a program of its own, a Python file of this program, a server, a folder of results"
        " that were made elsewhere, or what keeps a program running",
    )
    begun.add_argument("name", nargs="?", metavar="NAME", help="its id: a-z, 0-9 and _")
    begun.add_argument(
        "--kind",
        choices=("iopaint", "gradio", "comfyui", "openai", "http"),
        default="iopaint",
        help="of a server (default: %(default)s)",
    )
    checked = command("check", _check, "try an eraser on a small photo: what of the contract holds")
    checked.add_argument("name", metavar="ERASER", help="see list")
    add_agree(checked)
    checked.add_argument("--json", action="store_true", help="print JSON")
    _add_agree(command("agree", _agree, "compare two erasers on the same crops of your photos"))
    command("reload", _reload, "have running pages look at the folder of your own erasers again")


def _add_agree(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ours", metavar="OURS", help="its crops are what both get")
    parser.add_argument("theirs", metavar="THEIRS", help="such as the authors' own program")
    parser.add_argument(
        "--photos",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="with photos, and NAME_mask.png beside NAME.jpg where there is one (an ellipse)",
    )
    add_agree(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of both (0)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="ERASER.FIELD=VALUE",
        help="a setting of either; may be repeated",
    )
    parser.add_argument(
        "--picture",
        type=Path,
        default=Path("results/difference.png"),
        metavar="FILE",
        help="gets the crop that differs most: both, and where (results/difference.png)",
    )
    parser.add_argument(
        "--most",
        type=float,
        metavar="LEVELS",
        help="exit code 1 where any pixel of a crop's hole differs by more",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
