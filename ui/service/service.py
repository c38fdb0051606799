"""The server's side of the page: one object, one method per thing that the page may ask.

Every method takes one dictionary from the browser, trusts nothing in it, and never raises:
it answers `{"ok": True, …}` or `{"ok": False, "error": {"code", "text", "details"}}`.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

import platformdirs
from gradio.utils import get_upload_folder

from methods import (
    PROGRAM,
    SELECTING,
    BadInput,
    Executor,
    Image,
    Limits,
    Mask,
    full_size,
    make_executor,
    room_to_have,
    set_up_ledger,
)
from segmentation import (
    PromptedObject,
    Rle,
    SegmenterSpec,
    Selected,
    Settled,
    Understood,
    encode_rle,
    mask_png,
    overlay_png,
)
from ui.common.errors import Answer, answered, described
from ui.common.files import writable_folder
from ui.common.grid import Grid, RefusedGrid
from ui.common.limits import Rate, RateLimiter, RunSlots
from ui.common.logs import keeping_private
from ui.common.names import is_id, plain
from ui.common.requests import (
    REMARK_LENGTH,
    Detect,
    Erase,
    ExportCase,
    FetchWeights,
    GoOn,
    ImportCase,
    KeepPrivate,
    Nothing,
    OnePhoto,
    OneRun,
    OpenExample,
    OpenPhoto,
    PlanSweep,
    Prompts,
    Remark,
    Segment,
    UploadMask,
    WishCatalogue,
)
from ui.common.tally import Tally
from ui.common.texts import said_only
from ui.service import cases, catalog
from ui.service.answers import (
    CatalogAnswer,
    DetectAnswer,
    ExportAnswer,
    Figures,
    GridAnswer,
    ImportAnswer,
    MaskAnswer,
    NewRunAnswer,
    PhotoAnswer,
    PlainSettled,
    PlainUnderstood,
    PrivateAnswer,
    PromptedAnswer,
    RemarkAnswer,
    RunAnswer,
    SegmentAnswer,
    StopAnswer,
    UploadAnswer,
    WeightsAnswer,
)
from ui.service.closer import MOST_LOOKS, doubts
from ui.service.detect import Detecting, describe_detections
from ui.service.drawn import data_url, overlay_side, upload_answer
from ui.service.erase import Erasing, order_of, question
from ui.service.interrupted import take_up_all
from ui.service.judge import describe_metrics, measured
from ui.service.live import LiveRun
from ui.service.looking import Looking
from ui.service.margin import margin
from ui.service.owners import Owners
from ui.service.reopen import reopen
from ui.service.reports import keep_all
from ui.service.seeing import ENTRY, Seeing
from ui.service.select import Selecting
from ui.service.sweeps import SweepAnswer, planned
from ui.service.tables import Tables
from ui.service.visitors import check_host
from ui.service.visits import Visits
from ui.stores.examples import Examples
from ui.stores.janitor import Janitor, Keep
from ui.stores.masks import MaskUploads
from ui.stores.photos import PhotoRecord, PhotoStore
from ui.stores.runs import RunStore
from ui.stores.upload_room import UploadRoom
from ui.stores.uploads import Uploads, own_upload_folder
from ui.stores.views import PlainHint, Views

log = logging.getLogger(__name__)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

OPEN_RATE = Rate(per_second=0.5, burst=30)
CLICK_RATE = Rate(per_second=40, burst=80)
ERASE_RATE = Rate(per_second=1, burst=30)
FETCH_RATE = Rate(per_second=0.2, burst=10)

MOST_WAITING = 16
"""Runs beside those at work: one at each place of the executor."""

UPLOADS_PART = 2
VISITORS_PART = 8
"""Of the bytes that are kept, uploads that wait to be opened may take one half, and one visitor's
one eighth."""

MOST_WATCHED = 7
"""Runs that are watched by the page beside those at work."""


def default_data_dir() -> Path:
    """ERASER_LAB_DATA, else this user's cache folder."""
    chosen = os.environ.get("ERASER_LAB_DATA")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("eraser-lab"))


class Service:
    """Photos, selections and runs of all visitors.

    Make it before the first Gradio component, because it tells Gradio where uploads go.
    data_dir: where photos and runs are kept; None = `default_data_dir()`.
    executor: who erases, closed with the service; None = the one for this machine.
    most_runs: at work and waiting; None = so many as its places allow.
    caller: whoever asks, for the rate limits; anything that tells visitors apart.
    Raises UserError and ValueError for a setting of the host that makes no sense, OSError for a
    folder that cannot be written to.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        examples_dir: Path = EXAMPLES,
        limits: Limits | None = None,
        keep: Keep | None = None,
        most_runs: int | None = None,
        executor: Executor | None = None,
    ) -> None:
        check_host()
        set_up_ledger()
        folder = writable_folder(data_dir or default_data_dir()).resolve()
        own_uploads = own_upload_folder(folder)
        keep = keep or Keep.from_environment()
        self.limits = limits or Limits.from_environment()
        self.photos = PhotoStore(folder / "photos", self.limits)
        self.runs = RunStore(folder / "runs")
        self.uploads = Uploads(own_uploads or Path(get_upload_folder()), self.photos)
        most = None if own_uploads is None else keep.bytes // UPLOADS_PART
        self.upload_room = UploadRoom(self.uploads.folder, most, keep.bytes // VISITORS_PART)
        self.ending = threading.Event()
        self.masks = MaskUploads(self.photos, self.limits)
        self._views = Views(self.photos)
        self.examples = Examples(examples_dir)
        self._executor = executor or make_executor()
        helper = self._executor.helper(ENTRY)
        seeing = None if helper is None else Seeing(helper)
        self.measure = measured if seeing is None else seeing.judge
        self.selecting = Selecting(seeing)
        self.detecting = Detecting(None if seeing is None else seeing.detect)
        slots = RunSlots(self._most_runs if most_runs is None else lambda: most_runs)
        self.tally = Tally()
        self.erasing = Erasing(
            self.photos,
            self.runs,
            slots,
            self._executor,
            self.tally,
            self.measure,
            on_written=lambda run_id: keep_all(self.runs, run_id),
        )
        self.visits = Visits(self.photos, self.selecting, lambda: self.most_watched)
        self.owners = Owners(self.runs)
        self.tables = Tables(self.photos, self.masks, self.runs, self.erasing.grid, self.owners)
        self.janitor = Janitor(
            self.photos.folder,
            self.runs.folder,
            own_uploads,
            keep,
            running=self.erasing.running,
            renew=self.runs.mark_running,
            on_photo_removed=self.photos.forget,
        )
        self._opens = RateLimiter(OPEN_RATE)
        self.looking = Looking(self.photos, self.runs, self._opens)
        self.clicks = RateLimiter(CLICK_RATE)
        self.erases = RateLimiter(ERASE_RATE)
        self._fetches = RateLimiter(FETCH_RATE)

    @property
    def most_watched(self) -> int:
        """Runs that are watched at once. It grows with the places, which machines may add to."""
        return MOST_WATCHED + len(self._executor.places())

    def _most_runs(self) -> int:
        return MOST_WAITING + len(self._executor.places())

    def start(self, *, fetch: bool = True) -> None:
        """Begin what goes on in the background: tidying, loading the segmenter.

        fetch: download the weights of the preferred segmenter and of the default erasers
        when they are not here yet.
        """
        take_up_all(self.runs)
        self.janitor.start()
        self._executor.start()
        self.selecting.load_soon()
        catalog.know_weights()
        catalog.adopt_what_others_fetched()
        if fetch:
            self.selecting.fetch_soon()
            catalog.fetch_default_erasers()

    def close(self, grace: float = 0.0) -> None:
        """Begin no more runs, stop those that go on after `grace` seconds, and all else."""
        self.ending.set()
        self.erasing.wait(grace)
        self.janitor.close()
        self.tables.close()
        self.selecting.close()
        self.erasing.close()
        self._executor.close()

    # --- photos --------------------------------------------------------------------------

    @answered
    def open_photo(self, request: object, caller: str = "") -> PhotoAnswer:
        """Take an uploaded file: {path, name, segmenter?}."""
        asked = OpenPhoto.model_validate(request)
        self._opens.take(caller)
        return self._opened(self.uploads.open(asked.path, asked.name), asked.segmenter)

    @answered
    def open_example(self, request: object, caller: str = "") -> PromptedAnswer:
        """Open one of the program's own photos: {id, segmenter?}; the answer has a prompt."""
        asked = OpenExample.model_validate(request)
        self._opens.take(caller)
        example, path = self.examples.get(asked.id), self.examples.path(asked.id)
        opened = self._opened(self.photos.add_copy(path, path.name), asked.segmenter)
        return {**opened, "prompt": example.prompt}

    @answered
    def reopen_photo(self, request: object, caller: str = "") -> PhotoAnswer:
        """A photo that is on the server, for a reloaded page: {photo, segmenter?}."""
        asked = OnePhoto.model_validate(request)
        self._opens.take(caller)
        return self._opened(self.photos.record(asked.photo), asked.segmenter)

    def _opened(self, record: PhotoRecord, segmenter: str | None) -> PhotoAnswer:
        self.selecting.encode_soon(record.key, self._pixels(record.id), segmenter)
        return {"photo": record.public()}

    def _pixels(self, photo_id: str) -> Callable[[], Image]:
        return lambda: self.photos.load(photo_id).seen

    # --- selections ----------------------------------------------------------------------

    @answered
    def segment(self, request: object, caller: str = "") -> SegmentAnswer:
        """The overlay for the prompts: {photo, n, objects, strokes, …, show, side}."""
        asked = Segment.model_validate(request)
        self.clicks.take(caller)
        start = time.perf_counter()
        record = self.photos.record(asked.photo)
        side = overlay_side(asked.side, (record.height, record.width))
        most = 0 if asked.preview else MOST_LOOKS
        settled = self._settle(asked, record, caller, most) if asked.clicks else None
        if settled is not None:
            asked = asked.model_copy(update={"objects": _seen_objects(settled, asked.preview)})
        selection, spec = self._select(asked, record, caller, side, most)
        scale = max(selection.mask.shape) / max(record.width, record.height)
        wanted = asked.show == "margin"
        beyond = margin(self._views, asked.photo, selection.mask, scale) if wanted else None
        return {
            "overlay": data_url(beyond.png if beyond else overlay_png(selection.mask)),
            "margin": beyond.described() if beyond else None,
            "settled": None if settled is None else described_settled(settled),
            **figures(selection, spec),
            "hints": doubts(selection) + self._hints(asked, selection),
            "milliseconds": 1000 * (time.perf_counter() - start),
        }

    @answered
    def mask(self, request: object, caller: str = "") -> MaskAnswer:
        """The same selection at the photo's full size: a file to download, and run lengths.

        rle: None where the mask has too many small pieces for it.
        """
        asked = Prompts.model_validate(request)
        self.clicks.take(caller)
        record = self.photos.record(asked.photo)
        with full_size.work(SELECTING * record.width * record.height, caller):
            mask = self._select(asked, record, caller)[0].mask
            return {"url": self.photos.put_mask(asked.photo, mask_png(mask)), "rle": rle_of(mask)}

    @answered
    def detect(self, request: object, caller: str = "") -> DetectAnswer:
        """All that a phrase may mean, for the page to filter: {photo, phrase, backend?}."""
        asked = Detect.model_validate(request)
        record = self.photos.record(asked.photo)
        pixels = self._pixels(record.id)
        found = self.detecting.detect(record.key, pixels, asked.phrase, asked.backend, caller)
        return describe_detections(found)

    @answered
    def upload_mask(self, request: object, caller: str = "") -> UploadAnswer:
        """Take an uploaded mask for a photo: {photo, path, name}."""
        asked = UploadMask.model_validate(request)
        self._opens.take(caller)
        file = self.uploads.existing(asked.path)
        record = self.photos.record(asked.photo)
        with full_size.work(SELECTING * record.width * record.height, caller):
            return upload_answer(self.masks.take(asked.photo, file, asked.name))

    @answered
    def export_case(self, request: object, caller: str = "") -> ExportAnswer:
        """The prompts and jobs as a file: {photo, …prompts, jobs}."""
        asked = ExportCase.model_validate(request)
        self.clicks.take(caller)
        record = self.photos.record(asked.photo)
        if asked.upload is None:
            return {"case": cases.export_case(record, asked, asked.jobs, None)}
        with full_size.work(SELECTING * record.width * record.height, caller):
            upload = self.masks.load(asked.photo, asked.upload)
            return {"case": cases.export_case(record, asked, asked.jobs, upload)}

    @answered
    def import_case(self, request: object, caller: str = "") -> ImportAnswer:
        """The prompts and jobs in such a file, or a mask's run lengths: {photo, case}."""
        asked = ImportCase.model_validate(request)
        self._opens.take(caller)
        record = self.photos.record(asked.photo)
        with full_size.work(SELECTING * record.width * record.height, caller):
            return cases.import_case(asked.case, record, self.masks)

    def _select(
        self,
        asked: Prompts,
        record: PhotoRecord,
        caller: str,
        longest_side: int | None = None,
        most_looks: int | None = None,
    ) -> tuple[Selected, SegmenterSpec | None]:
        size, pixels = (record.height, record.width), self._pixels(record.id)
        put = question(asked, record.key, size, pixels, self.masks, caller)
        return self.selecting.select(put, longest_side, most_looks)

    def _settle(self, asked: Segment, record: PhotoRecord, caller: str, most_looks: int) -> Settled:
        size, pixels = (record.height, record.width), self._pixels(record.id)
        put = question(asked, record.key, size, pixels, self.masks, caller)
        return self.selecting.settle(put, asked.clicks, most_looks)

    def _hints(self, asked: Segment, selection: Selected) -> list[PlainHint]:
        return [] if asked.shape.invert else self._views.hints(asked.photo, selection)

    # --- what there is -------------------------------------------------------------------

    @answered
    def erasers(self, request: object, caller: str = "") -> CatalogAnswer:
        """Everything that the page shows before it has a photo: {lang?}."""
        asked = WishCatalogue.model_validate(request or {})
        self.clicks.take(caller)
        answer = self._catalogue(caller)
        return answer if asked.lang is None else said_only(answer, asked.lang)

    def _catalogue(self, caller: str) -> CatalogAnswer:
        return {
            "device": catalog.describe_device(),
            "erasers": catalog.describe_erasers(),
            "segmenters": catalog.describe_segmenters(),
            "detectors": catalog.describe_detectors(),
            "metrics": describe_metrics(),
            "examples": self.examples.public(),
            "limits": {
                "megapixels": self.limits.megapixels,
                "megabytes": self.limits.megabytes,
            },
            "version": PROGRAM,
            "account": caller[1:] if caller.startswith("@") else None,
        }

    @answered
    def weights(self, request: object, caller: str = "") -> WeightsAnswer:
        """The state of every weight file, to be asked again while one is fetched."""
        Nothing.model_validate(request or {})
        self.clicks.take(caller)
        return {"weights": catalog.describe_weights(), "room": room_to_have()}

    @answered
    def fetch_weights(self, request: object, caller: str = "") -> Answer:
        """Start to download a weight file: {name, again}."""
        asked = FetchWeights.model_validate(request)
        self._fetches.take(caller)
        catalog.start_fetching(asked.name, again=asked.again)
        return {}

    # --- runs ----------------------------------------------------------------------------

    @answered
    def new_run(self, request: object, caller: str = "") -> NewRunAnswer:
        """The id of a run to begin, and the secret of its owner."""
        Nothing.model_validate(request or {})
        self.clicks.take(caller)
        run_id, secret = self.owners.begin()
        return {"run": run_id, "secret": secret}

    def erase(
        self, payload: object, session: str | None = None, caller: str = "", browser: str = ""
    ) -> Iterator[Grid | RefusedGrid]:
        """The grid's value, again and again; the last one has everything. Never raises.

        The run goes on when the iteration is left early (a reload, a lost connection).
        browser: whose earlier jobs are told as such; anything that tells people apart.
        """
        try:
            with keeping_private(payload):
                live = self._begun(self._asked(payload, session, caller), session, caller, browser)
        except Exception as error:  # told on the grid, as everywhere
            yield _refused(payload, error)
            return
        for grid in live.grids():
            yield self.owners.shown(grid)

    @answered
    def plan_sweep(self, request: object, caller: str = "") -> SweepAnswer:
        """What a sweep is, before it is run: {jobs, words, seeds}."""
        asked = PlanSweep.model_validate(request)
        self.clicks.take(caller)
        return planned(asked)

    async def follow(
        self, payload: object, session: str | None = None, caller: str = "", browser: str = ""
    ) -> AsyncGenerator[Grid | RefusedGrid, None]:
        """The same, on an event loop: who waits for a place, or for news, holds no thread."""
        try:
            with keeping_private(payload):
                asked = self._asked(payload, session, caller)
        except Exception as error:
            yield _refused(payload, error)
            return

        def begin() -> LiveRun:
            with keeping_private(payload):  # in whatever thread
                return self._begun(asked, session, caller, browser)

        grids = self.visits.watch(
            caller or session or "",
            begin,
            lambda error: _refused(payload, error),
            self.owners.shown,
        )
        async with aclosing(grids):
            async for grid in grids:
                yield grid

    def _asked(self, payload: object, session: str | None, caller: str) -> Erase:
        asked = Erase.model_validate(payload)
        self.erases.take(caller or session or "")
        self.owners.check_begun(asked.run, asked.secret)
        return asked

    def _begun(self, asked: Erase, session: str | None, caller: str, browser: str) -> LiveRun:
        order = order_of(asked, session, self.selecting, self.masks, caller, browser)
        return self.erasing.begin(order)

    @answered
    def stop(self, request: object, caller: str = "") -> StopAnswer:
        """Its owner asks a run to end: {run, secret}."""
        asked = OneRun.model_validate(request)
        self.owners.demand(asked.run, asked.secret)
        return {"stopped": self.erasing.stop(asked.run)}

    @answered
    def go_on(self, request: object, caller: str = "") -> GridAnswer:
        """Its owner has done what is missing of an interrupted run: {run, secret, wanted}."""
        asked = GoOn.model_validate(request)
        self.erases.take(caller)
        self.owners.demand(asked.run, asked.secret)
        grid = self.erasing.go_on(asked.run, asked.wanted, caller)
        return {"grid": self.owners.shown(grid)}

    @answered
    def open_run(self, request: object, caller: str = "") -> RunAnswer:
        """A run by its link: {run, secret?}."""
        asked = OneRun.model_validate(request)
        self._opens.take(caller)
        self.owners.demand_sight(asked.run, asked.secret)
        own = self.owners.owns(asked.run, asked.secret)
        live = self.erasing.grid
        opened = reopen(asked.run, self.runs, self.photos, self.masks, live, own=own)
        return {**opened, "grid": self.owners.shown(opened["grid"])}

    @answered
    def remark(self, request: object, caller: str = "") -> RemarkAnswer:
        """Keep what a run's owner says of a result: {run, secret, index, text}."""
        asked = Remark.model_validate(request)
        self._opens.take(caller)
        self.owners.demand(asked.run, asked.secret)
        text = plain(" ".join(asked.text.split()), REMARK_LENGTH)
        self.runs.remark(asked.run, asked.index, text)
        return {"remark": text, "remarks": self.runs.earlier_remarks(asked.run, asked.index)}

    @answered
    def keep_private(self, request: object, caller: str = "") -> PrivateAnswer:
        """Whether a run's link shows it to its owner alone: {run, secret, private}."""
        asked = KeepPrivate.model_validate(request)
        self._opens.take(caller)
        self.owners.demand(asked.run, asked.secret)
        self.runs.keep_private(asked.run, asked.private)
        return {"private": asked.private}

    @answered
    def delete_run(self, request: object, caller: str = "") -> Answer:
        """Its owner takes a run away, for good: {run, secret}."""
        asked = OneRun.model_validate(request)
        self._opens.take(caller)
        self.owners.demand(asked.run, asked.secret)
        self.erasing.delete(asked.run)
        return {}


def rle_of(mask: Mask) -> Rle | None:
    """COCO's compressed run lengths; None for a mask that is like noise."""
    try:
        return encode_rle(mask)
    except BadInput:
        return None


def figures(selection: Selected, spec: SegmenterSpec | None) -> Figures:
    """The numbers of a selection, as the page and the API give them.

    spec: who answered; None = nobody was asked, the mask is painted or uploaded.
    """
    return {
        "area": selection.area,
        "levels": [
            [{"score": level.score, "area": level.area} for level in levels]
            for levels in selection.levels
        ],
        "chosen": list(selection.chosen),
        "objects": [
            None if extent is None else {"area": extent.area, "box": list(extent.box)}
            for extent in selection.extents
        ],
        "looks": list(selection.looks),
        "everything": selection.everything,
        "segmenter": None if spec is None else spec.id,
        "approximate": spec is not None and spec.approximate,
    }


def _seen_objects(settled: Settled, preview: bool) -> tuple[PromptedObject, ...]:
    """All; before a click is made, the one that it would select."""
    return (settled.objects[settled.understood[-1].object],) if preview else settled.objects


def described_settled(settled: Settled) -> PlainSettled:
    """What became of clicks, in plain values."""
    return {
        "objects": [entry.model_dump(mode="json") for entry in settled.objects],
        "clicks": described_clicks(settled.understood),
    }


def described_clicks(understood: Sequence[Understood]) -> list[PlainUnderstood]:
    """What clicks were understood as, in plain values."""
    return [
        {"meant": each.meant, "object": each.object, "beside": each.beside} for each in understood
    ]


def failed_grid(payload: object, error: Exception) -> RefusedGrid:
    """The one value of a run that could not begin."""
    run_id = payload.get("run") if isinstance(payload, dict) else None
    known = run_id if isinstance(run_id, str) and is_id(run_id) else None
    return {"run": known, "state": "failed", "error": described(error), "cards": []}


def _refused(payload: object, error: Exception) -> RefusedGrid:
    """What a visitor is told in place of a run; the log does not learn what was asked."""
    with keeping_private(payload):
        return failed_grid(payload, error)
