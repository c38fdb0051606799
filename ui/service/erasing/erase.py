"""Runs: begun for a session, watched, stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from methods import (
    RUNNING,
    SELECTING,
    BadInput,
    Event,
    Executor,
    Failed,
    Finished,
    Job,
    Mask,
    Photo,
    StopToken,
    full_size,
    trim_heaps,
    write_atomic,
)
from segmentation import mask_png, overlay_png, shown_mask
from ui.common.errors import photo_gone, run_gone, run_in_progress, run_used
from ui.common.files import link_or_copy
from ui.common.grid import Card, Grid, GridClose
from ui.common.limits import Quiet, RunSlots
from ui.common.requests import OVERLAY_SIDE
from ui.common.tally import Tally
from ui.service.choices.visitors import may_fetch
from ui.service.erasing import closeup
from ui.service.erasing.begun import first_grid, queued_card, saved_inputs
from ui.service.erasing.live import LiveRun
from ui.service.erasing.order import Order
from ui.service.erasing.own_results import OwnResults
from ui.service.erasing.reopen import ended
from ui.service.erasing.rest import Wanted, inputs_of, own_mask, placed, rest_of
from ui.service.erasing.verdicts import Verdicts
from ui.service.helper.judge import Known, Measure, judge_of
from ui.service.unwatched import Watchman, most_unwatched_seconds
from ui.stores.chain import runs_of
from ui.stores.originals import photo_of
from ui.stores.packed import PackedMask
from ui.stores.photos import PhotoRecord, PhotoStore
from ui.stores.png_writer import PngWriter
from ui.stores.runs import RunStore, SavedRun

CLOSING_SECONDS = 5.0
"""How long the end of the program waits for its runs."""


class Erasing:
    """All runs of this process: one per session at a time, so many in all."""

    def __init__(
        self,
        photos: PhotoStore,
        runs: RunStore,
        slots: RunSlots,
        executor: Executor,
        tally: Tally,
        measure: Measure | None = None,
        on_written: Callable[[str], None] | None = None,
    ) -> None:
        """measure: who looks at results; see `judge_of`. on_written: see `Verdicts`."""
        self._tally = tally
        self._executor = executor
        self._measure = measure
        self._photos = photos
        self._runs = runs
        self._slots = slots
        self._writer = PngWriter()
        self._quiet = Quiet()
        self._verdicts = Verdicts(runs, photos, self._quiet, on_written)
        self._own = OwnResults()
        self._lock = threading.Lock()
        self._released = threading.Condition(self._lock)
        self._live: dict[str, LiveRun] = {}
        self._tokens: dict[str, StopToken] = {}
        self._watchman = Watchman(most_unwatched_seconds(), self._going_on, self.stop)

    def begin(self, order: Order) -> LiveRun:
        """Start a run. Raises UserError, and then nothing has begun."""
        record = self._photos.record(order.photo)
        cards = [queued_card(index, job) for index, job in enumerate(order.jobs)]
        for card, axes in zip(cards, order.axes, strict=False):
            card["axes"] = dict(axes)
        token = self._reserve(order.run, order.session)
        try:
            live = self._prepare(order, record, cards, token)
        except BaseException:
            self._release(order.run)
            raise
        with self._lock:
            self._live[order.run] = live
        self._quiet.begin(order.run)
        live.start()
        return live

    def go_on(self, run_id: str, wanted: Wanted, visitor: str = "") -> Grid:
        """Do what is missing of a run that has ended; the grid's value at once. Raises UserError,
        and then nothing has begun."""
        with self._lock:
            if run_id in self._tokens or self._runs.is_running(run_id):
                raise run_in_progress()
            saved = self._runs.load(run_id)
            self._slots.take(run_id, None)
            self._tokens[run_id] = StopToken()
        try:
            live = self._resumed(run_id, saved, wanted, visitor)
        except BaseException:
            self._release(run_id)
            raise
        with self._lock:
            self._live[run_id] = live
        live.start()
        return live.look()

    def _resumed(self, run_id: str, saved: SavedRun, wanted: Wanted, visitor: str) -> LiveRun:
        rest = rest_of(saved, ended(saved, self._runs, run_id), wanted)
        record = PhotoRecord.from_json(saved["photo"])
        self._photos.restore(record, self._runs.original(run_id))
        pixels, token = record.width * record.height, self._tokens[run_id]
        with full_size.work(SELECTING * pixels, visitor):
            packed = PackedMask.of(own_mask(self._runs, run_id, saved))
        judge = judge_of(record, Known(saved.get("row"), saved.get("phrase")), self._measure)
        events = self._counted(rest.jobs, self._events(run_id, rest.jobs, packed, token, visitor))
        if rest.missing:
            self._quiet.begin(run_id)
        self._runs.mark_again(run_id)
        return LiveRun(
            rest.grid,
            inputs_of(saved),
            placed(events, rest.missing) if rest.missing else iter(()),
            store=self._runs,
            writer=self._writer,
            token=token,
            size=RUNNING * pixels,
            visitor=visitor,
            is_own=lambda index: False,  # who had it before is not known any more
            on_end=lambda: self._erased(run_id),
            on_results=lambda live: self._verdicts.later(live, judge, packed, visitor),
            on_complete=lambda: self._release(run_id),
            again=True,
        )

    def stop(self, run_id: str) -> bool:
        """Ask a run to end; False when it has ended already. Raises UserError ("run_gone").

        The session may start another run at once: it will wait for the device, not for
        the last call of this one.
        """
        with self._lock:
            token, live = self._tokens.get(run_id), self._live.get(run_id)
        if token is None:
            if not self._runs.exists(run_id):
                raise run_gone()
            return False
        token.stop()
        self._slots.set_free(run_id)
        if live is not None:
            live.stop()
        return True

    def delete(self, run_id: str) -> None:
        """Remove a run for good. Raises UserError ("run_gone", "run_going_on")."""
        with self._lock:
            if run_id in self._tokens:
                raise BadInput("run_going_on")
        if not self._runs.exists(run_id):
            raise run_gone()
        self._runs.discard(run_id)

    def running(self) -> list[str]:
        """The ids of all runs that have begun and are not wholly written yet."""
        with self._lock:
            return list(self._tokens)

    def grid(self, run_id: str) -> Grid | None:
        """The grid's value of a run that goes on."""
        with self._lock:
            live = self._live.get(run_id)
        return live.look() if live is not None else None

    def wait(self, seconds: float) -> None:
        """Until no run goes on, or so long."""
        with self._released:
            self._released.wait_for(lambda: not self._tokens, seconds)

    def close(self) -> None:
        """Stop all runs, and write the files of what they have finished."""
        self._watchman.close()
        for run_id in self.running():
            self.stop(run_id)
        with self._released:
            self._released.wait_for(lambda: not self._tokens, CLOSING_SECONDS)
        self._writer.close()
        self._verdicts.close()

    def _going_on(self) -> list[LiveRun]:
        with self._lock:
            return list(self._live.values())

    def _reserve(self, run_id: str, session: str | None) -> StopToken:
        """A place for the run, and a token, so that Stop works from the first moment."""
        with self._lock:
            if run_id in self._tokens or self._runs.exists(run_id):
                raise run_used()
            self._slots.take(run_id, session)
            self._tokens[run_id] = StopToken()
            return self._tokens[run_id]

    def _erased(self, run_id: str) -> None:
        """Its erasers have ended; what follows holds nobody up."""
        self._quiet.end(run_id)
        self._slots.give_back(run_id)

    def _release(self, run_id: str) -> None:
        self._slots.give_back(run_id)
        with self._lock:
            self._tokens.pop(run_id, None)
            self._live.pop(run_id, None)
            self._released.notify_all()
        trim_heaps()  # of the run's pictures and of what its erasers worked with

    def _prepare(
        self, order: Order, record: PhotoRecord, cards: list[Card], token: StopToken
    ) -> LiveRun:
        pixels, visitor = record.width * record.height, order.visitor or order.session or ""
        with full_size.work(SELECTING * pixels, visitor):
            photo = self._photos.load(record.id)
            mask, prompts = order.make_mask(photo)
            grid = first_grid(order, record, mask, cards)
            self._write_inputs(order, photo, mask, grid["mask"].get("close"))
            saved, packed = saved_inputs(order, record, mask, prompts), PackedMask.of(mask)
        judge = judge_of(record, order.known, self._measure)
        return LiveRun(
            grid,
            saved,
            self._counted(order.jobs, self._events(order.run, order.jobs, packed, token, visitor)),
            store=self._runs,
            writer=self._writer,
            token=token,
            size=RUNNING * pixels,
            visitor=visitor,
            is_own=self._own.of(order.browser, record.key, saved["mask_sha256"], order.jobs),
            on_end=lambda: self._erased(order.run),
            on_results=lambda live: self._verdicts.later(live, judge, packed, visitor),
            on_complete=lambda: self._release(order.run),
        )

    def _events(
        self,
        run_id: str,
        jobs: Sequence[Job],
        packed: PackedMask,
        token: StopToken,
        visitor: str,
    ) -> Iterator[Event]:
        """What the erasers say. Photo and mask are in memory while these are at work, not before:
        many runs may wait."""
        if token.stopped:
            return
        photo = photo_of(run_id, self._photos, self._runs)
        yield from self._executor.run(
            jobs,
            photo.rgb,
            packed.mask(),
            alpha=photo.alpha,
            token=token,
            fetch_missing=may_fetch,
            visitor=visitor,
        )

    def _counted(self, jobs: Sequence[Job], events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Finished) and not event.cached:
                self._tally.erased(jobs[event.index].eraser, event.erase_seconds)
            elif isinstance(event, Failed) and not event.stopped:
                self._tally.failed(jobs[event.index].eraser, event.code)
            yield event

    def _write_inputs(
        self, order: Order, photo: Photo, mask: Mask, close: GridClose | None
    ) -> None:
        """Everything of the run that does not wait for an eraser; links cost no time."""
        after = runs_of(self._photos.record(order.photo).chain)
        folder = self._runs.create(order.run, order.owner, after=after)
        try:
            if order.upload is not None:
                link_or_copy(order.upload, folder / "upload.png")
            link_or_copy(self._photos.original(order.photo), folder / "original")
            self._photos.keep_chain(order.photo, folder)
            link_or_copy(self._photos.view(order.photo), folder / "original.jpg")
            write_atomic(folder / "mask.png", mask_png(mask))
            write_atomic(folder / "overlay.png", overlay_png(shown_mask(mask, OVERLAY_SIDE)))
            if close is not None:
                closeup.write(folder, "original.jpg", close["box"], photo.rgb, photo.alpha)
                closeup.write_overlay(folder, close["box"], mask)
        except BaseException as error:
            self._runs.discard(order.run)
            if isinstance(error, FileNotFoundError):
                raise photo_gone() from error
            raise
