"""The progress of a download on the console."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from methods import Progress, megabytes


@contextmanager
def console_progress(name: str, size: int, stream: TextIO | None = None) -> Iterator[Progress]:
    """A progress callback for `fetch`, drawn on standard error.

    A bar on a terminal; elsewhere (a log file, a pipe) one line for every tenth. Nothing
    is drawn before the first call, so a file that is here already stays silent.
    """
    stream = stream or sys.stderr
    if stream.isatty():
        with _bar(name, size, stream) as progress:
            yield progress
    else:
        yield _lines(name, stream)


@contextmanager
def _bar(name: str, size: int, stream: TextIO) -> Iterator[Progress]:
    from tqdm import tqdm

    bar = None

    def progress(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(desc=name, total=size, unit="B", unit_scale=True, file=stream)
        bar.total = total
        bar.update(done - bar.n)  # also backwards, when a server made us begin anew

    try:
        yield progress
    finally:
        if bar is not None:
            bar.close()


def _lines(name: str, stream: TextIO) -> Progress:
    shown = -1

    def progress(done: int, total: int) -> None:
        nonlocal shown
        tenth = 10 * done // max(total, 1)
        if tenth > shown:
            shown = tenth
            stream.write(f"{name}: {10 * tenth} % of {megabytes(total)}\n")
            stream.flush()

    return progress
