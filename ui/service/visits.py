"""How visitors' calls are done: on an event loop, each in its lane, runs in their places.

A place is given back as soon as a run's results are there; files and numbers come without one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from methods import Image, Room, Ticket, UserError
from ui.common.grid import Grid
from ui.common.lanes import Lane, Lanes
from ui.service.erasing.live import LiveRun
from ui.service.selections.select import Selecting
from ui.stores.photos import PhotoStore

A = TypeVar("A")
Refused = TypeVar("Refused")

LANES: Mapping[str, str] = {
    "segment": "clicks",
    "detect": "detecting",
    "fetch_row": "bringing",
    **dict.fromkeys(
        (
            "open_photo",
            "open_example",
            "reopen_photo",
            "continue_with",
            "open_step",
            "saving",
            "mask",
            "upload_mask",
            "export_case",
            "import_case",
            "open_run",
            "open_row",
            "given",
        ),
        "full",
    ),
}
"""Of the functions that the page may call; all others are quick."""

GROWING_SECONDS = 1.0
"""How often whoever waits asks whether there are more places now."""

POINTING = ("segment", "mask")
"""Functions for which somebody must have looked at the photo first."""


class Visits:
    """most_runs: how many are at work at once, those that wait for their device among them; asked
    for each run, and again while it waits, since machines that join have room for more."""

    def __init__(
        self, photos: PhotoStore, selecting: Selecting, most_runs: Callable[[], int]
    ) -> None:
        self.lanes = Lanes()
        self.places = Room(most_runs())
        self._most_runs = most_runs
        self._photos = photos
        self._selecting = selecting

    async def answer(
        self, name: str, method: Callable[[object, str], A], data: object, caller: str
    ) -> A:
        """What a method of the service answers."""
        if name in POINTING:
            await self._look(data, caller)
        lane: Lane = getattr(self.lanes, LANES.get(name, "quick"))
        return await lane.run(caller, lambda: method(data, caller))

    async def watch(
        self,
        visitor: str,
        begin: Callable[[], LiveRun],
        refused: Callable[[Exception], Refused],
        shown: Callable[[Grid], Grid] = lambda grid: grid,
    ) -> AsyncGenerator[Grid | Refused, None]:
        """The values of a run, which `begin` begins when the visitor has a place. refused: what to
        say where it raises. shown: a value as its owner gets it."""
        async with self._place(visitor) as place:
            try:
                live = await self.lanes.full.run(visitor, begin)
            except Exception as error:
                yield refused(error)
                return
            async with aclosing(live.follow()) as grids:
                async for grid in grids:
                    if grid["state"] != "running":
                        self.places.give_back(place)
                    yield shown(grid)

    @asynccontextmanager
    async def _place(self, visitor: str) -> AsyncIterator[Ticket]:
        """Who waits is let in as soon as machines have joined, too."""
        self.places.resize(self._most_runs())
        growing = asyncio.create_task(self._grow())
        try:
            async with self.places.turn(1, visitor) as place:
                growing.cancel()
                yield place
        finally:
            growing.cancel()

    async def _grow(self) -> None:
        while True:
            await asyncio.sleep(GROWING_SECONDS)
            self.places.resize(self._most_runs())

    async def _look(self, data: object, caller: str) -> None:
        """Where the request is none, its method says so."""
        try:
            asked = _Pointed.model_validate(data)
            if not asked.objects and not asked.clicks:
                return
            record = await self.lanes.quick.run(caller, lambda: self._photos.record(asked.photo))
        except (UserError, ValidationError):
            return
        await self._selecting.look(record.key, self._pixels(record.id), asked.segmenter, caller)

    def _pixels(self, photo_id: str) -> Callable[[], Image]:
        return lambda: self._photos.load(photo_id).seen


class _Pointed(BaseModel):
    """As much of a request as says who must have looked at what."""

    model_config = ConfigDict(extra="ignore", strict=True)

    photo: str
    segmenter: str | None = None
    objects: list[object] = []
    clicks: list[object] = []
