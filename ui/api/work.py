"""What the endpoints do, with arguments that have been validated."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_urlsafe
from typing import NoReturn

import gradio as gr

from methods import JSON, SELECTING, BadInput, Mask, Photo, default_erasers, full_size, write_atomic
from segmentation import (
    MAX_OBJECTS,
    Detection,
    SegmenterSpec,
    Selected,
    Selection,
    Understood,
    as_objects,
    mask_png,
)
from ui.api.answers import Detected, Erased, OfSelection, Result, Segmented
from ui.api.masks import NO_MASK, GivenMask, given_mask
from ui.api.pictures import Picture, picture_of
from ui.api.requests import ApiDetect, ApiErase, ApiSegment, FileArgument
from ui.api.saving import ApiWish, SavedResult, described, file_of, handed_out
from ui.common.files import link_or_copy, private_folder
from ui.common.grid import Card, Grid
from ui.common.names import safe_stem
from ui.common.requests import Erase
from ui.service.erasing.order import Order, order_of
from ui.service.selections.detect import describe_detection, describe_detections
from ui.service.selections.select import Question
from ui.service.service import Service
from ui.service.told import described_clicks, figures, rle_of
from ui.stores.ownership import hashed
from ui.stores.photos import PhotoRecord
from ui.stores.runs import result_name


@dataclass(frozen=True, slots=True)
class Begun:
    """What a call of erase comes to. told: what is to be said of its mask. secret: of the owner of
    all its runs. wish: how results are saved, too; caller: who asks."""

    record: PhotoRecord
    orders: list[Order]
    told: OfSelection
    secret: str
    wish: ApiWish
    caller: str


class Api:
    """What the endpoints do, with arguments that have been validated."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def segment(self, asked: ApiSegment, caller: str) -> Segmented:
        self._service.clicks.take(caller)
        photo = self._decoded(asked.image)
        drawn, found, understood = self._drawn(asked, photo, caller)
        given = self._given_mask(asked, drawn, photo)
        mask = drawn.mask(photo.size) if given is None else given.read.mask
        height, width = photo.size
        path = self._new_file(f"{safe_stem(photo.name)}-mask.png")
        with full_size.work(SELECTING * height * width, caller):
            selection, spec = self._select(photo, drawn, mask, caller)
            write_atomic(path, mask_png(selection.mask))
        return {
            "mask": _file_data(path),
            "rle": rle_of(selection.mask),
            **figures(selection, spec),
            "clicks": described_clicks(understood),
            "prompts": [entry.model_dump(mode="json") for entry in drawn.objects],
            "width": width,
            "height": height,
            "detections": [describe_detection(each) for each in found],
            **(NO_MASK if given is None else given.told()),
        }

    def detect(self, asked: ApiDetect, caller: str) -> Detected:
        photo = self._decoded(asked.image)
        found = self._service.detecting.detect(
            photo.key, lambda: photo.seen, asked.text or "", asked.detector, caller
        )
        above = found.above(asked.box_threshold, asked.text_threshold)
        height, width = photo.size
        answer = describe_detections(replace(found, found=above))
        return {**answer, "width": width, "height": height}

    def erase(self, asked: ApiErase, caller: str) -> Erased:
        begun = self._begun(asked, caller)
        return self._erased(begun, [self._ran(order) for order in begun.orders])

    async def follow(self, asked: ApiErase, caller: str) -> Erased:
        """The same, on an event loop: what waits holds no thread."""
        full = self._service.visits.lanes.full
        begun = await full.run(caller, lambda: self._begun(asked, caller))
        grids = [await self._followed(order, caller) for order in begun.orders]
        return await full.run(caller, lambda: self._erased(begun, grids))

    def _begun(self, asked: ApiErase, caller: str) -> Begun:
        self._service.erases.take(caller)
        record = self._opened(asked, caller)
        orders, told = self._orders(asked, record, caller)
        secret = self._service.owners.begin()[1]
        owned = [replace(one, owner=hashed(secret)) for one in orders]
        wish = ApiWish(asked.format, bool(asked.keep_location))
        return Begun(record, owned, told, secret, wish, caller)

    def _opened(self, asked: ApiErase, caller: str) -> PhotoRecord:
        card = asked.card()
        if card is not None:
            return self._service.steps.photo_of(*card, asked.continue_secret, caller)
        given = self._picture(asked.image)
        return self._service.photos.add_copy(self._file(given), given.name)

    def _erased(self, begun: Begun, grids: Sequence[Grid]) -> Erased:
        results = [self._result(grid, card, begun) for grid in grids for card in grid["cards"]]
        return {
            "run": grids[0]["run"],
            "secret": begun.secret,
            "runs": [grid["run"] for grid in grids],
            "seconds": sum(grid["seconds"] for grid in grids),
            "results": results,
            **begun.told,
        }

    def _ran(self, order: Order) -> Grid:
        """One run, to its end."""
        live = self._service.erasing.begin(order)
        (grid,) = deque(live.grids(), maxlen=1)  # the last value has everything
        return _demand_cards(grid)

    async def _followed(self, order: Order, caller: str) -> Grid:
        grids = self._service.visits.watch(
            caller, lambda: self._service.erasing.begin(order), _raised
        )
        async with aclosing(grids):
            async for grid in grids:
                last = grid
        return _demand_cards(last)

    def _orders(
        self, asked: ApiErase, record: PhotoRecord, caller: str
    ) -> tuple[list[Order], OfSelection]:
        """The same orders as the page would give, where a mask file counts as an uploaded mask; and
        what is to be said of that, and of the clicks."""
        default = tuple(spec.id for spec in default_erasers())
        asked.cells(default)  # before any time is spent
        photo = self._service.photos.load(record.id)
        drawn, _, understood = self._drawn(asked, photo, caller)
        given = self._given_mask(asked, drawn, photo)
        mask = drawn.mask(photo.size) if given is None else given.read.mask
        notes = () if given is None else given.read.notes
        upload = None if mask is None else self._service.masks.put(record.id, mask, notes)
        wanted = {"photo": record.id, "upload": upload, "jobs": asked.jobs(default)}
        agreed = {"agree": asked.agree}
        sweep = asked.swept()
        orders = [
            self._order(drawn.plain() | wanted | agreed | {"sweep": one}, caller)
            for one in ([None] if sweep is None else sweep.each_mask())
        ]
        told = NO_MASK if given is None else given.told()
        return orders, {**told, "clicks": described_clicks(understood)}

    def _order(self, wanted: Mapping[str, object], caller: str) -> Order:
        run_id, secret = self._service.owners.begin()
        request = Erase.model_validate({**wanted, "run": run_id, "secret": secret})
        return order_of(request, None, self._service.selecting, self._service.masks, caller)

    def _drawn(
        self, asked: ApiSegment, photo: Photo, caller: str
    ) -> tuple[Selection, tuple[Detection, ...], tuple[Understood, ...]]:
        """What the request selects, with a box for each thing that its text finds; and what its
        clicks were understood as."""
        drawn, understood = self._clicked(asked, photo, caller)
        if asked.text is None:
            return drawn, (), understood
        found = self._service.detecting.detect(
            photo.key, lambda: photo.seen, asked.text, asked.detector, caller
        )
        thresholds = asked.box_threshold, asked.text_threshold
        most = max(1, MAX_OBJECTS - len(drawn.objects))
        objects = as_objects(found, *thresholds, level=asked.level, most=most)
        joined = drawn.model_copy(
            update={"objects": (*drawn.objects, *objects), "words": asked.text}
        )
        return joined, found.above(*thresholds)[: len(objects)], understood

    def _clicked(
        self, asked: ApiSegment, photo: Photo, caller: str
    ) -> tuple[Selection, tuple[Understood, ...]]:
        drawn, clicks = asked.selection(photo.size), asked.clicks()
        if not clicks:
            return drawn, ()
        put = Question(photo.key, photo.size, lambda: photo.seen, drawn, caller=caller)
        settled = self._service.selecting.settle(put, clicks)
        own = settled.understood[len(clicks) - len(asked.points) :]
        return drawn.model_copy(update={"objects": settled.objects}), own

    def _given_mask(self, asked: ApiSegment, drawn: Selection, photo: Photo) -> GivenMask | None:
        with full_size.work(SELECTING * photo.size[0] * photo.size[1]):
            given = given_mask(asked, photo.size, self._service.limits, self._picture)
        alone = not drawn.objects and not drawn.strokes
        if given is not None and alone and not given.read.mask.any():
            raise BadInput("nothing_selected.mask", seen=given.read.notes[0])
        return given

    def _select(
        self, photo: Photo, drawn: Selection, mask: Mask | None, caller: str
    ) -> tuple[Selected, SegmenterSpec | None]:
        upload = None if mask is None else lambda longest_side: mask
        asked = Question(photo.key, photo.size, lambda: photo.seen, drawn, upload, caller)
        return self._service.selecting.select(asked)

    def _result(self, grid: Grid, card: Card, begun: Begun) -> Result:
        return {
            "run": grid["run"],
            "axes": card.get("axes", {}),
            "eraser": card["eraser"],
            "name": card["name"],
            "state": card["state"],
            "image": self._image(grid, card, begun.record) if "full" in card else None,
            "error": card["error"]["text"] if "error" in card else None,
            "seed": card["seed"],
            "settings": card["settings"],
            "load_seconds": card.get("load_seconds"),
            "erase_seconds": card.get("erase_seconds"),
            "pieces": card.get("pieces"),
            "peak_memory": card.get("peak_memory"),
            "memory_kind": card.get("memory_kind"),
            "device": card.get("device"),
            "changed_outside": card.get("changed_outside"),
            "cached": card.get("cached"),
            "weights": card.get("weights"),
            "notes": card.get("result_notes", []),
            "readings": card.get("readings"),
            "saved": self._saved(grid, card, begun),
        }

    def _saved(self, grid: Grid, card: Card, begun: Begun) -> SavedResult | None:
        kept = file_of(self._service.downloads, grid, card, begun.wish, begun.caller)
        if kept is None:
            return None
        name = f"{safe_stem(begun.record.name)}-{card['eraser']}{kept[0].suffix}"
        path = self._new_file(name)
        facts = handed_out(kept, path)
        return described(_file_data(path, f"image/{facts.format}"), facts)

    def _image(self, grid: Grid, card: Card, record: PhotoRecord) -> Mapping[str, JSON]:
        file = result_name(card["index"], card["eraser"], "png")
        path = self._new_file(f"{safe_stem(record.name)}-{card['eraser']}.png")
        link_or_copy(self._service.runs.folder / grid["run"] / file, path)
        return _file_data(path)

    def _picture(self, argument: FileArgument) -> Picture:
        return picture_of(argument, self._service.uploads, self._service.limits.megabytes)

    def _file(self, picture: Picture) -> Path:
        """The picture as a file of its own, which the janitor clears away with the uploads."""
        if isinstance(picture.source, Path):
            return picture.source
        path = self._new_file("photo")
        write_atomic(path, picture.source)
        return path

    def _decoded(self, argument: FileArgument) -> Photo:
        given = self._picture(argument)
        return self._service.photos.decode(self._file(given), given.name)

    def _new_file(self, name: str) -> Path:
        """A place in Gradio's folder, from which it hands files out; random, so unguessable."""
        return private_folder(self._service.uploads.folder / "api" / token_urlsafe(16)) / name


def _demand_cards(grid: Grid) -> Grid:
    """Raise BadInput where the jobs were found unusable before anything began: its reason."""
    if not grid["cards"]:
        raise BadInput.retold(grid["error"]["text"], grid["error"]["code"])
    return grid


def _raised(error: Exception) -> NoReturn:
    raise error


def _file_data(path: Path, kind: str = "image/png") -> Mapping[str, JSON]:
    file = gr.FileData(
        path=str(path), orig_name=path.name, mime_type=kind, size=path.stat().st_size
    )
    described: Mapping[str, JSON] = file.model_dump()
    return described
