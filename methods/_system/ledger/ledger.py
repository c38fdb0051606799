"""The program's own ledger: its bound, and the three parts that it is kept in.

    ERASER_LAB_LEDGER=4    gigabytes for photos, masks, views and work on them; else a tenth of the
                           memory that the program may use, between 1 and 8

A third each is for what is held, for work at full size that somebody waits for, and for runs, which
may last for hours: no click and no download waits for one. Loaded erasers have a budget of their
own (ERASER_LAB_MEMORY). Each process of the program keeps a ledger.
"""

from __future__ import annotations

import os

from methods._base import BadInput
from methods._system.container import total_memory
from methods._system.ledger.held import Held
from methods._system.ledger.room import Room

SETTING = "ERASER_LAB_LEDGER"
GIB = 2**30

DECODING, SELECTING, COMPOSING, RUNNING = 12, 16, 16, 16
"""Bytes for each pixel of a photo: while it is opened; while a mask of its size is made or read;
while a report, a figure or a lossless file is made of it; while a run is at work on it."""


def ledger_bytes() -> int:
    """The bound. Raises BadInput for a setting that is no number of gigabytes."""
    text = os.environ.get(SETTING, "").strip()
    if not text:
        return _usual_bytes()
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e6:
        raise BadInput("bad_ledger_setting")
    return int(number * GIB)


def set_up_ledger() -> None:
    """Take the host's setting as it is now. Raises BadInput."""
    most = ledger_bytes()
    for part in (held, full_size, running):
        part.most = most // 3


def _usual_bytes() -> int:
    return min(8 * GIB, max(GIB, total_memory() // 10))


def _bytes_at_first() -> int:
    """Also for processes that nobody sets up; the page says what is wrong with a setting."""
    try:
        return ledger_bytes()
    except BadInput:
        return _usual_bytes()


_third = _bytes_at_first() // 3
held = Held(_third)
full_size = Room(_third)
running = Room(_third)
