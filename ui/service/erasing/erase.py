"""Runs: begun for a session, watched, stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from methods import (
    JSON,
    RUNNING,
    SELECTING,
    BadInput,
    Event,
    Executor,
    Failed,
    Finished,
    Image,
    Job,
    Mask,
    Photo,
    SettingValue,
    StopToken,
    full_size,
    get_eraser,
    trim_heaps,
    versions,
    write_atomic,
)
from segmentation import (
    SegmenterSpec,
    SweepPart,
    cells_of,
    mask_png,
    overlay_png,
    parts_of,
    shown_mask,
)
from ui.common.errors import photo_gone, run_gone, run_in_progress, run_used
from ui.common.files import link_or_copy
from ui.common.grid import Card, Grid, GridClose, GridMask
from ui.common.limits import Quiet, RunSlots
from ui.common.requests import OVERLAY_SIDE, Erase, Prompts
from ui.common.tally import Tally
from ui.service.choices.visitors import may_fetch
from ui.service.erasing import closeup
from ui.service.erasing.cards import new_card
from ui.service.erasing.live import LiveRun
from ui.service.erasing.own_results import OwnResults
from ui.service.erasing.reopen import ended
from ui.service.erasing.rest import (
    Wanted,
    inputs_of,
    mask_digest,
    own_mask,
    placed,
    rest_of,
)
from ui.service.erasing.verdicts import Verdicts
from ui.service.helper.judge import NOTHING_KNOWN, Known, Measure, judge_of
from ui.service.selections.select import Question, Selecting
from ui.service.unwatched import Watchman, most_unwatched_seconds
from ui.stores.chain import runs_of
from ui.stores.masks import MaskUploads, notes_of
from ui.stores.originals import photo_of
from ui.stores.ownership import hashed
from ui.stores.packed import PackedMask
from ui.stores.photos import PhotoRecord, PhotoStore
from ui.stores.png_writer import PngWriter
from ui.stores.runs import ORIGINAL, Inputs, RunStore, SavedRun, run_url

CLOSING_SECONDS = 5.0
"""How long the end of the program waits for its runs."""

Noted: TypeAlias = Mapping[str, JSON]
"""A `Selection` in plain values, with the segmenter that answered."""


@dataclass(frozen=True, slots=True)
class Order:
    """A run to begin. axes: where each job stands in a sweep; () for none. make_mask is called
    once, with the decoded photo. upload: the file of an uploaded mask that is part of the prompts.
    known: what results are judged by. visitor: who asks, "" = whoever has the session. owner:
    whose run it is, as `Ownership` has it. browser: whose earlier jobs are one's own."""

    run: str
    session: str | None
    photo: str
    jobs: tuple[Job, ...]
    make_mask: Callable[[Photo], tuple[Mask, Noted]]
    upload: Path | None = None
    known: Known = NOTHING_KNOWN
    visitor: str = ""
    axes: tuple[Mapping[str, SettingValue], ...] = ()
    owner: str = ""
    browser: str = ""


def order_of(
    request: Erase,
    session: str | None,
    selecting: Selecting,
    masks: MaskUploads,
    visitor: str = "",
    browser: str = "",
) -> Order:
    """What the page asks for. The segmenter is noted, so that the link shows the same mask. Raises
    BadInput for a sweep that cannot be."""
    part = _one_mask(request)
    request = request.model_copy(update={"shape": part.shape(request.shape)})

    def make_mask(photo: Photo) -> tuple[Mask, Noted]:
        asked = question(request, photo.key, photo.size, lambda: photo.seen, masks)
        selection, spec = selecting.select(asked)
        return selection.mask, noted(request, spec)

    upload = None if request.upload is None else masks.file(request.photo, request.upload)
    known = Known(request.row, request.words)
    jobs, photo = tuple(part.jobs), request.photo
    axes = tuple(cell.axes for cell in part.cells) if request.sweep is not None else ()
    return Order(
        request.run,
        session,
        photo,
        jobs,
        make_mask,
        upload,
        known,
        visitor,
        axes,
        owner=hashed(request.secret),
        browser=browser or visitor or session or "",
    )


def _one_mask(request: Erase) -> SweepPart:
    """A run has one mask, so dilations are runs of their own."""
    parts = parts_of(cells_of(request.sweep, request.jobs))
    if len(parts) > 1:
        raise BadInput("sweep_one_mask")
    return parts[0]


def question(
    asked: Prompts,
    key: str,
    size: tuple[int, int],
    pixels: Callable[[], Image],
    masks: MaskUploads,
    caller: str | None = None,
) -> Question:
    """A request of the page as a question about one photo; see `Question`."""
    upload = None if asked.upload is None else partial(masks.load, asked.photo, asked.upload)
    return Question(key, size, pixels, asked, upload, caller)


def noted(asked: Prompts, spec: SegmenterSpec | None) -> Noted:
    """The selection as it is kept with a run, with the segmenter that answered."""
    return asked.plain() | {"segmenter": spec.id if spec is not None else asked.segmenter}


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
        cards = [_new_card(index, job) for index, job in enumerate(order.jobs)]
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
            grid = _first_grid(order, record, mask, cards)
            self._write_inputs(order, photo, mask, grid["mask"].get("close"))
            saved, packed = _saved(order, record, mask, prompts), PackedMask.of(mask)
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


def _new_card(index: int, job: Job) -> Card:
    return new_card(index, job, get_eraser(job.eraser).spec)


def _first_grid(order: Order, record: PhotoRecord, mask: Mask, cards: list[Card]) -> Grid:
    run_id = order.run
    return {
        "run": run_id,
        "state": "running",
        "photo": {
            **record.public(),
            "view": run_url(run_id, "original.jpg"),
            "full": run_url(run_id, ORIGINAL),
        },
        "mask": _grid_mask(order, mask),
        "seconds": 0.0,
        "cards": cards,
    }


def _grid_mask(order: Order, mask: Mask) -> GridMask:
    run_id = order.run
    described: GridMask = {
        "url": run_url(run_id, "mask.png"),
        "overlay": run_url(run_id, "overlay.png"),
        "area": float(mask.mean()),
        "box": _box_around(mask),
        "notes": notes_of(order.upload),
    }
    box = closeup.close_box(described["box"], (mask.shape[0], mask.shape[1]))
    if box is not None:
        described["close"] = closeup.described(run_id, box)
    return described


def _box_around(mask: Mask) -> list[int]:
    """[x0, y0, x1, y1] of what is masked, right and bottom exclusive."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return [x, y, x + width, y + height]


def _saved(order: Order, record: PhotoRecord, mask: Mask, selection: Noted) -> Inputs:
    """What stands in run.json beside the grid: enough to repeat the run."""
    return {
        "created": time.time(),
        "photo": record.saved(),
        "row": order.known.row,
        "phrase": order.known.phrase,
        "selection": selection,
        "mask_sha256": mask_digest(mask),
        "jobs": [job.plain() for job in order.jobs],
        "versions": versions(),
    }
