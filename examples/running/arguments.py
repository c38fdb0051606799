"""The command line of `examples.tables`."""

from __future__ import annotations

import argparse
from pathlib import Path

from examples.running.results import KINDS, MANY
from examples.running.run import AHEAD
from methods import BadInput
from segmentation import seeds_in


def _list(text: str) -> list[str]:
    found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not found:
        raise argparse.ArgumentTypeError("give at least one name")
    return found


def _setting(text: str) -> tuple[str, str, str]:
    name, equals, value = text.partition("=")
    eraser, dot, field = name.strip().partition(".")
    if not (equals and dot and field):
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form ERASER.FIELD=VALUE")
    return eraser, field, value


def _remark(text: str) -> tuple[str, str, str]:
    name, equals, value = text.partition("=")
    case, _, cell = name.strip().partition("/")
    if not equals or not case:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form CASE/ERASER=TEXT")
    return case, cell, value


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 to 4294967295")
    return int(text)


def seeds(text: str) -> tuple[int, ...]:
    """0-4 or 0,3,7: see `segmentation.seeds_in`."""
    try:
        return seeds_in(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def shard(text: str) -> tuple[int, int]:
    place, slash, of = text.partition("/")
    if not (slash and place.isdecimal() and of.isdecimal() and 1 <= int(place) <= int(of)):
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form I/N with I from 1 to N")
    return int(place), int(of)


def _ahead(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 to 100000")
    return int(text)


def _side(text: str) -> int:
    if not text.isdecimal() or not 200 <= int(text) <= 4000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 200 to 4000")
    return int(text)


def parser_with(view: int) -> argparse.ArgumentParser:
    """The command line. view: longest side, in pixels, of a report's pictures by default."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.tables",
        description="Run a table of cases with several erasers and report on it.",
    )
    add = parser.add_argument
    add("table", metavar="TABLE", help="documents, stand_ins, or a folder of photos and masks")
    add(
        "--erasers",
        type=_list,
        metavar="ID,ID",
        help="(the default set); also folders of results that were made elsewhere",
    )
    add(
        "--given",
        choices=("as-given", "pasted-back", "both"),
        default="as-given",
        help="how results that were made elsewhere stand here: as they are, with the photo's own"
        " pixels outside of the mask, or a column for each (as-given)",
    )
    add(
        "--erasers-dir",
        metavar="FOLDER",
        help="where your own erasers lie (ERASER_LAB_ERASERS_DIR, else erasers in ERASER_LAB_DATA)",
    )
    add("--agree", action="append", default=[], metavar="HOST",
        help="photos may be sent to this host, where an eraser of yours runs")  # fmt: skip
    add("--cases", type=_list, metavar="ID,ID", help="only these")
    add(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="ERASER.FIELD=VALUE",
        help="change a setting; may be repeated",
    )
    add("--seed", type=_seed, default=0, metavar="N", help="0 to 4294967295 (0)")
    add("--seeds", type=seeds, metavar="A-B,C", help="several: a column for each")
    add(
        "--sweep",
        action="append",
        default=[],
        metavar="NAME=V,V",
        help="run with each of these values, a column for each (ERASER.SETTING) or a row (dilate):"
        " telea.radius=3,5,9; several make every combination, 64 a photo at most; may be repeated",
    )
    add("--dry-run", action="store_true",
        help="show the cells and about how long they will take, and erase nothing")  # fmt: skip
    add("--shard", type=shard, metavar="I/N", help="only every N-th case, from the I-th on")
    add("--ahead", type=_ahead, default=AHEAD, metavar="ROWS",
        help=f"cases that an eraser goes through before the next is loaded ({AHEAD})")  # fmt: skip
    add(
        "--ray",
        default="",
        metavar="ADDRESS",
        help="erase in a Ray cluster: HOST:PORT, auto (this machine's) or local (one of its own)",
    )
    add("--out", type=Path, metavar="FOLDER", help="(results/TABLE)")
    add(
        "--results",
        choices=KINDS,
        metavar="|".join(KINDS),
        help=f"what is kept of a picture: all of it, or its mask's box (from {MANY} results on)",
    )
    add("--no-stand-ins", action="store_true",
        help="run no stand-in cases for photos that cannot be fetched")  # fmt: skip
    add("--fetch", action="store_true", help="download weights of any size that are missing")
    add("--accept-changed", action="store_true", help="take photos whose links have changed")
    add("--quick", action="store_true", help="leave out the numbers that need a network's features")
    add("--report-only", action="store_true", help="erase nothing; report on what is there")
    add(
        "--remark",
        type=_remark,
        action="append",
        default=[],
        metavar="CASE/ERASER=TEXT",
        help="what you see in a result; without /ERASER, in the case; no text removes it",
    )
    add("--view", type=_side, default=view, metavar="N",
        help=f"longest side of pictures in the report ({view})")  # fmt: skip
    add("--montage", type=Path, metavar="FILE", help="also one JPEG with all results")
    add("--summary", type=Path, metavar="FILE", help="also a JSON file with the first table alone")
    return parser
