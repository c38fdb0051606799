"""What a run is asked to do: a request of the page as an order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from methods import JSON, BadInput, Image, Job, Mask, Photo, SettingValue, demand_agreed
from segmentation import SegmenterSpec, SweepPart, cells_of, parts_of
from ui.common.requests import Erase, Prompts
from ui.service.helper.judge import NOTHING_KNOWN, Known
from ui.service.selections.select import Question, Selecting
from ui.stores.masks import MaskUploads
from ui.stores.ownership import hashed

Noted: TypeAlias = Mapping[str, JSON]
"""A `Selection` in plain values, with the segmenter that answered."""


@dataclass(frozen=True, slots=True)
class Order:
    """A run to begin. axes: where each job stands in a sweep; () for none. make_mask is called
    once, with the decoded photo. upload: the file of an uploaded mask that is part of the prompts.
    known: what results are judged by. visitor: who asks, "" = whoever has the session. owner:
    whose run it is, as `Ownership` has it. browser: whose earlier jobs are one's own."""

    run: str
    session: str | None
    photo: str
    jobs: tuple[Job, ...]
    make_mask: Callable[[Photo], tuple[Mask, Noted]]
    upload: Path | None = None
    known: Known = NOTHING_KNOWN
    visitor: str = ""
    axes: tuple[Mapping[str, SettingValue], ...] = ()
    owner: str = ""
    browser: str = ""


def order_of(
    request: Erase,
    session: str | None,
    selecting: Selecting,
    masks: MaskUploads,
    visitor: str = "",
    browser: str = "",
) -> Order:
    """What the page asks for. The segmenter is noted, so that the link shows the same mask. Raises
    BadInput for a sweep that cannot be, and where the photo would go to a host that was not agreed
    to."""
    part = _one_mask(request)
    demand_agreed((job.eraser for job in part.jobs), request.agree)
    request = request.model_copy(update={"shape": part.shape(request.shape)})

    def make_mask(photo: Photo) -> tuple[Mask, Noted]:
        asked = question(request, photo.key, photo.size, lambda: photo.seen, masks)
        selection, spec = selecting.select(asked)
        return selection.mask, noted(request, spec)

    upload = None if request.upload is None else masks.file(request.photo, request.upload)
    known = Known(request.row, request.words)
    jobs, photo = tuple(part.jobs), request.photo
    axes = tuple(cell.axes for cell in part.cells) if request.sweep is not None else ()
    return Order(
        request.run,
        session,
        photo,
        jobs,
        make_mask,
        upload,
        known,
        visitor,
        axes,
        owner=hashed(request.secret),
        browser=browser or visitor or session or "",
    )


def _one_mask(request: Erase) -> SweepPart:
    """A run has one mask, so dilations are runs of their own."""
    parts = parts_of(cells_of(request.sweep, request.jobs))
    if len(parts) > 1:
        raise BadInput("sweep_one_mask")
    return parts[0]


def question(
    asked: Prompts,
    key: str,
    size: tuple[int, int],
    pixels: Callable[[], Image],
    masks: MaskUploads,
    caller: str | None = None,
) -> Question:
    """A request of the page as a question about one photo; see `Question`."""
    upload = None if asked.upload is None else partial(masks.load, asked.photo, asked.upload)
    return Question(key, size, pixels, asked, upload, caller)


def noted(asked: Prompts, spec: SegmenterSpec | None) -> Noted:
    """The selection as it is kept with a run, with the segmenter that answered."""
    return asked.plain() | {"segmenter": spec.id if spec is not None else asked.segmenter}
