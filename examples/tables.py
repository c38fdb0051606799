"""Runs a table with chosen erasers and reports on it.

    python -m examples.tables stand_ins --erasers migan,patchmatch,telea
    python -m examples.tables documents --erasers powerpaint,lama --fetch
    python -m examples.tables my_photos --set patchmatch.patch_size=5 --out results/mine
    python -m examples.tables my_photos --seeds 0-4 --shard 2/8 --out /shared/out

TABLE is `documents`, `stand_ins`, or a folder: NAME.jpg, NAME-mask.png (white = erase), and
NAME-truth.jpg where the truth is known. The output folder gets table.html (one file, opens from a
disk), table.md, table.json and every result as a lossless PNG. Erasers take turns, each over all
cases, so that its networks are loaded once. --shard I/N runs every N-th case only, one share a
machine, into the same folder; --report-only without it then reports on all. The same command
again finishes what was interrupted; finished cells are kept as long as photo, mask, settings,
seed and weights are the same. What you have to say about a result stands in remarks.json, and in
the report:

    python -m examples.tables stand_ins --remark "shadow/migan=A dark spot is left."

Exit codes: 0 all done; 1 a cell, a case or a file failed; 2 the call cannot be used; 130
interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from examples.compose.recipes import make_folder, replace_file
from examples.report.data import Report
from examples.report.files import Look, ReportFiles, json_bytes
from examples.report.pictures import VIEW_SIDE, pictures_of
from examples.running.cases import (
    Case,
    CaseTable,
    documents,
    of_folder,
    open_case,
    stand_ins,
    substitutes,
)
from examples.running.jobs import Choice, changed
from examples.running.records import Cell, Folder, read_remarks, write_remark
from examples.running.run import AHEAD, Step, mask_share, run_table
from examples.running.work import RowResult
from methods import (
    LPIPS_WEIGHTS,
    BadInput,
    Fetching,
    Job,
    SettingValue,
    Stepped,
    StopToken,
    UserError,
    default_erasers,
    fetch,
    file_fault,
    leave_at_once,
    make_executor,
    versions,
    with_their_numbers,
    write_any_text,
)

DONE, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130

MOST_SEEDS = 100

NOT_FETCHED = ("photo_unreachable", "photo_offline")

NAMED: Mapping[str, Callable[[], CaseTable]] = {"documents": documents, "stand_ins": stand_ins}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    write_any_text()
    args = make_parser().parse_args(with_their_numbers(argv))
    try:
        return _tables(args)
    except BadInput as error:
        print(f"Error: {error}", file=sys.stderr)
        return UNUSABLE
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:  # a full disk, a folder that may not be read
        print(f"Error: {file_fault(error)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return INTERRUPTED


def _tables(args: argparse.Namespace) -> int:
    table = _chosen(
        NAMED[args.table]() if args.table in NAMED else of_folder(Path(args.table)), args
    )
    table = _share(table, args.shard)
    out = Folder(args.out or Path("results") / Path(args.table).resolve().name)
    make_folder(out.path)
    for case, cell, text in args.remark:
        _known_case(case, table)
        write_remark(out.path, case, cell, text)
    read_remarks(out.path)  # a broken file is said before an hour's work
    choice = _choice(args)
    name = "table" if args.shard is None else "table-{}-of-{}".format(*args.shard)
    report = Report(
        table=table, choice=choice, rows=(), remarks=read_remarks(out.path), versions=versions()
    )
    files = ReportFiles(out.path, report, name)
    seen = _Seen(out, choice, files, args)
    if not args.report_only:
        _fetch_small(table, choice)
    seen.run(table)
    table = _with_stand_ins(table, seen, args)
    _report(args, out.path / f"{name}.html", files, replace(report, table=table))
    return DONE if seen.all_done else FAILED


def _chosen(table: CaseTable, args: argparse.Namespace) -> CaseTable:
    """Only the cases that --cases names."""
    if not args.cases:
        return table
    for case in args.cases:
        _known_case(case, table)
    cases = tuple(case for case in table.cases if case.id in args.cases)
    return CaseTable(table.title, cases, table.notes)


def _share(table: CaseTable, shard: tuple[int, int] | None) -> CaseTable:
    """Every N-th case, beginning with the I-th: long and short cases spread over all shares."""
    if shard is None:
        return table
    place, of = shard
    return CaseTable(table.title, table.cases[place - 1 :: of], table.notes)


def _known_case(case_id: str, table: CaseTable) -> None:
    known = [case.id for case in table.cases]
    if case_id not in known:
        raise BadInput("unknown_case", case=case_id[:80], known=", ".join(known))


def _choice(args: argparse.Namespace) -> Choice:
    """Unknown erasers and settings are said before any time is spent."""
    erasers = tuple(args.erasers or [spec.id for spec in default_erasers()])
    settings: dict[str, dict[str, SettingValue]] = {eraser: {} for eraser in erasers}
    for eraser, name, value in args.set:
        if eraser not in settings:
            raise BadInput("bad_assignment.not_chosen", name=eraser, setting=name)
        settings[eraser][name] = value
    for eraser in erasers:
        # As it is validated, so that "5" and 5 are one setting and one key.
        settings[eraser] = changed(Job(eraser, settings[eraser]))
    seeds = args.seeds or (args.seed,)
    return Choice(erasers, settings, seeds, args.fetch, args.accept_changed, not args.quick)


# --- running -----------------------------------------------------------------------------


class _Seen:
    """What has been run so far goes into the report at once."""

    def __init__(
        self, out: Folder, choice: Choice, files: ReportFiles, args: argparse.Namespace
    ) -> None:
        self.all_done = True
        self.refused: list[Case] = []
        self._out, self._choice, self._files = out, choice, files
        self._only_kept, self._side, self._ahead = args.report_only, args.view, args.ahead

    def run(self, table: CaseTable) -> None:
        """Run the table's cases and look at each as soon as it is done."""
        token = StopToken()
        with make_executor() as executor:
            rows = run_table(
                table,
                self._choice,
                self._out,
                token,
                Console(),
                only_kept=self._only_kept,
                ahead=self._ahead,
                executor=executor,
            )
            try:
                for row in rows:
                    self._note(row)
                    self._files.add(row, None if row.failure else self._look(row))
            finally:
                token.stop()

    def _note(self, row: RowResult) -> None:
        self.all_done &= not row.failure and all(cell.state == "done" for cell in row.cells)
        if row.failure and row.failure.code in NOT_FETCHED:
            self.refused.append(row.case)

    def _look(self, row: RowResult) -> Look:
        opened = open_case(row.case, accept_changed=self._choice.accept_changed)
        size = (*opened.photo.size, mask_share(opened.mask))
        return Look(pictures_of(row, opened, self._out, self._side), size)


def _with_stand_ins(table: CaseTable, seen: _Seen, args: argparse.Namespace) -> CaseTable:
    """Where the network refused photos, also their stand-in cases are run."""
    others = substitutes(seen.refused)
    if not others or args.no_stand_ins:
        return table
    print(f"{len(seen.refused)} photos could not be fetched; their stand-in cases follow.")
    notes = stand_ins().notes
    seen.run(CaseTable(stand_ins().title, others, notes))
    return CaseTable(table.title, (*table.cases, *others), (*table.notes, *notes))


def _fetch_small(table: CaseTable, choice: Choice) -> None:
    """The small weights of the default set, and LPIPS where a truth is known; a failure is the
    cell's own line later, or a number less."""
    chosen = [spec for spec in default_erasers() if spec.id in choice.erasers]
    needed = [weight for spec in chosen for weight in spec.weights]
    if any(case.truth for case in table.cases):
        needed.append(LPIPS_WEIGHTS)
    for weight in needed:
        with suppress(UserError):
            fetch(weight)


class Console:
    """A line for each cell; what is under way stands in the last line of a terminal."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def __call__(self, step: Step) -> None:
        """Show one step."""
        where = f"[{step.number}/{step.total}] {step.case.id}"
        if step.failure is not None:
            self._say(f"{where}: {step.failure}")
        elif step.cell is not None:
            self._say(f"{where} · {step.cell.id}: {_outcome(step.cell)}")
        elif isinstance(step.event, Stepped):
            self._under_way(f"{where} · {step.eraser} {step.event.step}/{step.event.total}")
        elif isinstance(step.event, Fetching):
            done, total = step.event.done / 1e6, step.event.total / 1e6
            self._under_way(f"{where} · {step.event.name} {done:.0f} of {total:.0f} MB")

    def _say(self, text: str) -> None:
        self._under_way("")
        print(text, flush=True)

    def _under_way(self, text: str) -> None:
        if self._live:
            sys.stderr.write(f"\r\x1b[2K{text[:110]}")
            sys.stderr.flush()


def _outcome(cell: Cell) -> str:
    if cell.state != "done":
        return f"no result. {cell.text}"
    kept = ", kept" if cell.kept else ""
    return f"{cell.erase_seconds:.2f} s, {cell.peak_memory / 1e6:.0f} MB{kept}"


# --- the report --------------------------------------------------------------------------


def _report(args: argparse.Namespace, file: Path, files: ReportFiles, report: Report) -> None:
    rows, pictures = files.page
    plain = files.close(replace(report, remarks=read_remarks(file.parent)))
    if args.summary:
        parts = ("title", "created", "seed", "versions", "summary")
        replace_file(args.summary, json_bytes({n: p for n, p in plain.items() if n in parts}))
    if args.montage:
        from examples.report.montage import montage

        replace_file(args.montage, montage(rows, pictures))
    print(f"The report: {file.as_posix()}")


# --- arguments ---------------------------------------------------------------------------


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


def _seeds(text: str) -> tuple[int, ...]:
    """0-4 or 0,3,7: each once, in the order given; 100 at most."""
    found: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        low, high = _seed(first), _seed(last if dash else first)
        if high < low or high - low >= MOST_SEEDS:
            raise argparse.ArgumentTypeError(f"'{part}' is no range of at most {MOST_SEEDS} seeds")
        found |= dict.fromkeys(range(low, high + 1))
    if len(found) > MOST_SEEDS:
        raise argparse.ArgumentTypeError(f"give at most {MOST_SEEDS} seeds")
    return tuple(found)


def _shard(text: str) -> tuple[int, int]:
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


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.tables",
        description="Run a table of cases with several erasers and report on it.",
    )
    add = parser.add_argument
    add("table", metavar="TABLE", help="documents, stand_ins, or a folder of photos and masks")
    add("--erasers", type=_list, metavar="ID,ID", help="(the default set)")
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
    add("--seeds", type=_seeds, metavar="A-B,C", help="several: a column for each")
    add("--shard", type=_shard, metavar="I/N", help="only every N-th case, from the I-th on")
    add("--ahead", type=_ahead, default=AHEAD, metavar="ROWS",
        help=f"cases that an eraser goes through before the next is loaded ({AHEAD})")  # fmt: skip
    add("--out", type=Path, metavar="FOLDER", help="(results/TABLE)")
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
    add("--view", type=_side, default=VIEW_SIDE, metavar="N",
        help=f"longest side of pictures in the report ({VIEW_SIDE})")  # fmt: skip
    add("--montage", type=Path, metavar="FILE", help="also one JPEG with all results")
    add("--summary", type=Path, metavar="FILE", help="also a JSON file with the first table alone")
    return parser


if __name__ == "__main__":
    leave_at_once(main())
