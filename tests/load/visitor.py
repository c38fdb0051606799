"""A visitor: opens a photo, clicks, erases, stops, reloads, remarks, downloads, and begins anew."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from tests.load.book import Book, KeptRun, digest
from tests.load.figures import Figures, Said
from tests.load.page import Page, of_owner
from tests.load.photos import BallPhoto

ENDS = ("done", "failed", "stopped")
WORDS = "the edge shows", "sehr gut", "阴影还在", "a halo, left"


@dataclass(slots=True)
class _Watched:
    """A run that was asked for at the time `begun`. run: of `new_run`; kept: once it has begun."""

    run: dict[str, Any]
    photo: BallPhoto
    begun: float
    kept: KeptRun | None = None
    ended: bool = False


class Visitor:
    """pace: seconds of thinking between two things, on the average; rough: a share of runs whose
    connection is cut. until: `time.monotonic()` after which nothing new is begun."""

    def __init__(
        self,
        number: int,
        address: str,
        figures: Figures,
        book: Book,
        *,
        pace: float,
        rough: float,
        until: float,
    ) -> None:
        self._number = number
        self._dice = random.Random(number)
        self._figures = figures
        self._book = book
        self._pace = pace
        self._rough = rough
        self._until = until
        self._rounds = 0
        self._last: KeptRun | None = None
        self._erasers: list[str] = []
        self.page = Page(address, address_of(number), figures)

    async def stay(self) -> None:
        """Round after round, one at least; what goes wrong is counted and costs the round."""
        await self._think()
        while self._rounds == 0 or time.monotonic() < self._until:
            try:
                await self._round()
                self._figures.done["rounds"] += 1
            except Said as said:
                self._figures.done["rounds cut short"] += 1
                await asyncio.sleep(max(said.seconds, 1.0) if said.code != "connection" else 2.0)
        await self.page.aclose()

    async def _round(self) -> None:
        await self._arrive()
        photo = BallPhoto(1000 * self._number + self._rounds)
        self._rounds += 1
        opened = await self._open(photo)
        with suppress(Said):  # counted; whoever cannot click brushes
            await self._click(opened, photo)
        if self._chance(0.5):
            await self._keep_mask(opened, photo)
        kept = await self._erase(opened, photo)
        if kept is not None:
            await self._look_at(kept)

    async def _arrive(self) -> None:
        await self.page.load()
        catalogue = await self.page.ask("erasers", {})
        self._erasers = usable(catalogue)
        if self._last is not None and self._chance(0.3):
            await self._reopen(self._last)

    async def _open(self, photo: BallPhoto) -> str:
        name = f"{photo.number}.png"
        path = await self.page.upload(photo.file, name)
        answer = await self.page.ask("open_photo", {"path": path, "name": name})
        return str(answer["photo"]["id"])

    async def _click(self, opened: str, photo: BallPhoto) -> None:
        for n in range(self._dice.randint(2, 5)):
            await self._think()
            asked = {**photo.clicked(), "photo": opened, "n": n, "side": 480}
            await self.page.ask("segment", {**asked, "dilate": n})

    async def _keep_mask(self, opened: str, photo: BallPhoto) -> None:
        asked = {**photo.clicked(), **photo.brushed(), "photo": opened}
        url = (await self.page.ask("mask", asked))["url"]
        self._book.masks[url] = digest(await self.page.get(url, "mask file"))

    # --- a run ---------------------------------------------------------------------------

    async def _erase(self, opened: str, photo: BallPhoto) -> KeptRun | None:
        """None where it did not begin."""
        chosen = self._dice.sample(self._erasers, min(2, len(self._erasers)))
        jobs = [{"eraser": each, "settings": {}, "seed": 0} for each in chosen]
        run = await self.page.new_run()
        clicked = photo.clicked() if self._chance(0.5) else {}
        prompts = {**clicked, **photo.brushed()}
        payload = {**prompts, "photo": opened, **run, "jobs": jobs}
        watched = _Watched(run, photo, time.perf_counter())
        await self.page.join(payload)
        leaves = "stop" if self._chance(0.2) else "cut" if self._chance(self._rough) else ""
        try:
            await self._watch(watched, leaves)
        except Said as said:  # the page does the same: it comes back by itself
            self._figures.note("run", said)
            leaves = "cut"
        if leaves == "cut" and watched.kept is not None:
            await self._come_back(watched.kept)
        return watched.kept

    async def _watch(self, watched: _Watched, leaves: str) -> None:
        """Until all is there; leaves: "stop" presses Stop, "cut" goes at the first answer."""
        async with aclosing(self.page.grids()) as grids:
            async for grid in grids:
                if "photo" not in grid:
                    raise Said(str(grid["error"]["code"]))
                kept = watched.kept = watched.kept or self._begun(grid, watched)
                kept.offered(grid)
                if grid["run"] != kept.run:
                    self._figures.untrue.append(f"{kept.run} was shown {grid['run']}")
                if leaves == "cut":
                    return
                if leaves == "stop":
                    leaves = await self._stop(kept)
                self._told_end(grid, watched)
        self._figures.seconds["run: all there"].append(time.perf_counter() - watched.begun)

    def _begun(self, grid: dict[str, Any], watched: _Watched) -> KeptRun:
        now = time.perf_counter()
        self._figures.seconds["run: first answer"].append(now - watched.begun)
        kept = KeptRun(str(grid["run"]), watched.photo, secrets=of_owner(watched.run))
        self._book.runs[kept.run] = self._last = kept
        return kept

    def _told_end(self, grid: dict[str, Any], watched: _Watched) -> None:
        if grid["state"] in ENDS and not watched.ended:
            watched.ended = True
            self._figures.seconds["run: results"].append(time.perf_counter() - watched.begun)
            self._count_cards(grid)

    def _count_cards(self, grid: dict[str, Any]) -> None:
        for card in grid["cards"]:
            self._figures.done[f"cards {card['state']}"] += 1
            if card["state"] == "failed":
                self._figures.note("erase", Said(str(card["error"]["code"])))
            if card.get("changed_outside", 0):
                self._figures.untrue.append(f"{grid['run']}: pixels changed outside the mask")

    async def _stop(self, kept: KeptRun) -> str:
        await asyncio.sleep(self._dice.uniform(0, 0.5))
        await self.page.ask("stop", {"run": kept.run, **kept.secrets})
        return ""

    async def _come_back(self, kept: KeptRun) -> None:
        """The page was reloaded, or the line broke: the run goes on, and is watched by its link."""
        await self.page.load()
        await self._reopen(kept)
        while True:
            grids = (await self.page.ask("grids", {"runs": [kept.run]}))["grids"]
            grid = grids.get(kept.run)
            if grid is None:
                raise Said("gone")
            kept.offered(grid)
            if grid["state"] in ENDS and "judging" not in grid:
                self._count_cards(grid)
                return
            await asyncio.sleep(1.0)

    async def _reopen(self, kept: KeptRun) -> None:
        grid = (await self.page.ask("open_run", {"run": kept.run}))["grid"]
        kept.offered(grid)

    # --- what comes after ----------------------------------------------------------------

    async def _look_at(self, kept: KeptRun) -> None:
        for index, url in list(kept.files.items()):
            data = await self.page.get(url, "result file")
            kept.digests[index] = digest(data)
        if kept.files and self._chance(0.6):
            await self._think()
            await self._remark(kept)
        if kept.files and self._chance(0.4):
            await self.page.get(f"lab/runs/{kept.run}/all.zip", "zip")
        if kept.files and self._chance(0.2):
            await self.page.get(f"lab/report.html?runs={kept.run}", "report")

    async def _remark(self, kept: KeptRun) -> None:
        index = self._dice.choice(list(kept.files))
        text = self._dice.choice(WORDS)
        asked = {"run": kept.run, "index": index, "text": text, **kept.secrets}
        kept.remarks[index] = (await self.page.ask("remark", asked))["remark"]

    async def _think(self) -> None:
        await asyncio.sleep(self._dice.expovariate(1) * self._pace)

    def _chance(self, share: float) -> bool:
        return self._dice.random() < share


def address_of(number: int) -> str:
    """Of a visitor: of those kept for documents and benchmarks, no two alike."""
    return f"198.18.{number // 250 % 250}.{number % 250 + 1}"


def usable(catalogue: dict[str, Any]) -> list[str]:
    """Of the erasers that need no download now, quick ones first."""
    quick = ("telea", "navier_stokes", "patchmatch", "migan")
    ready = {each["id"] for each in catalogue["erasers"] if is_ready(each, catalogue)}
    return [each for each in quick if each in ready]


def is_ready(eraser: dict[str, Any], catalogue: dict[str, Any]) -> bool:
    return all(weight["state"] == "ready" for weight in eraser["weights"])
