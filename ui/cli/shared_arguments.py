"""What every command takes."""

from __future__ import annotations

import argparse


def add_shared(parser: argparse.ArgumentParser) -> None:
    """The log, and the folder of the owner's erasers."""
    parser.add_argument("--verbose", action="store_true", help="show the log and tracebacks")
    parser.add_argument(
        "--erasers-dir",
        metavar="FOLDER",
        help="where your own erasers lie (ERASER_LAB_ERASERS_DIR, else erasers in ERASER_LAB_DATA)",
    )
