"""What `python -m methods erase` takes; apart from what it does, so that --help is quick."""

from __future__ import annotations

import argparse
from pathlib import Path

from ui.cli.output import Arguments, assignment, names, numbers
from ui.cli.words import add_word_arguments


class _Prompt(argparse.Action):
    """Keeps --point, --join, --box and --negative-box together in the order given."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        kind = (option_string or "").lstrip("-")
        namespace.prompts = [*namespace.prompts, (kind, values)]


def add_erase_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "photos",
        type=Path,
        nargs="*",
        metavar="PHOTO",
        help="the photo, never modified; several, 20 at most, are selected on alike; each gets a"
        " folder of its own in the output",
    )
    parser.add_argument(
        "--continue",
        dest="continued",
        metavar="RUN:CARD",
        help="instead of a photo, a result that the page keeps: a run's link or id, and which of"
        " its results, from 0 or by its eraser",
    )
    _add_selection(parser.add_argument_group("what to erase"))
    how = parser.add_argument_group("how to erase")
    add_erasers(how)
    how.add_argument("--seed", type=_seed, metavar="N", help="0 to 4294967295 (0)")
    _add_sweep(parser.add_argument_group("several times (64 cells at most)"))
    how.add_argument(
        "--set",
        type=assignment,
        action="append",
        default=[],
        metavar="ERASER.FIELD=VALUE",
        help="change a setting, for example patchmatch.patch_size=5; may be repeated",
    )
    how.add_argument(
        "--weights",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="use your own file for the weights of that name; may be repeated",
    )
    add_agree(how)
    how.add_argument("--offline", action="store_true", help="download nothing")
    _add_judging(parser.add_argument_group("how good it is"))
    out = parser.add_argument_group("output")
    out.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="gets a file for each eraser, such as telea.png (in a sweep with the values in its"
        " name), mask.png and settings.json (results)",
    )
    out.add_argument(
        "--format",
        choices=("auto", "png", "tiff", "jpeg", "webp", "avif"),
        default="auto",
        help="of the results; auto: the photo's own, where that can be written without loss outside"
        " the mask, else PNG (auto)",
    )
    out.add_argument(
        "--no-location",
        action="store_true",
        help="leave out where the photo was taken, and the serial numbers of camera and lens",
    )
    out.add_argument("--json", action="store_true", help="print the report as JSON")


def _add_selection(group: Arguments) -> None:
    group.add_argument(
        "--point",
        dest="prompts",
        action=_Prompt,
        default=[],
        type=numbers(2, 3, "X,Y or X,Y,0"),
        metavar="X,Y[,0]",
        help="a click, or with ,0 one on what does not belong to the object; several are clicks one"
        " after the other: outside what is selected so far another object, inside more of the same",
    )
    group.add_argument(
        "--join",
        dest="prompts",
        action=_Prompt,
        type=numbers(2, 2, "X,Y"),
        metavar="X,Y",
        help="a further click on the object that was named last, whatever becomes of it",
    )
    group.add_argument(
        "--box",
        dest="prompts",
        action=_Prompt,
        default=[],
        type=numbers(4, 4, "X0,Y0,X1,Y1"),
        metavar="X0,Y0,X1,Y1",
        help="around the object; a second box begins a second object; clicks in it are of it",
    )
    group.add_argument(
        "--negative-box",
        dest="prompts",
        action=_Prompt,
        type=numbers(4, 4, "X0,Y0,X1,Y1"),
        metavar="X0,Y0,X1,Y1",
        help="cut this part off the object that was named last; may be repeated",
    )
    add_word_arguments(group)
    group.add_argument(
        "--mask",
        type=Path,
        metavar="FILE",
        help="a picture, white = erase, or COCO's run lengths as JSON; joins the others; of several"
        " photos a folder with NAME-mask.png or NAME.png for each",
    )
    group.add_argument(
        "--mask-reading",
        type=int,
        choices=range(1, 6),
        default=1,
        metavar="N",
        help="where a mask can be read in several ways, which are named: the N-th (1)",
    )
    group.add_argument(
        "--level", type=int, choices=(0, 1, 2), help="SAM's choice: 0 part, 1 object, 2 whole"
    )
    group.add_argument(
        "--dilate",
        type=int,
        metavar="N",
        help="grow the mask by N pixels, 0 = exact (a few; 0 for a mask alone)",
    )
    group.add_argument(
        "--shape",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="shape the mask: dilate, dilate_unit (px or %%), fill_holes, drop_speckles, smooth"
        " (pixels), precision (0 exact to 1 box), invert; may be repeated",
    )
    group.add_argument("--segmenter", metavar="ID", help="see list (the first one there)")
    group.add_argument(
        "--case",
        type=Path,
        metavar="FILE",
        help="prompts and erasers from a case file, or from a former settings.json",
    )


def _add_sweep(group: Arguments) -> None:
    group.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="NAME=V,V",
        help="run with each of these values: ERASER.SETTING or dilate, for example"
        " telea.radius=3,5,9; several make every combination; may be repeated",
    )
    group.add_argument(
        "--seeds", metavar="A-B,C", help="run erasers that throw dice with each of these seeds"
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="show the cells and about how long they will take, and erase nothing",
    )


def _add_judging(group: Arguments) -> None:
    group.add_argument(
        "--judge",
        choices=("none", "quick", "full"),
        default="quick",
        help="numbers and remarks on each result: quick (a third of a second each), or full,"
        " also by what a network sees (a few seconds each) (quick)",
    )
    group.add_argument(
        "--truth",
        type=Path,
        metavar="FILE",
        help="the photo as it is without the object; adds PSNR, SSIM and LPIPS",
    )


def add_agree(group: Arguments) -> None:
    group.add_argument(
        "--agree",
        action="append",
        default=[],
        metavar="HOST",
        help="the photo may be sent to this host, where an eraser of yours runs; may be repeated",
    )


def add_erasers(group: Arguments) -> None:
    group.add_argument("--erasers", type=names, metavar="ID,ID", help="see list (the default set)")


def _seed(text: str) -> int:
    """An argparse type."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 to 4294967295")
    return int(text)
