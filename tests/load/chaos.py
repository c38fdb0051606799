"""What goes wrong in the world, one thing after the other, while visitors are at work.

Each disturbance says in a line what it did and what it saw.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import psutil

from tests.load.book import again
from tests.load.figures import Figures, Said
from tests.load.hostile import hostile_files
from tests.load.page import API, Page
from tests.load.photos import BallPhoto
from tests.load.program import Program
from tests.load.visitor import ENDS

STALLED = 40
STALLED_SECONDS = 6.0
FULL_SECONDS = 5.0
STUCK_SECONDS = 2.0
VILLAIN = "198.19.0.{}"

Grids: TypeAlias = AsyncIterator[dict[str, Any]]


class Chaos:
    """program: the one under test, where it is ours; without it, what only its owner can do to it
    is left out. kinds: which disturbances, in this order, again and again."""

    def __init__(
        self,
        address: str,
        figures: Figures,
        program: Program | None,
        kinds: Sequence[str],
        say: Callable[[str], None],
    ) -> None:
        self._address = address
        self._figures = figures
        self._program = program
        self._dice = random.Random(len(kinds))
        self._number = 0
        self._kinds = [kind for kind in kinds if program is not None or kind not in OWN]
        self._say = say

    async def go_on(self, until: float) -> None:
        """Evenly until `time.monotonic()` is so much; each kind once where there is the time."""
        if not self._kinds:
            return
        pause = max(1.0, (until - time.monotonic()) / (len(self._kinds) + 1) * 0.8)
        while True:
            for kind in self._kinds:
                await asyncio.sleep(min(pause, 20.0))
                if time.monotonic() >= until:
                    return
                await self._one(kind)

    async def _one(self, kind: str) -> None:
        self._figures.done[f"disturbed by {kind}"] += 1
        try:
            self._say(f"{kind}: {await DISTURBANCES[kind](self)}")
        except (Said, OSError, psutil.Error) as error:
            self._say(f"{kind}: could not be done ({error or type(error).__name__})")

    # --- from outside --------------------------------------------------------------------

    async def hostile(self) -> str:
        """Each must be refused with a sentence."""
        page, refused = self._page(), 0
        async with aclosing(page):
            await again(page.load)
            for name, data in hostile_files():
                try:
                    path = await page.upload(data, name)
                    await page.ask("open_photo", {"path": path, "name": name})
                    self._figures.untrue.append(f"{name} was opened as a photo")
                except Said as said:
                    refused += 1
                    if said.code == "connection":
                        raise
        return f"{refused} files were refused"

    async def cut(self) -> str:
        """Uploads that end in the middle."""
        head = self._head("POST", f"{API}/upload", 10**6, "multipart/form-data; boundary=b")
        part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        for _ in range(5):
            _, writer = await self._connect()
            writer.write(head + part + bytes(200_000))
            await writer.drain()
            writer.transport.abort()
        return "5 uploads were cut"

    async def slow(self) -> str:
        """Connections that stop in the head or in the body, and readers that hardly read."""
        halves = (
            b"POST / HTTP/1.1\r\nHost: ",
            self._head("POST", f"{API}/component_server/", 10**5, "application/json") + b'{"data"',
            self._head("GET", "/config", 0, "application/json"),
        )
        opened = []
        for number in range(STALLED):
            _, writer = await self._connect(limit=1024)
            writer.write(halves[number % len(halves)])
            opened.append(writer)
        await asyncio.sleep(STALLED_SECONDS)
        for writer in opened:
            writer.transport.abort()
        return f"{STALLED} connections stalled for {STALLED_SECONDS:g} s"

    # --- what only its owner can do ------------------------------------------------------

    async def worker(self) -> str:
        """As a crash in a library, or the kernel where memory runs out."""
        workers = self._own.workers()
        if not workers:
            return "there was no worker"
        self._dice.choice(workers).send_signal(signal.SIGKILL)
        return f"one of {len(workers)} workers was killed"

    async def stuck(self) -> str:
        """An eraser that hears nothing: its process is halted, then Stop is pressed."""
        page = self._page()
        async with aclosing(page):
            await again(page.load)
            run = await self._begin_long(page)
            async with aclosing(page.grids()) as grids:
                await _until(grids, lambda grid: any(map(_is_at_work, grid["cards"])))
                return await self._stop_stuck(page, run, grids)

    async def _stop_stuck(self, page: Page, run: dict[str, Any], grids: Grids) -> str:
        halted = self._halt()
        try:
            await asyncio.sleep(STUCK_SECONDS)
            begun = time.perf_counter()
            await page.ask("stop", run)
            await _until(grids, lambda grid: grid["state"] in ENDS)
        finally:
            for worker in halted:
                with suppress(psutil.Error):  # by now the program has ended it
                    worker.resume()
        seconds = time.perf_counter() - begun
        self._figures.seconds["stop of a stuck eraser"].append(seconds)
        return f"{len(halted)} workers were halted; Stop took {seconds:.1f} s"

    async def disk(self) -> str:
        """Full to the last byte for a while."""
        if self._own.disk is None:
            return "left out: this machine makes no small disk"
        left = await asyncio.to_thread(self._own.disk.fill)
        await asyncio.sleep(FULL_SECONDS)
        self._own.disk.clear()
        return f"the last {left / 1e6:.0f} MB were taken for {FULL_SECONDS:g} s"

    async def killed(self) -> str:
        self._own.kill()
        return await self._begun_again("killed")

    async def ended(self) -> str:
        code = await asyncio.to_thread(self._own.end)
        if code != 0:
            self._figures.untrue.append(f"told to end, the program left with {code}")
        return await self._begun_again(f"told to end, left with {code}")

    async def _begun_again(self, what: str) -> str:
        begun = time.perf_counter()
        await asyncio.to_thread(self._own.start)
        return f"{what}; answered again after {time.perf_counter() - begun:.1f} s"

    # --- tools ---------------------------------------------------------------------------

    @property
    def _own(self) -> Program:
        assert self._program is not None
        return self._program

    def _page(self) -> Page:
        self._number += 1
        return Page(self._address, VILLAIN.format(self._number % 250 + 1), self._figures)

    async def _connect(
        self, limit: int = 2**16
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        place = urlsplit(self._address)
        return await asyncio.open_connection(place.hostname, place.port or 80, limit=limit)

    def _head(self, method: str, path: str, length: int, kind: str) -> bytes:
        place = urlsplit(self._address).netloc
        lines = (
            f"{method} {path} HTTP/1.1",
            f"Host: {place}",
            f"X-Forwarded-For: {VILLAIN.format(251)}",
            f"Content-Type: {kind}",
            *((f"Content-Length: {length}",) if length else ()),
        )
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    async def _begin_long(self, page: Page) -> dict[str, Any]:
        """A run that is at work for a while; what Stop is pressed with."""
        photo, run = BallPhoto(10**6 + self._number), await page.new_run()
        path = await page.upload(photo.file, "stuck.png")
        opened = (await page.ask("open_photo", {"path": path, "name": "stuck.png"}))["photo"]["id"]
        jobs = [{"eraser": "patchmatch", "settings": {}, "seed": seed} for seed in range(6)]
        payload = {**photo.brushed(), "photo": opened, **run, "jobs": jobs}
        await page.join(payload)
        return run

    def _halt(self) -> list[psutil.Process]:
        """All that are at work on nothing but erasing: of those only some know torch."""
        workers = [each for each in self._own.workers() if not _knows_torch(each)]
        for worker in workers:
            worker.suspend()
        return workers


async def _until(grids: Grids, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first grid that is as wanted. Raises Said where none comes."""
    async for grid in grids:
        if "photo" not in grid:
            raise Said(str(grid["error"]["code"]))
        if wanted(grid):
            return grid
    raise Said("connection")


def _is_at_work(card: dict[str, Any]) -> bool:
    return card["state"] in ("running", *ENDS)


def _knows_torch(process: psutil.Process) -> bool:
    return any("libtorch" in part.path for part in process.memory_maps())


DISTURBANCES: dict[str, Callable[[Chaos], Awaitable[str]]] = {
    "hostile": Chaos.hostile,
    "cut": Chaos.cut,
    "slow": Chaos.slow,
    "worker": Chaos.worker,
    "stuck": Chaos.stuck,
    "disk": Chaos.disk,
    "killed": Chaos.killed,
    "ended": Chaos.ended,
}
OWN = frozenset({"worker", "stuck", "disk", "killed", "ended"})
"""Those that only the program's owner can do."""
