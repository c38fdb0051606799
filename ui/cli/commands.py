"""The commands of the command line and what each takes: a parser of the standard library."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

from methods import PROGRAM, languages
from ui.cli.embedding_arguments import add_embedding_commands
from ui.cli.erase.arguments import add_agree, add_erase_arguments, add_erasers
from ui.cli.output import EXIT_CODES
from ui.cli.own.arguments import add_own_commands
from ui.cli.shared_arguments import add_shared

Command = Callable[[argparse.Namespace], int]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


# --- the commands: imported when they run, so that --help is quick -----------------------


def _list(args: argparse.Namespace) -> int:
    from ui.cli.weights.weights import show_list

    return show_list(args)


def _fetch(args: argparse.Namespace) -> int:
    from ui.cli.weights.weights import fetch_named

    return fetch_named(args)


def _doctor(args: argparse.Namespace) -> int:
    from ui.cli.doctor.doctor import doctor

    return doctor(args)


def _erase(args: argparse.Namespace) -> int:
    from ui.cli.erase.several import erase_photos

    return erase_photos(args)


def _bench(args: argparse.Namespace) -> int:
    from ui.cli.bench.bench import bench

    return bench(args)


def _fits(args: argparse.Namespace) -> int:
    from ui.cli.fits import show_fits

    return show_fits(args)


def _places(args: argparse.Namespace) -> int:
    from ui.cli.places import show_places

    return show_places(args)


def _space(args: argparse.Namespace) -> int:
    from ui.cli.space.space import space

    return space(args)


def _pin(args: argparse.Namespace) -> int:
    from ui.cli.weights.pin import pin_named

    return pin_named(args)


def _auth(args: argparse.Namespace) -> int:
    from ui.cli.auth import auth

    return auth(args)


def _runs(args: argparse.Namespace) -> int:
    from ui.cli.runs import runs

    return runs(args)


def _completion(args: argparse.Namespace) -> int:
    from ui.cli.completion import COMMAND, show_completion

    return show_completion(args.shell, make_parser(COMMAND))


# --- arguments ---------------------------------------------------------------------------


def make_parser(prog: str = "python -m methods") -> argparse.ArgumentParser:
    """The whole command line. prog: how it is called, for its own help and for completion."""
    parser = argparse.ArgumentParser(
        prog=prog, description="Erase objects from photos, several ways.", epilog=EXIT_CODES
    )
    parser.add_argument("--version", action="version", version=f"Eraser Lab {PROGRAM}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_list(_command(commands, "list", _list, "show all methods and their state"))
    _add_fetch(_command(commands, "fetch", _fetch, "download weights"))
    _add_doctor(
        _command(commands, "doctor", _doctor, "say which erasers would run here, and why not")
    )
    add_erase_arguments(_command(commands, "erase", _erase, "erase an object from a photo"))
    _add_bench(_command(commands, "bench", _bench, "measure the erasers on example photos"))
    _add_fits(_command(commands, "fits", _fits, "show which large model fits on which GPU"))
    _add_places(_command(commands, "places", _places, "show who erases where, and what is loaded"))
    _add_space(_command(commands, "space", _space, "show what this folder would do as a Space"))
    _add_pin(_command(commands, "pin", _pin, "fill in sizes and hashes of weights"))
    add_own_commands(partial(_command, commands))
    _add_auth(_command(commands, "auth", _auth, "say who may use the page"))
    _add_runs(_command(commands, "runs", _runs, "change or delete a run that the page keeps"))
    summary = "make and pin embeddings of constant prompts, which spare others the text encoders"
    add_embedding_commands(
        commands.add_parser("embeddings", help=summary, description=f"M{summary[1:]}.")
    )
    _add_completion(
        _command(commands, "completion", _completion, "print what completes words in a shell")
    )
    return parser


def _command(commands: Commands, name: str, run: Command, summary: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[:1].upper() + summary[1:] + ".",
        epilog=EXIT_CODES,
    )
    parser.set_defaults(command=run)
    add_shared(parser)
    return parser


def _add_list(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print docs/erasers.md's table")
    form.add_argument("--numbers", action="store_true", help="print docs/numbers.md's table")


def _add_fetch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a name from list, or a weight file"
    )
    parser.add_argument("--default", action="store_true", help="whatever the default set needs")
    parser.add_argument("--all", action="store_true", help="everything")
    parser.add_argument(
        "--again", action="store_true", help="also what is here: a wrong file is replaced"
    )


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ERASER", help="see list (all of them)")
    parser.add_argument("--offline", action="store_true", help="ask no model hub and no host")
    parser.add_argument(
        "--seconds",
        type=float,
        default=20.0,
        metavar="N",
        help="for all questions to model hubs and hosts together (20)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_space(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check",
        action="store_true",
        help="read this folder, and compute what it would do; else list the hardware there is",
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="complete the header of README.md: hardware, models, what the build fetches, and"
        " sign-in where ERASER_LAB_AUTH asks for it",
    )
    parser.add_argument(
        "--hardware",
        action="append",
        metavar="ID",
        help="the hub's name for it, such as cpu-basic; may be repeated (all)",
    )
    parser.add_argument("--lang", choices=languages(), default="en", help="of the sentences (en)")
    parser.add_argument("--json", action="store_true", help="print JSON, in all languages")


def _add_auth(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=("add", "list", "remove", "token"),
        help="let somebody in, asking for their password; see who is; take one away; make a token"
        " for a program, which is shown once",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="whom")
    parser.add_argument(
        "--file",
        type=Path,
        metavar="FILE",
        help="where they stand (that of ERASER_LAB_AUTH, else accounts.json in ERASER_LAB_DATA)",
    )


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=("hide", "show", "remark", "delete"),
        help="from others, to whoever has its link, beside a result, for good",
    )
    parser.add_argument("run", metavar="RUN", help="its id or its link")
    parser.add_argument("index", nargs="?", type=int, metavar="N", help="which result, from 0")
    parser.add_argument("text", nargs="?", metavar="TEXT", help="the remark; empty takes it away")


def _add_bench(parser: argparse.ArgumentParser) -> None:
    add_erasers(parser)
    add_agree(parser)
    parser.add_argument(
        "--repeat",
        type=int,
        default=3,
        metavar="N",
        help="runs of each for the times; the median counts (3)",
    )
    parser.add_argument(
        "--measure",
        choices=("both", "time", "quality"),
        default="both",
        help="the time on photos of several sizes, the quality where the truth is known (both)",
    )
    parser.add_argument(
        "--picture",
        type=Path,
        default=Path("results/trade-off.png"),
        metavar="FILE",
        help="gets a picture of quality against time (results/trade-off.png)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_fits(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print docs/hardware.md's table")


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ray",
        default="",
        metavar="ADDRESS",
        help="of all programs in a Ray cluster: HOST:PORT, or auto (those on this machine)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shell",
        choices=("bash", "zsh", "fish"),
        help="the shell that reads it; it also gets the short command eraser-lab",
    )


def _add_pin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a name from list, or a manifest's")
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="FOLDER",
        help="has the files, or a sub-folder for each manifest (the model hub is asked)",
    )
    parser.add_argument(
        "--revision", default="", metavar="COMMIT", help="which one it is, or is to be asked for"
    )
    parser.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="PATTERN",
        help="take further files, such as 'unet/*'; a new manifest takes all; may be repeated",
    )
    parser.add_argument("--again", action="store_true", help="overwrite what is pinned and differs")
    parser.add_argument("--dry-run", action="store_true", help="compare, and write nothing")
    new = parser.add_argument_group("a new manifest")
    new.add_argument("--repo", metavar="OWNER/NAME", help="of the model hub")
    new.add_argument("--license", metavar="WORDS", help="of the weights")
