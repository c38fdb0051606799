"""What the commands of `python -m methods` share: output, tables, bars, argument types."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from methods import (
    BadInput,
    Event,
    Failed,
    Fetching,
    Finished,
    Notice,
    Progress,
    Stepped,
    readable,
    takes_all_text,
)

if TYPE_CHECKING:
    from tqdm import tqdm

Arguments: TypeAlias = argparse._ActionsContainer
"""A parser, or a group of arguments in one: what has `add_argument`."""

DONE, FAILED, UNUSABLE, NOT_READY, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: all done; something failed; the call cannot be used; see `doctor`; Ctrl-C."""

EXIT_CODES = (
    "Exit codes: 0 all done; 1 an eraser or a download failed; 2 the call or its input cannot be"
    " used; 3 an eraser is not ready, as doctor says, or a Space would not work; 130 interrupted."
)
"""The same for every help text."""


def say(text: str) -> None:
    """A line of output."""
    sys.stdout.write(f"{readable(text)}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """A line for the person at the keyboard, apart from the output."""
    sys.stderr.write(f"{readable(text)}\n")
    sys.stderr.flush()


def say_json(value: object) -> None:
    """Machine-readable output; in ASCII where the output's encoding lacks characters."""
    say(json.dumps(value, indent=2, ensure_ascii=not takes_all_text()))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned columns; those that hold only numbers stand right."""
    lines = [list(header), *(list(row) for row in rows)]
    columns = list(zip(*lines, strict=True))
    widths = [max(map(len, column)) for column in columns]
    to_right = [all(re.fullmatch(r"[-\d.,×% ]*", cell) for cell in c[1:]) for c in columns]

    def line(cells: Sequence[str]) -> str:
        placed = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, to_right, strict=True)
        )
        return "  ".join(placed).rstrip()

    return "\n".join(map(line, lines))


def megabytes(size: int) -> str:
    """Bytes as "28 MB"."""
    return f"{size / 1e6:,.0f} MB"


class Bars:
    """Shows a run's progress on standard error; a context manager."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._stack = ExitStack()
        self._weight = ""
        self._fetching: Progress | None = None
        self._steps: tqdm[None] | None = None
        self._notice: Notice | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def show(self, event: Event) -> None:
        """Draw what the event changes."""
        match event:
            case Fetching(_, name, done, total, notice):
                self._show_notice(notice)
                self._show_bytes(name, done, total)
            case Stepped(index, step, total):
                self._show_steps(self._names[index], step, total)
            case Finished() | Failed():
                self._close()

    def _show_notice(self, notice: Notice | None) -> None:
        if notice is not None and notice is not self._notice:
            complain(str(notice))
        self._notice = notice

    def _show_bytes(self, name: str, done: int, total: int) -> None:
        from ui.cli.progress import console_progress

        if self._fetching is None or name != self._weight:
            self._close()
            self._weight = name
            self._fetching = self._stack.enter_context(console_progress(name, total))
        self._fetching(done, total)

    def _show_steps(self, name: str, step: int, total: int) -> None:
        if self._steps is None:
            from tqdm import tqdm

            self._close()  # ends the bar of a download
            quiet = None  # tqdm's word for: draw on a terminal only
            self._steps = tqdm(desc=name, total=total, leave=False, disable=quiet)
            self._stack.callback(self._steps.close)
        self._steps.total = total
        self._steps.update(step - self._steps.n)

    def _close(self) -> None:
        self._stack.close()
        self._fetching = self._steps = None


# --- argument types ----------------------------------------------------------------------


def numbers(least: int, most: int, form: str) -> Callable[[str], tuple[float, ...]]:
    """An argparse type: `least` to `most` finite numbers with commas between."""

    def parse(text: str) -> tuple[float, ...]:
        try:
            values = tuple(float(part) for part in text.split(","))
        except ValueError:
            values = ()
        if not least <= len(values) <= most or not all(abs(v) < 1e7 for v in values):
            raise argparse.ArgumentTypeError(f"'{text}' is not of the form {form}")
        return values

    return parse


def names(text: str) -> list[str]:
    """An argparse type: ids with commas between, each once, in the order given."""
    found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not found:
        raise argparse.ArgumentTypeError("give at least one name")
    return found


def assignment(text: str) -> tuple[str, str]:
    """An argparse type: NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form NAME=VALUE")
    return name.strip(), value


def settings_for(
    eraser_ids: Sequence[str], assignments: Iterable[tuple[str, str]]
) -> Mapping[str, dict[str, str]]:
    """eraser.field=value -> {eraser: {field: value}}. Raises BadInput for other erasers."""
    result: dict[str, dict[str, str]] = {eraser_id: {} for eraser_id in eraser_ids}
    for name, value in assignments:
        eraser_id, dot, setting = name.partition(".")
        if not dot or not setting:
            raise BadInput("bad_assignment.form", name=name, value=value)
        if eraser_id not in result:
            chosen = ", ".join(eraser_ids)
            raise BadInput("bad_assignment.not_of_run", name=name, eraser=eraser_id, chosen=chosen)
        result[eraser_id][setting] = value
    return result


def use_local_files(assignments: Iterable[tuple[str, str]]) -> None:
    """--weights NAME=PATH: take these files in place of the cache's."""
    from methods import use_local

    for name, path in assignments:
        if not Path(path).exists():
            raise BadInput("no_such_file.weights", name=name, file=Path(path).name)
        use_local(name, Path(path))
