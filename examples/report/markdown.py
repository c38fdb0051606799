"""The report as Markdown: one line for each eraser, then a table for each case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from examples.report.parts import megabytes, seconds
from examples.report.shapes import PlainCase, PlainCell, PlainLine, PlainReport
from examples.report.texts import text
from methods import METRICS


def markdown(report: PlainReport) -> str:
    """The whole file, in English. report: `Report.plain()`."""
    lines = [f"# {plain(report['title']['en'])}", "", *summary_table(report["summary"]), ""]
    for number, case in enumerate(report["cases"], 1):
        lines += [*_case(number, case), ""]
    lines += [f"Made by Eraser Lab {plain(report['versions'].get('eraser-lab', ''))}.", ""]
    return "\n".join(lines)


def summary_table(summary: Sequence[PlainLine]) -> Iterator[str]:
    """The erasers, with means of what has a truth behind it, inside the mask."""
    names = [name for name in METRICS if any(name in line["means"] for line in summary)]
    shown = [name for name in names if name.endswith("_mask")] or names
    truths = max((line["truth_cases"] for line in summary), default=0)
    heads = [f"{METRICS[n].bare_name} ({text('counts.cases', count=truths)})" for n in shown]
    columns = ["Eraser", "Done", "Seconds", "Memory", "Changed outside", "Remarks", *heads]
    yield from _table(columns, (_summary_line(line, shown) for line in summary))


def _summary_line(line: PlainLine, shown: Sequence[str]) -> list[str]:
    means = [
        METRICS[name].shown(line["means"][name]) if name in line["means"] else "–" for name in shown
    ]
    done = f"{line['done']} of {line['done'] + line['failed'] + line.get('absent', 0)}"
    return [
        plain(line["label"]["en"]),
        done,
        seconds(line["median_seconds"]),
        megabytes(line["peak_memory"]),
        str(line["changed_outside"]),
        str(line["remarks"]),
        *means,
    ]


def _case(number: int, case: PlainCase) -> Iterator[str]:
    title = case["title"]["en"] or case["id"]
    yield f"## {number}. {plain(title)}"
    yield ""
    if case["problem"]:
        yield f"{plain(case['problem']['en'])}.  "
    photo = case["photo"]
    size = f", {photo['width']} x {photo['height']}" if photo["width"] else ""
    masked = f", {100 * case['masked']:.1f} % masked" if photo["width"] else ""
    yield f"{plain(photo['name'])}{size}{masked}"
    yield ""
    for note in case["mask_notes"]:
        yield from (plain(note["en"]), "")
    for who, what in (("The document says", case["document_remark"]["en"]),
                      ("Remark", case["remark"])):  # fmt: skip
        if what:
            yield from (f"> {who}: {plain(what)}", "")
    if case["failure"]:
        yield f"**Could not be opened:** {plain(case['failure']['en'])}"
        return
    columns = ["Eraser", "Result", "Seconds", "Memory", "Changed outside", "What the numbers say"]
    yield from _table(columns, map(_cell, case["cells"]))


def _cell(cell: PlainCell) -> list[str]:
    if cell["failure"]:
        return [plain(cell["label"]["en"]), plain(cell["failure"]["en"]), "", "", "", ""]
    said = [reading["remark"]["en"] for reading in cell["readings"] if reading["remark"]]
    said += [
        f"{METRICS[r['id']].bare_name} {METRICS[r['id']].shown(r['value'])}"
        for r in cell["readings"]
        if r["id"] in METRICS and r["id"].endswith("_mask")
    ]
    said += [note["en"] for note in cell["result_notes"]]
    if cell["remark"]:
        said.append(f"Remark: {cell['remark']}")
    return [
        plain(cell["label"]["en"]),
        f"[{plain(cell['file'].rsplit('/', 1)[-1])}](<{cell['file']}>)",
        seconds(cell["erase_seconds"]) + _pieces(cell),
        megabytes(cell["peak_memory"]),
        str(cell["changed_outside"]),
        plain(" ".join(said)),
    ]


def _pieces(cell: PlainCell) -> str:
    """Of how many parts it was made, where there were several."""
    return f", {text('pieces', count=cell['pieces'])}" if cell["pieces"] > 1 else ""


def _table(columns: Sequence[str], rows: Iterator[list[str]] | map[list[str]]) -> Iterator[str]:
    yield _line(columns)
    yield _line(["---"] * len(columns))
    yield from map(_line, rows)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def plain(words: object) -> str:
    """Text that stays text in Markdown: on one line, nothing of it a tag, a link or a column."""
    one_line = " ".join(str(words).split())
    escaped = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", escaped)
