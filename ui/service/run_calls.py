"""What the page may ask of runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from ui.common.errors import Answer, answered
from ui.common.grid import Grid, RefusedGrid
from ui.common.logs import keeping_private
from ui.common.names import plain
from ui.common.requests import (
    REMARK_LENGTH,
    Erase,
    GoOn,
    KeepPrivate,
    Nothing,
    OneRun,
    PlanSweep,
    Remark,
)
from ui.service.answers import (
    GridAnswer,
    NewRunAnswer,
    PrivateAnswer,
    RemarkAnswer,
    RunAnswer,
    StopAnswer,
)
from ui.service.erasing.live import LiveRun
from ui.service.erasing.order import order_of
from ui.service.erasing.reopen import reopen
from ui.service.parts import Parts
from ui.service.sweeps import SweepAnswer, planned
from ui.service.told import refused


class RunCalls(Parts):
    """Runs are begun, watched, stopped, remarked on."""

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
            yield refused(payload, error)
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
            yield refused(payload, error)
            return

        def begin() -> LiveRun:
            with keeping_private(payload):  # in whatever thread
                return self._begun(asked, session, caller, browser)

        grids = self.visits.watch(
            caller or session or "",
            begin,
            lambda error: refused(payload, error),
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
