"""What `python -m methods embeddings` takes; apart from what it does, so that --help is quick."""

from __future__ import annotations

import argparse
from pathlib import Path

from ui.cli.shared_arguments import add_shared


def add_embedding_commands(parser: argparse.ArgumentParser) -> None:
    """`make` and `pin`."""
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    summary = "have text encoders read the erasers' constant prompts, into files for a model hub"
    make = commands.add_parser("make", help=summary, description=f"{summary.capitalize()}.")
    make.set_defaults(command=_make)
    make.add_argument("erasers", nargs="*", metavar="ERASER", help="an id from list (all that can)")
    make.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    make.add_argument(
        "--precision",
        choices=("half", "full", "both"),
        default="half",
        help="as the eraser runs on a GPU (half, the default) or on a CPU (full)",
    )
    _add_common(make)
    summary = "note sizes and hashes of such a folder, and where it lies on the model hub"
    pin = commands.add_parser("pin", help=summary, description=f"{summary.capitalize()}.")
    pin.set_defaults(command=_pin)
    pin.add_argument("folder", type=Path, metavar="FOLDER", help="what make has written")
    pin.add_argument("--repo", required=True, metavar="OWNER/NAME", help="of the model hub")
    pin.add_argument("--revision", required=True, metavar="COMMIT", help="which one it is there")
    pin.add_argument("--again", action="store_true", help="overwrite what is pinned and differs")
    _add_common(pin)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--license", default="Apache-2.0", metavar="NAME", help="of the encoders (Apache-2.0)"
    )
    add_shared(parser)


def _make(args: argparse.Namespace) -> int:
    from ui.cli.embeddings import make_named

    return make_named(args)


def _pin(args: argparse.Namespace) -> int:
    from ui.cli.embeddings import pin_folder

    return pin_folder(args)
