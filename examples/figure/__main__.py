"""Draws a figure for a paper from a run or a table, with LaTeX and the numbers as CSV.

    python -m examples.figure rocket-eraser-lab.zip
    python -m examples.figure results --photo rocket.jpg --columns 4 --zoom below
    python -m examples.figure results/stand_ins --cases shadow,large --numbers lpips_mask,seconds
    python -m examples.figure results/mine --table my_photos --forms pdf,tex --width 84

RUN is the zip that the page gives ("Download all"), that zip unpacked, the folder that
`python -m methods erase` has written (then --photo names the photo), or a table's folder. Text
stays text in SVG and PDF. Exit codes: 0 done; 1 a file or a picture failed; 2 the call cannot be
used.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from examples.compose.recipes import replace_file
from examples.exits import DONE, exit_code
from examples.figure.content import FigureCase
from examples.figure.files import MOST_CASES, make_figure
from examples.figure.of_run import case_of_run, unpack
from examples.figure.of_table import cases_of_table, is_table
from examples.figure.options import FORMATS, SECONDS, ZOOMS, FigureOptions, Format
from methods import METRICS, BadInput, languages, write_any_text


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    write_any_text()
    args = make_parser().parse_args(argv)
    return exit_code(lambda: _figure(args))


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _forms(text: str) -> tuple[Format, ...]:
    forms = tuple(form for form in FORMATS if form in _names(text))
    if not forms or len(forms) != len(_names(text)):
        raise argparse.ArgumentTypeError(f"give some of {', '.join(FORMATS)}")
    return forms


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    usual = FigureOptions()
    parser = argparse.ArgumentParser(
        prog="python -m examples.figure",
        description="Draw a figure for a paper from a run or a table.",
    )
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="a run's zip or folder, or a table's folder")
    add("--out", type=Path, default=Path("figure"), metavar="NAME",
        help="the files, without their endings (figure)")  # fmt: skip
    add("--forms", type=_forms, default=FORMATS, metavar="FORM,FORM",
        help=f"some of {', '.join(FORMATS)} (all)")  # fmt: skip
    what = parser.add_argument_group("what is shown")
    what.add_argument("--photo", type=Path, metavar="FILE", help="where it is not in the folder")
    what.add_argument("--table", metavar="TABLE",
        help="the table that was run, where the folder is not called like it")  # fmt: skip
    what.add_argument("--cases", type=_names, default=(), metavar="ID,ID",
        help=f"of a table, {MOST_CASES} at most (all)")  # fmt: skip
    what.add_argument("--cells", type=_names, default=(), metavar="ID,ID",
        help="the results, such as migan,telea (all)")  # fmt: skip
    what.add_argument("--no-photo", action="store_false", dest="show_photo", help="leave it out")
    what.add_argument("--no-mask", action="store_false", dest="show_mask", help="leave it out")
    what.add_argument("--no-truth", action="store_false", dest="truth", help="leave it out")
    what.add_argument("--numbers", type=_names, default=(), metavar="ID,ID",
        help=f"under each result: {SECONDS} and {', '.join(METRICS)} (none)")  # fmt: skip
    how = parser.add_argument_group("how")
    how.add_argument("--width", type=float, default=usual.width, metavar="MM",
        help=f"in millimetres, 20 to 1000 ({usual.width:g})")  # fmt: skip
    how.add_argument("--dpi", type=int, default=usual.dpi, metavar="N",
        help=f"dots an inch, 50 to 1200 ({usual.dpi})")  # fmt: skip
    how.add_argument("--font-size", type=float, default=usual.font_size, metavar="PT",
        help=f"in points, 3 to 40 ({usual.font_size:g})")  # fmt: skip
    how.add_argument("--columns", type=int, default=usual.columns, metavar="N",
        help="pictures side by side, 0 = by their number (0)")  # fmt: skip
    how.add_argument("--gap", type=float, default=usual.gap, metavar="MM",
        help=f"between pictures, 0 to 20 ({usual.gap:g})")  # fmt: skip
    how.add_argument("--zoom", choices=ZOOMS, default=usual.zoom,
        help="the mask's neighbourhood in a corner of each picture, in a line of its own, in"
        f" place of the whole, or nowhere ({usual.zoom})")  # fmt: skip
    how.add_argument("--no-labels", action="store_false", dest="labels", help="no names")
    how.add_argument("--lang", choices=languages(), default=usual.language, dest="language",
        help=f"of the labels ({usual.language})")  # fmt: skip
    return parser


def _options(args: argparse.Namespace) -> FigureOptions:
    names = (name for name in FigureOptions.model_fields if name not in ("photo", "mask"))
    said = {name: getattr(args, name) for name in names}
    try:
        return FigureOptions(**said, photo=args.show_photo, mask=args.show_mask)
    except ValidationError as error:
        fault = error.errors()[0]
        option = str(fault["loc"][0]).replace("_", "-")
        raise BadInput("figure_option", name=option, reason=fault["msg"][:120]) from None


def _figure(args: argparse.Namespace) -> int:
    options = _options(args)
    with TemporaryDirectory(prefix="eraser-lab-") as folder:
        cases = _cases(args, Path(folder))
        made = make_figure(cases, options, args.forms, args.out.name)
    for note in made.notes:
        print(note.en, file=sys.stderr)
    for form, data in made.files.items():
        file = args.out.with_name(f"{args.out.name}.{form}")
        replace_file(file, data)
        print(file.as_posix())
    return DONE


def _cases(args: argparse.Namespace, folder: Path) -> list[FigureCase]:
    """Of whatever RUN is. folder: an empty one, for a zip."""
    if args.run.is_file():
        return [case_of_run(unpack(args.run, folder), args.photo)]
    if not args.run.is_dir():
        raise BadInput("figure_no_run", name=args.run.name)
    if is_table(args.run):
        return cases_of_table(args.run, args.table, args.cases, MOST_CASES)
    return [case_of_run(args.run, args.photo)]


if __name__ == "__main__":
    sys.exit(main())
