"""What visitors have been told that it is there, and whether it is."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from PIL import Image

from tests.load.figures import Figures, Said
from tests.load.page import Page
from tests.load.photos import BallPhoto

TRIES = 60
"""For a request of the check; the program may ask to come again so often."""


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


@dataclass(slots=True)
class KeptRun:
    """A run that has begun. files: by card, the address of each lossless file that was offered, and
    its digest where it was fetched. secrets: see `page.of_owner`."""

    run: str
    photo: BallPhoto
    files: dict[int, str] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)
    remarks: dict[int, str] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)

    def offered(self, grid: dict[str, Any]) -> None:
        """Note what a grid says is there."""
        for card in grid["cards"]:
            if "full" in card:
                self.files[card["index"]] = card["full"]


@dataclass
class Book:
    """masks: by address, the digest."""

    runs: dict[str, KeptRun] = field(default_factory=dict)
    masks: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        files = sum(len(run.files) for run in self.runs.values())
        remarks = sum(len(run.remarks) for run in self.runs.values())
        kept = f"{len(self.runs)} runs with {files} results and {remarks} remarks"
        return f"{kept}, {len(self.masks)} masks"


async def lost(book: Book, address: str) -> list[str]:
    """A line for each thing that was acknowledged and is not there, or is another one now.

    Whoever asks is nobody's owner: a stranger with the link, from an address of its own.
    """
    figures, found = Figures(), list[str]()
    page = Page(address, "198.51.100.250", figures)
    try:
        await again(page.load)
        for url, known in book.masks.items():
            found += await _lost_file(page, "mask", url, known)
        for run in book.runs.values():
            found += await _lost_of_run(page, run)
    finally:
        await page.aclose()
    return found


async def again(call: Any, *arguments: Any) -> Any:
    """Ask until the program does not send us away any more. Raises Said for all else."""
    for _ in range(TRIES):
        try:
            return await call(*arguments)
        except Said as said:
            if not said.is_refusal:
                raise
            await asyncio.sleep(max(0.2, said.seconds))
    raise Said("timeout")


async def _lost_file(page: Page, what: str, url: str, known: str | None) -> list[str]:
    try:
        data = await again(page.get, url, what)
    except Said as said:
        return [f"{what} {url}: {said.code}"]
    return [] if known in (None, digest(data)) else [f"{what} {url}: another one"]


async def _lost_of_run(page: Page, kept: KeptRun) -> list[str]:
    try:
        grid = (await again(page.ask, "open_run", {"run": kept.run}))["grid"]
    except Said as said:
        return [f"run {kept.run}: {said.code}"]
    found = list(_lost_on_cards(kept, grid))
    for index, url in kept.files.items():
        found += await _lost_file(page, "result", url, kept.digests.get(index))
    if kept.files and not found:
        found += await _lost_in_zip(page, kept)
    return found


def _lost_on_cards(kept: KeptRun, grid: dict[str, Any]) -> Iterator[str]:
    cards = {card["index"]: card for card in grid["cards"]}
    for index in kept.files:
        if cards.get(index, {}).get("state") != "done":
            yield f"run {kept.run}: result {index} is not on the grid"
    for index, text in kept.remarks.items():
        if cards.get(index, {}).get("remark", "") != text:
            yield f"run {kept.run}: the remark on {index} is not on the grid"


async def _lost_in_zip(page: Page, kept: KeptRun) -> list[str]:
    try:
        data = await again(page.get, f"lab/runs/{kept.run}/all.zip", "zip")
    except Said as said:
        return [f"zip of {kept.run}: {said.code}"]
    wrong = await asyncio.to_thread(wrong_in_zip, data, kept)
    return [f"zip of {kept.run}: {what}" for what in wrong]


def wrong_in_zip(data: bytes, kept: KeptRun) -> list[str]:
    """What a run's zip lacks, or has otherwise than it was told."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        return list(_wrong(members, kept))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, StopIteration) as error:
        return [f"cannot be read ({type(error).__name__})"]


def _wrong(members: dict[str, bytes], kept: KeptRun) -> Iterator[str]:
    if kept.photo.file not in members.values():
        yield "the photo is not what was uploaded"
    mask = np.array(Image.open(io.BytesIO(members["mask.png"])).convert("L")) > 127
    jobs = json.loads(members["settings.json"])["jobs"]
    for index in kept.files:
        data = members[jobs[index]["file"]]
        if kept.digests.get(index, digest(data)) != digest(data):
            yield f"result {index} is another one"
        if changed_outside(data, mask, kept.photo):
            yield f"result {index} has changed outside the mask"
    for index, text in kept.remarks.items():
        if jobs[index].get("remark", "") != text:
            yield f"the remark on {index} is missing"


def changed_outside(result: bytes, mask: Any, photo: BallPhoto) -> int:
    """Pixels of a PNG that are not the photo's and do not lie in the mask."""
    pixels = np.array(Image.open(io.BytesIO(result)).convert("RGB"))
    return int(((pixels != photo.pixels).any(2) & ~mask).sum())
