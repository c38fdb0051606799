"""The server's side of the page: one object, one method per thing that the page may ask.

Every method takes one dictionary from the browser, trusts nothing in it, and never raises:
it answers `{"ok": True, …}` or `{"ok": False, "error": {"code", "text", "details"}}`.
"""

from __future__ import annotations

from functools import cached_property

from methods import PROGRAM, room_to_have
from ui.common.errors import Answer, answered
from ui.common.requests import FetchWeights, Nothing, WishCatalogue
from ui.common.texts import said_only
from ui.common.together import Together
from ui.service.answers import CatalogAnswer, WeightsAnswer
from ui.service.choices import catalog
from ui.service.choices.entries import EraserEntry
from ui.service.erasing.steps import Steps
from ui.service.helper.judge import describe_metrics
from ui.service.photo_calls import PhotoCalls
from ui.service.run_calls import RunCalls
from ui.service.saving.downloads import Downloads


class Service(PhotoCalls, RunCalls):
    """Photos, selections and runs of all visitors; see `Parts` for how it is made."""

    @cached_property
    def steps(self) -> Steps:
        """Going on with results, and back."""
        return Steps(self.photos, self.runs, self.owners, self._opens, self._opened)

    @cached_property
    def downloads(self) -> Downloads:
        """Results as files to keep."""
        return Downloads(self.runs, self.owners, self.limits)

    @cached_property
    def _described(self) -> Together[list[EraserEntry]]:
        """They take a tenth of a second, which all pages ask for at once after a restart."""
        return Together(catalog.describe_erasers)

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
            "erasers": self._described.get(),
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
