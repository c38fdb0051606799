"""What the tools do: what the endpoints do, told in text and pictures for a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from methods import COMPOSING, JSON, SELECTING, BadInput, Mask, Photo, full_size, get_eraser
from segmentation import read_mask_file
from ui.api.answers import Result
from ui.api.requests import ApiErase, ApiSegment, FileArgument
from ui.api.tools import words
from ui.api.tools.arguments import (
    EraseArguments,
    JudgeArguments,
    ListArguments,
    SegmentArguments,
    SelectArguments,
)
from ui.api.tools.kept import Kept, Saved
from ui.api.tools.offers import OFFERS, Offer
from ui.api.tools.pictures import ROOM, Shown, given_picture, shown, tinted
from ui.api.work import Api
from ui.common.errors import described
from ui.common.grid import Card, Grid
from ui.service.choices import catalog
from ui.service.helper.judge import judge_pictures
from ui.service.service import Service
from ui.stores.photos import PhotoRecord
from ui.stores.runs import result_name, run_url

MASK_ROOM = ROOM // 2
"""Bytes up to which a mask is shown itself; one of a large photo is mostly a few kB."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, for the rate limits, and the address under which this program was reached,
    without a slash at its end."""

    caller: str
    root: str


@dataclass(frozen=True, slots=True)
class Told:
    """An answer. blocks: text and pictures in their order; facts: the same for a program."""

    blocks: tuple[str | Shown, ...]
    facts: Mapping[str, JSON] = field(default_factory=dict)
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """What is offered, and what it does."""

    offer: Offer
    call: Callable[[Any, Visit], Told]

    def answer(self, given: Mapping[str, Any], visit: Visit) -> Told:
        """Never raises: what goes wrong is one sentence."""
        try:
            return self.call(self.offer.arguments.model_validate(given), visit)
        except Exception as error:  # bugs too: `described` logs them
            return Told((described(error)["text"],), failed=True)


def tools_of(service: Service) -> dict[str, Tool]:
    """All tools by their names."""
    calls = _Calls(service)
    return {offer.name: Tool(offer, getattr(calls, offer.name)) for offer in OFFERS}


class _Calls:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._api = Api(service)

    def segment(self, given: SegmentArguments, visit: Visit) -> Told:
        asked = self._asked(given)
        found = self._api.segment(ApiSegment.model_validate(asked), visit.caller)
        record = self._kept(asked["image"], visit)
        png = Path(str(found["mask"]["path"])).read_bytes()
        mask = f"{visit.root}/{self._service.photos.put_mask(record.id, png)}"
        photo = f"{visit.root}/lab/photos/{record.id}/view.jpg"
        blocks: list[str | Shown] = [
            words.selected(found, photo, mask),
            words.TINTED,
            self._drawn(record, png),
        ]
        if len(png) <= MASK_ROOM:
            blocks += [words.MASK, Shown(png, "image/png", lossless=True)]
        return Told(tuple(blocks), words.selected_facts(found, photo, mask))

    def erase(self, given: EraseArguments, visit: Visit) -> Told:
        erased = self._api.erase(ApiErase.model_validate(self._asked(given)), visit.caller)
        grid = self._service.runs.load(erased["run"])["grid"]
        room = ROOM // max(1, len(grid["cards"]))
        told = [
            self._told(grid, card, room, visit, self._saved(grid, card, result, given, visit))
            for card, result in zip(grid["cards"], erased["results"], strict=True)
        ]
        link = f"{visit.root}/?run={grid['run']}"
        blocks: list[str | Shown] = [
            words.run(erased["seconds"], link, grid),
            *(b for each, _ in told for b in each),
        ]
        facts: dict[str, JSON] = {
            "run": link,
            "secret": erased["secret"],
            "results": [each for _, each in told],
        }
        return Told(tuple(blocks), facts, failed=all("full" not in c for c in grid["cards"]))

    def list_erasers(self, given: ListArguments, visit: Visit) -> Told:
        self._service.clicks.take(visit.caller)
        entries = catalog.describe_erasers()
        chosen = given.given().get("eraser")
        if chosen is None:
            return Told((words.all_erasers(entries),), words.erasers_facts(entries))
        spec = get_eraser(chosen).spec
        entry = next(each for each in entries if each["id"] == spec.id)
        return Told((words.one_eraser(entry),), words.eraser_facts(entry))

    def judge(self, given: JudgeArguments, visit: Visit) -> Told:
        self._service.erases.take(visit.caller)
        photo = self._photo(given.image)
        mask = self._mask(given_picture(given.mask, self._service), photo.size)
        truth = self._photo(given.truth) if given.truth else None
        result = self._photo(given.result)
        with full_size.work(COMPOSING * mask.size, visit.caller):
            changed, readings = judge_pictures(photo, mask, result, truth, self._service.measure)
        plain = [reading.plain() for reading in readings]
        return Told((words.judged(changed, plain),), words.judged_facts(changed, plain))

    def _asked(self, given: SelectArguments) -> dict[str, Any]:
        """The arguments as the endpoints take them."""
        asked = given.given()
        pictures = {name: asked[name] for name in ("image", "mask") if name in asked}
        return asked | {n: given_picture(text, self._service) for n, text in pictures.items()}

    def _kept(self, image: FileArgument, visit: Visit) -> PhotoRecord:
        """The photo under an address of its own; taking one in counts like a run."""
        self._service.erases.take(visit.caller)
        return self._service.photos.add_copy(Path(image.path or ""), image.orig_name or "photo")

    def _photo(self, text: str) -> Photo:
        given = given_picture(text, self._service)
        return self._service.photos.decode(Path(given.path or ""), given.orig_name or "photo")

    def _mask(self, given: FileArgument, size: tuple[int, int]) -> Mask:
        source, name = Path(given.path or ""), given.orig_name or "mask"
        with full_size.work(SELECTING * size[0] * size[1]):
            read = read_mask_file(source, size, name=name, limits=self._service.limits)
        if not read.mask.any():
            raise BadInput("nothing_selected.mask", seen=read.notes[0])
        return read.mask

    def _drawn(self, record: PhotoRecord, png: bytes) -> Shown:
        size = record.height, record.width
        with full_size.work(SELECTING * size[0] * size[1]):
            mask = read_mask_file(png, size, name="mask", limits=self._service.limits).mask
            return tinted(self._service.photos.view(record.id), mask, ROOM - MASK_ROOM)

    def _saved(
        self, grid: Grid, card: Card, result: Result, given: EraseArguments, visit: Visit
    ) -> Saved | None:
        """The file like the photo, where one was wished for and there is one."""
        told = result["saved"]
        if told is None:
            return None
        place = "place." if given.keep_location else ""
        file = f"save/{card['index']}.{place}{given.format}"
        return Saved(self._address(grid, file, visit), told)

    def _address(self, grid: Grid, file: str, visit: Visit) -> str:
        """Of a run's file; of a private run there is a key in it."""
        name = self._service.owners.shown(grid).get("shown", grid["run"])
        return f"{visit.root}/{run_url(name, file)}"

    def _told(
        self, grid: Grid, card: Card, room: int, visit: Visit, saved: Saved | None
    ) -> tuple[list[str | Shown], Mapping[str, JSON]]:
        """One eraser's result: what is said of it, and the picture."""
        file = result_name(card["index"], card["eraser"], "png")
        if "full" not in card:
            return [words.result(card)], words.result_facts(card)
        address = self._address(grid, file, visit)
        kept = Kept(address, f"{grid['run']}:{card['index']}", saved)
        png = self._service.runs.folder / grid["run"] / file
        picture = shown(png, png.with_suffix(".jpg"), room)
        said: list[str | Shown] = [words.result(card, kept), picture]
        return said + ([] if picture.lossless else [words.REDUCED]), words.result_facts(card, kept)
