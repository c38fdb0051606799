"""Runs a table with chosen erasers and reports on it.

    python -m examples.tables stand_ins --erasers migan,patchmatch,telea
    python -m examples.tables documents --erasers powerpaint,lama --fetch
    python -m examples.tables my_photos --set patchmatch.patch_size=5 --out results/mine
    python -m examples.tables my_photos --seeds 0-4 --shard 2/8 --out /shared/out
    python -m examples.tables my_photos --erasers lama,their_paper --given both

TABLE is `documents`, `stand_ins`, or a folder: NAME.jpg, NAME-mask.png (white = erase), and
NAME-truth.jpg where the truth is known. The output folder gets table.html (one file, opens from a
disk), table.md, table.json and every result as a lossless PNG. Erasers take turns, each over all
cases, so that its networks are loaded once. --shard I/N runs every N-th case only, one share a
machine, into the same folder; --report-only without it then reports on all. The same command
again finishes what was interrupted; finished cells are kept as long as photo, mask, settings,
seed and weights are the same. Where there are many results, their files hold the box around the
mask only; --report-only --results whole makes whole photos of them. What you have to say about a
result stands in remarks.json, and in the report:

    python -m examples.tables stand_ins --remark "shadow/migan=A dark spot is left."

What was made elsewhere is named among the erasers (docs/own-erasers.md, "A folder of results"): a
column of its own, as given, pasted back as every eraser's is, or both.

Exit codes: 0 all done; 1 a cell, a case or a file failed; 2 the call cannot be used; 130
interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from examples.compose.recipes import make_folder, replace_file
from examples.exits import DONE, FAILED, INTERRUPTED, exit_code
from examples.report.data import Report
from examples.report.files import Look, ReportFiles, json_bytes
from examples.report.pictures import VIEW_SIDE, pictures_of
from examples.running.arguments import parser_with
from examples.running.cases import (
    Case,
    CaseTable,
    open_case,
    stand_ins,
    substitutes,
    table_named,
)
from examples.running.console import Console
from examples.running.given import Column, columns_of, note_on
from examples.running.jobs import Choice, cells_on, changed, grown, jobs_of
from examples.running.records import Folder, read_remarks, write_remark
from examples.running.results import MANY, Kind
from examples.running.run import mask_share, run_table
from examples.running.work import RowResult
from methods import (
    LPIPS_WEIGHTS,
    BadInput,
    InProcess,
    Job,
    SettingValue,
    StopToken,
    Text,
    UserError,
    default_erasers,
    demand_agreed,
    expected,
    fetch,
    leave_at_once,
    make_executor,
    use_own_folder,
    versions,
    with_their_numbers,
    write_any_text,
)
from segmentation import cells_of, sweep_in

NOT_FETCHED = ("photo_unreachable", "photo_offline")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    write_any_text()
    args = make_parser().parse_args(with_their_numbers(argv))
    try:
        return exit_code(lambda: _tables(args))
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    return parser_with(VIEW_SIDE)


def _tables(args: argparse.Namespace) -> int:
    use_own_folder(args.erasers_dir)
    sweep = sweep_in(args.sweep)
    dilations = () if sweep is None else sweep.dilations()
    table = grown(_chosen(table_named(args.table), args), dilations)
    table = _share(table, args.shard)
    if args.dry_run:
        _tell_cells(table, _choice(args))
        return DONE
    out = Folder(args.out or Path("results") / Path(args.table).resolve().name)
    make_folder(out.path)
    for case, cell, text in args.remark:
        _known_case(case, table)
        write_remark(out.path, case, cell, text)
    read_remarks(out.path)  # a broken file is said before an hour's work
    choice = _with_results(_choice(args), args.results, table)
    name = "table" if args.shard is None else "table-{}-of-{}".format(*args.shard)
    table = _noted(table, choice)
    report = Report(
        table=table, choice=choice, rows=(), remarks=read_remarks(out.path), versions=versions()
    )
    files = ReportFiles(out.path, report, name)
    seen = _Seen(out, choice, files, args)
    if not args.report_only:
        demand_agreed((*choice.erasers, *(case.eraser or "" for case in table.cases)), args.agree)
        _fetch_small(table, choice, erased_here=not args.ray)
    seen.run(table)
    table = _with_stand_ins(table, seen, args)
    _report(args, out.path / f"{name}.html", files, replace(report, table=table))
    return DONE if seen.all_done else FAILED


def _noted(table: CaseTable, choice: Choice) -> CaseTable:
    """The table with what is to be said of results that were made elsewhere."""
    elsewhere = {column.results.id: column.results for column in choice.given}
    return replace(table, notes=(*table.notes, *map(note_on, elsewhere.values())))


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
    sweep = sweep_in(args.sweep, args.seeds or ()) if args.sweep else None
    swept = () if sweep is None else sweep.erasers()
    named = tuple(args.erasers or swept or [spec.id for spec in default_erasers()])
    given = columns_of(named, args.given != "pasted-back", args.given != "as-given")
    erasers = _less(named, given)
    settings: dict[str, dict[str, SettingValue]] = {eraser: {} for eraser in erasers}
    for eraser, name, value in args.set:
        if sweep is not None and f"{eraser}.{name}" in {axis.name for axis in sweep.axes}:
            raise BadInput("sweep_and_set", name=f"{eraser}.{name}")
        if eraser not in settings:
            raise BadInput("bad_assignment.not_chosen", name=eraser, setting=name)
        settings[eraser][name] = value
    for eraser in erasers:
        # As it is validated, so that "5" and 5 are one setting and one key.
        settings[eraser] = changed(Job(eraser, settings[eraser]))
    if sweep is not None:  # as a whole: their number, and what stands twice
        cells_of(sweep, [Job(eraser, settings[eraser]) for eraser in erasers])
    return Choice(
        erasers,
        settings,
        (sweep.seeds() if sweep is not None else args.seeds) or (args.seed,),
        None if sweep is None else sweep.of_settings(),
        args.fetch,
        args.accept_changed,
        not args.quick,
        given=given,
    )


def _less(named: Sequence[str], given: Sequence[Column]) -> tuple[str, ...]:
    """The erasers among what was named."""
    elsewhere = {column.results.id for column in given}
    return tuple(name for name in named if name not in elsewhere)


def _tell_cells(table: CaseTable, choice: Choice) -> None:
    """What a dry run shows."""
    jobs = []
    for case in table.cases:
        for cell_id, cell in cells_on(case, choice):
            print(f"{case.id} · {cell_id}")
            jobs.append(cell.job)
        for column in choice.given:
            print(f"{case.id} · {column.id}")
    ahead = expected(jobs)
    key = "cli.sweep.measured" if ahead.measured else "cli.sweep.guessed"
    print(Text(key, count=len(jobs), seconds=f"{ahead.seconds:.3g}").en)


def _with_results(choice: Choice, asked: Kind | None, table: CaseTable) -> Choice:
    """The box of each result where there are many, unless it was told otherwise."""
    count = sum(1 for case in table.cases for _ in jobs_of(case, choice))
    count += len(table.cases) * len(choice.given)
    kind: Kind = asked or ("box" if count >= MANY else "whole")
    if kind == "box" and not asked:
        print(f"{count} results: their files hold the mask's box only (--results whole: all).")
    return replace(choice, results=kind)


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
        self._ray = args.ray

    def run(self, table: CaseTable) -> None:
        """Run the table's cases and look at each as soon as it is done."""
        token = StopToken()
        with InProcess() if self._only_kept else make_executor(self._ray) as executor:
            if described := executor.described():
                print(f"{described}.")
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
        self.all_done &= not row.failure and all(
            cell.state in ("done", "absent") for cell in row.cells
        )
        if row.failure and row.failure.code in NOT_FETCHED:
            self.refused.append(row.case)

    def _look(self, row: RowResult) -> Look:
        opened = open_case(row.case, accept_changed=self._choice.accept_changed)
        size = (*opened.photo.size, mask_share(opened.mask))
        notes = [note.plain() for note in opened.mask_notes]
        return Look(pictures_of(row, opened, self._out, self._side), size, notes)


def _with_stand_ins(table: CaseTable, seen: _Seen, args: argparse.Namespace) -> CaseTable:
    """Where the network refused photos, also their stand-in cases are run."""
    others = substitutes(seen.refused)
    if not others or args.no_stand_ins:
        return table
    print(f"{len(seen.refused)} photos could not be fetched; their stand-in cases follow.")
    notes = stand_ins().notes
    sweep = sweep_in(args.sweep)
    followers = CaseTable(stand_ins().title, others, notes)
    others = grown(followers, () if sweep is None else sweep.dilations()).cases
    seen.run(CaseTable(stand_ins().title, others, notes))
    return CaseTable(table.title, (*table.cases, *others), (*table.notes, *notes))


def _fetch_small(table: CaseTable, choice: Choice, erased_here: bool) -> None:
    """The small weights of the default set, unless a cluster erases, and LPIPS where a truth is
    known; a failure is the cell's own line later, or a number less."""
    chosen = [s for s in default_erasers() if erased_here and s.id in choice.erasers]
    needed = [weight for spec in chosen for weight in spec.weights]
    if any(case.truth for case in table.cases):
        needed.append(LPIPS_WEIGHTS)
    for weight in needed:
        with suppress(UserError):
            fetch(weight)


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


if __name__ == "__main__":
    leave_at_once(main())
