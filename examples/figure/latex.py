"""A figure and its numbers as LaTeX, to be pasted into a paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from examples.figure.options import SECONDS, FigureOptions
from examples.report.parts import as_text, seconds
from examples.report.shapes import PlainCase, PlainCell
from examples.report.texts import text
from methods import METRICS, readable

_SPECIAL: Mapping[int, str] = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "Δ": r"$\Delta$",
        "–": "--",
    }
)


def latex_of(cases: Sequence[PlainCase], options: FigureOptions, picture: str) -> str:
    """The figure's and the table's environments. picture: the file's name without its ending."""
    return "\n".join([*_figure(cases, options, picture), "", *_table(cases, options)]) + "\n"


def escaped(words: str) -> str:
    """Text of anyone's as text of LaTeX, on one line."""
    return " ".join(readable(words).split()).translate(_SPECIAL)


def _figure(cases: Sequence[PlainCase], options: FigureOptions, picture: str) -> Iterator[str]:
    titles = ", ".join(escaped(_title(case, options)) for case in cases)
    yield r"% \usepackage{graphicx,booktabs}"
    yield r"\begin{figure*}"
    yield r"  \centering"
    yield rf"  \includegraphics[width={options.width:g}mm]{{\detokenize{{{_safe(picture)}}}}}"
    yield rf"  \caption{{{escaped(text('figure_caption').said(options.language))}: {titles}.}}"
    yield r"  \label{fig:erasers}"
    yield r"\end{figure*}"


def _safe(name: str) -> str:
    """Of a file, between the braces of a command that takes it as it is."""
    return "".join(letter for letter in readable(name) if letter not in "{}\\%#\n")


def _title(case: PlainCase, options: FigureOptions) -> str:
    return as_text(case["title"]).said(options.language) or case["id"]


# --- the numbers -------------------------------------------------------------------------


def _table(cases: Sequence[PlainCase], options: FigureOptions) -> Iterator[str]:
    names = options.numbers or _usual(cases)
    heads = [escaped(_head(name, options)) for name in names]
    yield r"\begin{table}"
    yield r"  \centering"
    yield rf"  \begin{{tabular}}{{l{'r' * len(names)}}}"
    yield r"    \toprule"
    yield f"    {_row(['', *heads])}"
    for case in cases:
        yield r"    \midrule"
        if len(cases) > 1:
            title = escaped(_title(case, options))
            yield rf"    \multicolumn{{{len(names) + 1}}}{{l}}{{\textit{{{title}}}}} \\"
        yield from (f"    {line}" for line in _lines(case, names, options))
    yield r"    \bottomrule"
    yield r"  \end{tabular}"
    yield rf"  \caption{{{escaped(text('figure_numbers').said(options.language))}.}}"
    yield r"  \label{tab:erasers}"
    yield r"\end{table}"


def _usual(cases: Sequence[PlainCase]) -> tuple[str, ...]:
    """Those within the mask that have a truth behind them; without one, all that there are."""
    used = {r["id"] for case in cases for cell in case["cells"] for r in cell["readings"]}
    known = [name for name in METRICS if name in used]
    with_truth = [name for name in known if METRICS[name].needs == "truth"]
    inside = [name for name in with_truth if name.endswith("_mask")] or with_truth
    return (*(inside or known), SECONDS)


def _head(name: str, options: FigureOptions) -> str:
    if name == SECONDS:
        return text("figure_seconds").said(options.language)
    return METRICS[name].bare_name.said(options.language)


def _lines(case: PlainCase, names: Sequence[str], options: FigureOptions) -> Iterator[str]:
    done = [cell for cell in case["cells"] if cell["state"] == "done"]
    best = {name: _best(name, done) for name in names}
    for cell in done:
        label = escaped(as_text(cell["label"]).said(options.language))
        yield _row([label, *(_number(name, cell, best[name]) for name in names)])


def _best(name: str, cells: Sequence[PlainCell]) -> float | None:
    values = [value for cell in cells if (value := _value(name, cell)) is not None]
    if len(values) < 2:
        return None
    higher = name != SECONDS and METRICS[name].better == "higher"
    return max(values) if higher else min(values)


def _value(name: str, cell: PlainCell) -> float | None:
    if name == SECONDS:
        return cell["erase_seconds"]
    return next((r["value"] for r in cell["readings"] if r["id"] == name), None)


def _number(name: str, cell: PlainCell, best: float | None) -> str:
    value = _value(name, cell)
    if value is None:
        return "--"
    shown = escaped(seconds(value) if name == SECONDS else METRICS[name].shown(value))
    return rf"\textbf{{{shown}}}" if value == best else shown


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
