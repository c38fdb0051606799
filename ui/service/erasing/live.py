"""A run while it goes on: its worker, its grid, its files.

room ▶ events of the erasers ▶ results: room and places are given back ▶ files ▶ numbers

The run belongs to itself: whoever watches gets the grid's value again and again, and it goes on
when the watcher leaves (a reload, a closed lid, a lost connection).
"""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from pathlib import Path

from methods import (
    Event,
    Failed,
    Finished,
    Judged,
    Room,
    StopToken,
    Ticket,
    Waiting,
    begin_thread,
    covered,
    note_pace,
    running,
    view_jpeg,
    write_atomic,
)
from ui.common.errors import described
from ui.common.grid import Card, Grid, RunState
from ui.common.logs import current_run, keep_private, keeping_private
from ui.service.erasing import closeup
from ui.service.erasing.cards import ENDED, ask_to_stop, end, finish, follow
from ui.service.erasing.watchers import Watchers
from ui.stores.photos import VIEW_SIDE
from ui.stores.png_writer import PngWriter
from ui.stores.runs import Inputs, RunStore, close_name, result_name, run_url

log = logging.getLogger(__name__)


class LiveRun:
    """One run: `start` it once, watch `grids`, `stop` it.

    grid: the value to begin with (state "running", all cards queued). saved: what else
    goes into run.json. events: what the runner says, read in a thread while the run has its room:
    so many bytes (`size`) in `visitor`'s name. is_own: whether a job of this visitor has given such
    a result before; one that comes from the cache because of somebody else is told as any other,
    since it would tell of them. on_end: called once when the erasers have ended; files may still be
    written then. on_results: called once when these are written: whoever judges them calls
    `judged`, and `kept` in the end. on_complete: called once when all that is done too. again: it
    has been there before, and stays whatever becomes of it now.
    """

    def __init__(
        self,
        grid: Grid,
        saved: Inputs,
        events: Iterator[Event],
        *,
        store: RunStore,
        writer: PngWriter,
        token: StopToken,
        size: int,
        visitor: str,
        is_own: Callable[[int], bool] = lambda index: True,
        on_end: Callable[[], None],
        on_results: Callable[[LiveRun], None],
        on_complete: Callable[[], None],
        again: bool = False,
    ) -> None:
        self.id = grid["run"]
        self._grid = grid
        self._saved = saved
        self._events = events
        self._store = store
        self._writer = writer
        self._token = token
        self._size = size
        self._visitor = visitor
        self._room: Room = running
        self._ticket: Ticket | None = None
        self._is_own = is_own
        self._unsaid = 0.0  # seconds of results that others have waited for
        self._on_end = on_end
        self._on_results = on_results
        self._on_complete = on_complete
        self._watchers = Watchers(self._copy)
        self._changed = self._watchers.changed  # what holds the grid together
        self._unwritten = 1  # PNG files under way, and one for the run itself
        self._waits = True  # for room
        self._ended = False  # its events
        self._refused = False
        self._saving = threading.Lock()
        self._again = again
        self._started = time.perf_counter() - grid["seconds"]

    # --- what others call ----------------------------------------------------------------

    def start(self) -> None:
        """Begin as soon as there is room; until then it has no thread."""
        self._save()
        context = copy_context()  # of whoever asks; another one may make the room

        def begin(ticket: Ticket) -> None:
            with self._changed:
                self._waits = False
            context.run(begin_thread, partial(self._work, ticket), f"run-{self.id[:4]}")

        self._ticket = self._room.ask(self._size, self._visitor, begin, self._wait)
        if self._token.stopped:
            self._room.let_in(self._ticket)

    def stop(self) -> None:
        """Ask all jobs to end; takes effect at the next step of the one at work."""
        self._token.stop()
        with self._changed:
            if self._grid["state"] == "running":
                ask_to_stop(self._grid["cards"])
                self._tell(urgent=True)
        if self._ticket is not None:
            self._room.let_in(self._ticket)

    def unwatched_seconds(self) -> float:
        """How long nobody has looked at it; 0 while somebody does."""
        return self._watchers.unwatched_seconds()

    def look(self) -> Grid:
        """The grid's value now, for somebody who asks once; a copy."""
        self._watchers.note_look()
        return self.snapshot()

    def snapshot(self) -> Grid:
        """The grid's value now; a copy."""
        with self._changed:
            return self._copy()

    def grids(self) -> Iterator[Grid]:
        """The grid's value: at once, after every change, and a last time when all is there."""
        return self._watchers.values()

    def follow(self) -> AsyncGenerator[Grid, None]:
        """The same, on an event loop: what waits holds no thread."""
        return self._watchers.follow()

    def _copy(self) -> Grid:
        if self._grid["state"] == "running":
            self._grid["seconds"] = self._seconds()
        return copy.deepcopy(self._grid)

    def _seconds(self) -> float:
        return time.perf_counter() - self._started + self._unsaid

    def _tell(self, *, urgent: bool) -> None:
        self._watchers.tell(urgent=urgent)

    # --- the worker's side ---------------------------------------------------------------

    def _wait(self, ahead: int) -> None:
        """So many have their room first."""
        with self._changed:
            if self._waits:
                for card in self._grid["cards"]:
                    follow(card, Waiting(card["index"], ahead))
                self._tell(urgent=True)

    def _work(self, ticket: Ticket) -> None:
        current_run.set(self.id)
        keep_private(*self._said())
        try:
            with covered():
                self._erase()
        finally:
            self._room.give_back(ticket)
        self._end_jobs()
        with self._changed:
            self._ended = True
            due = self._unwritten == 1
        if due:
            self._on_results(self)

    def _erase(self) -> None:
        begun = False
        try:
            for event in self._events:
                begun = True
                self._take(event)
        except Exception as error:  # told on the grid; the run must end in any case
            self._break_off(error, refused=not (begun or self._again))

    def judged(self) -> None:
        """No more numbers will come."""
        with self._changed:
            self._grid.pop("judging", None)
            self._tell(urgent=True)
        self._save()

    def kept(self) -> None:
        """Nobody writes into its folder any more: from now on it may be deleted."""
        self._written()

    def unjudged_results(self) -> list[tuple[int, str]]:
        """Index and eraser of each result whose lossless file is there and that has no numbers."""
        with self._changed:
            cards = [c for c in self._grid["cards"] if "full" in c and "readings" not in c]
            return [(card["index"], card["eraser"]) for card in cards]

    def is_stopped(self) -> bool:
        """Whether nobody wants any more of it."""
        return self._token.stopped

    def read(self, told: Judged) -> None:
        """The numbers of a result have come."""
        with self._changed:
            card = self._grid["cards"][told.index]
            card["readings"] = [reading.plain() for reading in told.readings]
            self._tell(urgent=True)

    def _take(self, event: Event) -> None:
        if isinstance(event, Finished):
            self._take_result(event)
        else:
            with self._changed:
                self._tell(urgent=follow(self._grid["cards"][event.index], event))
        if isinstance(event, Finished | Failed):
            self._save()

    def _take_result(self, event: Finished) -> None:
        """View first, so that the card appears; the lossless file follows in its own time."""
        index, folder = event.index, self._store.folder / self.id
        card = self._grid["cards"][index]
        view, full = (result_name(index, card["eraser"], ending) for ending in ("jpg", "png"))
        try:
            write_atomic(folder / view, self._view(event))
            close = self._write_close(folder, view, event)
        except Exception as error:  # this card's trouble (a full disk); the others go on
            self._fail(card, error)
            return
        note_pace(card["eraser"], event)
        own = self._is_own(index)
        with self._changed:
            if event.cached and not own:
                self._unsaid += event.load_seconds + event.erase_seconds
            shown = replace(event, cached=event.cached and own)
            finish(card, shown, run_url(self.id, view))
            if close is not None:
                card["close"] = close
            self._unwritten += 1
            self._tell(urgent=True)
        written = partial(self._png_written, card, full)
        self._writer.write(folder / full, event.image, event.alpha, written)

    @staticmethod
    def _view(event: Finished) -> bytes:
        return view_jpeg(event.image, longest_side=VIEW_SIDE, alpha=event.alpha)

    def _write_close(self, folder: Path, view: str, event: Finished) -> str | None:
        """Its URL, where this run has close-ups."""
        close = self._grid["mask"].get("close")
        if close is None:
            return None
        closeup.write(folder, view, close["box"], event.image, event.alpha)
        return run_url(self.id, close_name(view))

    def _break_off(self, error: Exception, *, refused: bool) -> None:
        """refused: the jobs were found unusable before anything began; no run has been."""
        with self._changed:
            self._grid["error"] = described(error)
            self._refused = refused
            if refused:
                self._grid["cards"] = []

    def _fail(self, card: Card, error: Exception) -> None:
        with self._changed:
            end(card, "failed")
            card["error"] = described(error)
            self._tell(urgent=True)

    def _png_written(self, card: Card, file: str, error: Exception | None) -> None:
        if error is not None:
            self._fail(card, error)
        else:
            with self._changed:
                card["full"] = run_url(self.id, file)
                self._tell(urgent=True)
        self._written()

    def _end_jobs(self) -> None:
        """Give every card and the run their last state, and let the next run begin."""
        stopped = self._token.stopped
        with self._changed:
            open_cards = [card for card in self._grid["cards"] if card["state"] not in ENDED]
            for card in open_cards:
                end(card, "stopped" if stopped else "failed")
                if "error" in self._grid and not stopped:
                    card["error"] = self._grid["error"]
            self._grid["seconds"] = self._seconds()
            self._grid["state"] = self._last_state()
            if any(card["state"] == "done" for card in self._grid["cards"]):
                self._grid["judging"] = True
            self._offer_zip(self._unwritten)
            self._tell(urgent=True)
        self._save()
        self._on_end()

    def _last_state(self) -> RunState:
        if any(card["state"] == "stopped" for card in self._grid["cards"]):
            return "stopped"
        return "failed" if "error" in self._grid else "done"

    def _written(self) -> None:
        """One of the files, or the run itself, is done; the last one closes the run.

        It is saved before it counts, so that no thread writes into a run that is closed.
        """
        with self._changed:
            self._offer_zip(self._unwritten - 1)
        unsaved = True
        while unsaved:
            self._save()
            with self._changed:
                unsaved = self._offer_zip(self._unwritten - 1)  # the erasers have ended meanwhile
                if not unsaved:
                    self._unwritten -= 1
                    last, due = self._unwritten == 0, self._unwritten == 1 and self._ended
        if due:
            self._on_results(self)
        if last:
            self._save()
            self._close()

    def _offer_zip(self, unwritten: int) -> bool:
        """As soon as the files are there: what is still to be said of them is no reason to wait.
        True where it was not offered before."""
        waits = unwritten > (1 if "judging" in self._grid else 0)
        full = any("full" in card for card in self._grid["cards"])
        if waits or not full or "zip" in self._grid:
            return False
        self._grid["zip"] = run_url(self.id, "all.zip")
        self._tell(urgent=True)
        return True

    def _close(self) -> None:
        try:
            if self._refused:
                self._store.discard(self.id)
            else:
                self._store.mark_ended(self.id)
            self._on_complete()
        finally:
            with self._changed:
                self._watchers.end()

    def _said(self) -> tuple[object, ...]:
        """The visitor's own words, which no line of the log repeats."""
        return (self._saved["photo"]["name"], self._saved["phrase"], self._saved["jobs"])

    def _save(self) -> None:
        """Write run.json; a full disk must not end a run whose results can still be shown."""
        with self._saving, keeping_private(*self._said()):
            try:
                self._store.save(self.id, {**self._saved, "grid": self.snapshot()})
            except OSError:
                log.exception("run.json could not be written")
