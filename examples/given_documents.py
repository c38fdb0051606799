"""Makes columns of tables of the documents' own result pictures, where you have downloaded them.

    python -m examples.given_documents                 what the page or a table has fetched
    python -m examples.given_documents my_downloads/   files called as their links are, or ROW.webp
    python -m examples.tables documents --erasers documents_omnieraser,omnieraser --given both

Nothing is fetched. Each method whose results are found gets documents_METHOD.toml and a folder of
that name among your own erasers (docs/own-erasers.md, "A folder of results"). A picture stands in
every row with the same photo and mask, so that two documents' results are seen side by side.

Exit codes: 0 a picture was found; 1 none was; 2 the call cannot be used.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from examples.compose.recipes import make_folder, replace_file
from examples.exits import DONE, FAILED, exit_code
from examples.remote import place_of
from examples.rows import PhotoRef, Row, document_rows, document_tables
from examples.systems import systems
from methods import BadInput, Limits, Text, own_folder, read_source, use_own_folder, write_any_text

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")

_MANIFEST = """\
# Written by python -m examples.given_documents; yours to change.
kind = "results"
name = {name}
summary = {{ {summary} }}
paper = {{ title = {title}, url = {url}, year = 2025 }}

[results]
folder = {folder}
pattern = "{{row}}"
"""


@dataclass(slots=True)
class Found:
    """Of one method. table: its id. pictures: the file of each row's result; missing: rows without
    one."""

    table: str
    pictures: dict[str, Path] = field(default_factory=dict)
    missing: list[Row] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the column."""
        return f"documents_{self.table}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    write_any_text()
    args = make_parser().parse_args(argv)
    return exit_code(lambda: _columns(args))


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.given_documents",
        description="Make columns of tables of the documents' own results, where they are here.",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="FOLDER",
        help="with what you have downloaded (where the page and tables keep what they fetch)",
    )
    parser.add_argument("--erasers-dir", metavar="FOLDER", help="(erasers in the data folder)")
    return parser


def _columns(args: argparse.Namespace) -> int:
    if args.folder is not None and not args.folder.is_dir():
        raise BadInput("no_such_file.folder", name=args.folder.name, reason="no folder")
    use_own_folder(args.erasers_dir)
    made = [column for column in found_in(args.folder) if _told(column)]
    for column in made:
        write_column(column, own_folder())
    if made:
        ids = ",".join(column.name for column in made)
        print(f"Beside erasers: python -m examples.tables documents --erasers {ids} --given both")
    return DONE if made else FAILED


def _told(column: Found) -> bool:
    """Whether anything was found of it; says so, and where what is missing may be had."""
    print(f"{column.name}: {len(column.pictures)} found, {len(column.missing)} not here")
    for row in column.missing:
        ref = row.documents_result
        print(f"    {row.id}: {ref.url if ref else ''}")
    return bool(column.pictures)


def found_in(folder: Path | None) -> list[Found]:
    """What is here of each method's results, in the documents' order. folder: None = where
    `examples.remote` keeps what was fetched."""
    columns = {table.id: Found(table.id) for table in document_tables()}
    for row in document_rows():
        column = columns[row.table]
        file = None if row.documents_result is None else _file_of(row, row.documents_result, folder)
        if file is None:
            column.missing.append(row)
        else:
            column.pictures |= dict.fromkeys((row.id, *row.shares), file)
    return list(columns.values())


def _file_of(row: Row, ref: PhotoRef, folder: Path | None) -> Path | None:
    if folder is None:
        places: Iterator[Path] = iter((place_of(ref),))
    else:
        link = PurePosixPath(urlsplit(ref.url).path)
        stems = (link.name, link.stem, row.id)
        places = (folder / f"{stem}{end}" for stem in stems for end in ("", *ENDINGS))
    return next((place for place in places if place.is_file()), None)


def write_column(column: Found, into: Path) -> None:
    """Its manifest, unless there is one, and copies of its pictures. Raises BadInput."""
    make_folder(into / column.name)
    for row, file in column.pictures.items():
        data = read_source(file, file.name, Limits.from_environment())
        replace_file(into / column.name / f"{row}{_ending(file)}", data)
    manifest = into / f"{column.name}.toml"
    if not manifest.exists():
        replace_file(manifest, _manifest(column).encode())


def _ending(file: Path) -> str:
    """By which it is looked for; what it really is, is seen when it is decoded."""
    return file.suffix.lower() if file.suffix.lower() in ENDINGS else ".png"


def _manifest(column: Found) -> str:
    (table,) = (each for each in document_tables() if each.id == column.table)
    (first, *_) = (row for row in document_rows() if row.table == column.table)
    listed = {system.eraser: system.name for system in systems().systems}
    values = {
        "name": f"{listed.get(first.eraser) or column.table}, in the document",
        "title": table.title.en,
        "url": table.document,
        "folder": column.name,
    }
    summary = Text("case.document_result").plain()
    said = ", ".join(f"{language} = {_quoted(words)}" for language, words in summary.items())
    quoted = {name: _quoted(value) for name, value in values.items()}
    return _MANIFEST.format(summary=said, **quoted)


def _quoted(words: str) -> str:
    """As TOML has it, which takes JSON's strings."""
    return json.dumps(words, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
