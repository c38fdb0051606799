"""One erase after the other: a result becomes the photo, and each step before is opened again."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from pydantic import Field

from methods import SELECTING, BadInput, UserError, full_size
from segmentation import mask_png
from ui.common.errors import answered, photo_gone
from ui.common.limits import RateLimiter
from ui.common.requests import MOST_JOBS, MOST_RUNS_SHOWN, Id, OnePhoto, OneRun, Opening, Secret
from ui.service.answers import PhotoAnswer
from ui.service.erasing.owners import Owners
from ui.stores.chain import FIRST, MOST_STEPS, Chain
from ui.stores.continuing import Continued, continued
from ui.stores.photos import PhotoRecord, PhotoStore, SavedPhoto
from ui.stores.runs import RunStore


class ContinueWith(OneRun, Opening):
    """index: the card whose result is to become the photo."""

    index: int = Field(strict=True, ge=0, lt=MOST_JOBS)


class OpenStep(OnePhoto):
    """step: 0 = the photo that was opened in the beginning, 1 = what came of the first erase, …
    secrets: of the runs that whoever asks owns, by their ids."""

    step: int = Field(strict=True, ge=0, lt=MOST_STEPS)
    secrets: dict[Id, Secret] = Field(default={}, max_length=MOST_RUNS_SHOWN)


class Steps:
    """Every method answers as `Service`'s do. opened: what is done with a photo that is opened."""

    def __init__(
        self,
        photos: PhotoStore,
        runs: RunStore,
        owners: Owners,
        opens: RateLimiter,
        opened: Callable[[PhotoRecord, str | None], PhotoAnswer],
    ) -> None:
        self._photos = photos
        self._runs = runs
        self._owners = owners
        self._opens = opens
        self._opened = opened

    @answered
    def continue_with(self, request: object, caller: str = "") -> PhotoAnswer:
        """A run's result as the photo: {run, index, secret?, segmenter?}."""
        asked = ContinueWith.model_validate(request)
        self._opens.take(caller)
        record = self.photo_of(asked.run, asked.index, asked.secret, caller)
        return self._opened(record, asked.segmenter)

    @answered
    def open_step(self, request: object, caller: str = "") -> PhotoAnswer:
        """What a photo was before: {photo, step, secrets?, segmenter?}."""
        asked = OpenStep.model_validate(request)
        self._opens.take(caller)
        chain = self._photos.record(asked.photo).chain
        if chain is None or asked.step >= len(chain.steps):
            raise photo_gone()
        try:
            record = self._photos.record(chain.steps[asked.step].photo)
        except UserError:
            record = self._again(asked, chain, caller)
        return self._opened(record, asked.segmenter)

    def photo_of(self, run_id: str, index: int, secret: str | None, caller: str) -> PhotoRecord:
        """The same for who asks otherwise. Raises UserError: "run_private", "run_gone",
        "no_result", "chain_too_long"."""
        self._owners.demand_sight(run_id, secret)
        return self._kept(continued(self._runs, run_id, index), caller)

    def _kept(self, found: Continued, caller: str) -> PhotoRecord:
        first = found.chain.first
        with full_size.work(SELECTING * first.width * first.height, caller):
            reached = mask_png(found.reached())
        try:
            return self._photos.add_result(
                found.result, found.name, found.chain, found.first, reached
            )
        except FileNotFoundError:  # the run has been cleared away meanwhile
            raise BadInput("no_result") from None

    def _again(self, asked: OpenStep, chain: Chain, caller: str) -> PhotoRecord:
        """A step whose photo has been cleared away: the first one has a copy here, any other is
        made of its run."""
        if asked.step > 0:
            before = chain.steps[asked.step - 1]
            return self.photo_of(before.run, before.index, asked.secrets.get(before.run), caller)
        first = PhotoRecord.from_json(cast("SavedPhoto", {**chain.first.model_dump(), "notes": []}))
        return self._photos.restore(first, self._photos.folder / asked.photo / FIRST)
