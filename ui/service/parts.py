"""What the service is made of: stores, lines, whoever sees and erases; how it begins and ends."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from gradio.utils import get_upload_folder

from methods import Executor, Limits, data_folder, make_executor, set_up_ledger
from ui.common.files import writable_folder
from ui.common.limits import Rate, RateLimiter, RunSlots
from ui.common.tally import Tally
from ui.service.choices import catalog
from ui.service.choices.visitors import check_host
from ui.service.erasing.erase import Erasing
from ui.service.erasing.interrupted import take_up_all
from ui.service.erasing.owners import Owners
from ui.service.helper.judge import measured
from ui.service.helper.seeing import ENTRY, Seeing
from ui.service.reports.reports import keep_all
from ui.service.selections.detect import Detecting
from ui.service.selections.looking import Looking
from ui.service.selections.select import Selecting
from ui.service.tables import Tables
from ui.service.visits import Visits
from ui.stores.examples import Examples
from ui.stores.janitor import Janitor, Keep
from ui.stores.masks import MaskUploads
from ui.stores.photos import PhotoStore
from ui.stores.runs import RunStore
from ui.stores.upload_room import UploadRoom
from ui.stores.uploads import Uploads, own_upload_folder
from ui.stores.views import Views

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
    return data_folder()


class Parts:
    """What the calls of visitors share.

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
        self.tables = Tables(
            self.photos, self.masks, self.runs, self.erasing.grid, self.owners, self.measure
        )
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
