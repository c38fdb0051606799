"""A run while it goes on: its worker, its grid, its files.

The run belongs to itself: whoever watches gets the grid's value again and again, and it goes on
when the watcher leaves (a reload, a closed lid, a lost connection).
"""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from methods import (
    Event,
    Failed,
    Finished,
    Judged,
    StopToken,
    begin_thread,
    note_pace,
    view_jpeg,
    write_atomic,
)
from ui.common.errors import described
from ui.common.grid import Card, Grid, RunState
from ui.common.logs import current_run
from ui.service import closeup
from ui.service.cards import ENDED, ask_to_stop, end, finish, follow, has_ended
from ui.service.unwatched import Watch
from ui.stores.photos import VIEW_SIDE
from ui.stores.png_writer import PngWriter
from ui.stores.runs import Inputs, RunStore, close_name, result_name, run_url

log = logging.getLogger(__name__)

STEP_SECONDS = 0.2
"""Between two grids that differ in progress only; a new state is told at once."""

HEARTBEAT_SECONDS = 5.0
"""A grid is sent at least this often, since Gradio notices a closed tab only then."""


class LiveRun:
    """One run: `start` it once, watch `grids`, `stop` it.

    grid: the value to begin with (state "running", all cards queued). saved: what else
    goes into run.json. events: what the runner says, read in a thread of this run.
    is_own: whether a job of this visitor has given such a result before; one that comes from
    the cache because of somebody else is told as any other, since it would tell of them.
    on_end: called once when the erasers have ended; files may still be written then, and
    results judged. on_complete: called once when all that is done too.
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
        is_own: Callable[[int], bool] = lambda index: True,
        on_end: Callable[[], None],
        on_complete: Callable[[], None],
    ) -> None:
        self.id = grid["run"]
        self._grid = grid
        self._saved = saved
        self._events = events
        self._store = store
        self._writer = writer
        self._token = token
        self._is_own = is_own
        self._unsaid = 0.0  # seconds of results that others have waited for
        self._on_end = on_end
        self._on_complete = on_complete
        self._changed = threading.Condition()
        self._version = 0  # of the grid
        self._urgent = 0  # the last version that must not wait
        self._unwritten = 1  # PNG files under way, and one for the run itself
        self._complete = False
        self._refused = False
        self._saving = threading.Lock()
        self._watch = Watch()
        self._started = time.perf_counter()

    # --- what others call ----------------------------------------------------------------

    def start(self) -> None:
        self._save()
        begin_thread(self._work, f"run-{self.id[:4]}")

    def stop(self) -> None:
        """Ask all jobs to end; takes effect at the next step of the one at work."""
        self._token.stop()
        with self._changed:
            if self._grid["state"] == "running":
                ask_to_stop(self._grid["cards"])
                self._tell(urgent=True)

    def unwatched_seconds(self) -> float:
        """How long nobody has looked at it; 0 while somebody does."""
        return self._watch.seconds()

    def look(self) -> Grid:
        """The grid's value now, for somebody who asks once; a copy."""
        self._watch.look()
        return self.snapshot()

    def snapshot(self) -> Grid:
        """The grid's value now; a copy."""
        with self._changed:
            return self._copy()

    def grids(self) -> Iterator[Grid]:
        """The grid's value: at once, after every change, and a last time when all is there."""
        self._watch.come()
        seen, last = -1, 0.0
        try:
            while True:
                with self._changed:
                    self._await_news(seen, last)
                    seen, last = self._version, time.monotonic()
                    grid, complete = self._copy(), self._complete
                yield grid
                if complete:
                    return
        finally:
            self._watch.leave()

    # --- the watcher's side --------------------------------------------------------------

    def _await_news(self, seen: int, last: float) -> None:
        while not (self._urgent > seen or self._complete):
            age = time.monotonic() - last
            pause = STEP_SECONDS if self._version > seen else HEARTBEAT_SECONDS
            if age >= pause:
                return
            self._changed.wait(pause - age)

    def _copy(self) -> Grid:
        if self._grid["state"] == "running":
            self._grid["seconds"] = self._seconds()
        return copy.deepcopy(self._grid)

    def _seconds(self) -> float:
        return time.perf_counter() - self._started + self._unsaid

    def _tell(self, *, urgent: bool) -> None:
        self._version += 1
        if urgent:
            self._urgent = self._version
        self._changed.notify_all()

    # --- the worker's side ---------------------------------------------------------------

    def _work(self) -> None:
        current_run.set(self.id)
        begun = False
        try:
            for event in self._events:
                begun = True
                self._take(event)
                if self._all_ended() and self._grid["state"] == "running":
                    self._end_jobs()  # what follows are numbers: nobody need wait for them
        except Exception as error:  # told on the grid; the run must end in any case
            self._break_off(error, refused=not begun)
        if self._grid["state"] == "running":
            self._end_jobs()
        self._judged()
        self._written()

    def _all_ended(self) -> bool:
        return all(has_ended(card) for card in self._grid["cards"])

    def _judged(self) -> None:
        """No more numbers will come."""
        with self._changed:
            self._grid.pop("judging", None)
            self._tell(urgent=True)

    def _take(self, event: Event) -> None:
        if isinstance(event, Finished):
            self._take_result(event)
        elif isinstance(event, Judged):
            with self._changed:
                card = self._grid["cards"][event.index]
                card["readings"] = [reading.plain() for reading in event.readings]
                self._tell(urgent=True)
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
        self._save()
        with self._changed:
            self._unwritten -= 1
            last = self._unwritten == 0
            self._offer_zip(self._unwritten)
        if last:
            self._save()
            self._close()

    def _offer_zip(self, unwritten: int) -> None:
        """As soon as the files are there: what is still to be said of them is no reason to wait."""
        waits = unwritten > (1 if "judging" in self._grid else 0)
        if not waits and any("full" in card for card in self._grid["cards"]):
            self._grid["zip"] = run_url(self.id, "all.zip")
            self._tell(urgent=True)

    def _close(self) -> None:
        try:
            if self._refused:
                self._store.discard(self.id)
            else:
                self._store.mark_ended(self.id)
            self._on_complete()
        finally:
            with self._changed:
                self._complete = True
                self._tell(urgent=True)

    def _save(self) -> None:
        """Write run.json; a full disk must not end a run whose results can still be shown."""
        with self._saving:
            try:
                self._store.save(self.id, {**self._saved, "grid": self.snapshot()})
            except OSError:
                log.exception("run.json could not be written")
