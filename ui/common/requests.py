"""What the page may ask for: one model per server function, strict about everything.

Names that are not listed, numbers that are not finite, ids of another shape and lists that
are too long are refused before anything is looked up or computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from methods import LARGEST_NUMBER, BadInput, EraserId, Job
from segmentation import MOST_CELLS, Gestures, PromptedObject, Selection, Sweep, check_count
from ui.common.names import ID_PATTERN, photo_name

MOST_JOBS = MOST_CELLS
MOST_POINTS = 1000
MOST_RUNS_SHOWN = 200
REMARK_LENGTH = 500
OVERLAY_SIDE = 1600
MOST_OVERLAY_SIDE = 16 * OVERLAY_SIDE
"""Of a strip, whose overlay has no more pixels than a square one of OVERLAY_SIDE."""

Id = Annotated[str, Field(pattern=ID_PATTERN)]
Secret = Annotated[str, Field(min_length=1, max_length=64)]
"""A run's second secret, which its owner has beside its link."""

ExampleId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
ModelId = EraserId
"""Of an eraser, a segmenter or a detector."""

Host = Annotated[str, Field(min_length=1, max_length=253)]
Hosts = Annotated[tuple[Host, ...], Field(max_length=64)]
"""Names of other machines, as `spec.sends_to` has them."""


def _as_photo_name(name: object) -> object:
    return photo_name(name) if isinstance(name, str) else name


class Request(BaseModel):
    """Frozen, and an unknown name is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Request):
    """A request that says nothing."""


class WishCatalogue(Request):
    """lang: the code of the one language in which all is said; None for every one."""

    lang: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$")] | None = None


class Opening(Request):
    """segmenter: who will be asked about the photo, so that it can look at it ahead."""

    segmenter: ModelId | None = None


class OpenPhoto(Opening):
    path: Annotated[str, Field(min_length=1, max_length=4096)]
    name: Annotated[str, BeforeValidator(_as_photo_name)] = "photo"


class OpenExample(Opening):
    id: ExampleId


class OnePhoto(Opening):
    photo: Id


class Prompts(Selection):
    """A selection on a photo of the page. upload: the id of a mask uploaded for this photo."""

    photo: Id
    upload: Id | None = None

    @model_validator(mode="after")
    def _points_at_something(self) -> Prompts:
        check_points(self.objects)
        if self.upload is None and not self.strokes:
            check_count(len(self.objects) + self.more_objects)
        return self

    @property
    def more_objects(self) -> int:
        """How many objects may come of what is not among them yet."""
        return 0


def check_points(objects: Sequence[PromptedObject]) -> None:
    """Raise BadInput for too many points in all objects together."""
    points = sum(len(entry.points) for entry in objects)
    if points > MOST_POINTS:
        raise BadInput("too_many_points.together", count=points, limit=MOST_POINTS)


class Segment(Prompts):
    """show: what the overlay carries: the mask, or also the margin that erasers fill beyond it.

    side: the overlay's longer side in pixels at most; the fewer, the sooner it is there. See
    `overlay_side` for what it may be.
    clicks: made one after the other beside the objects; the answer says which objects they make.
    preview: nobody has clicked yet: no part of the photo is encoded for it.
    """

    n: int = Field(default=0, strict=True, ge=0, le=LARGEST_NUMBER)
    show: Literal["mask", "margin"] = "mask"
    side: int = Field(default=OVERLAY_SIDE, strict=True, ge=64, le=MOST_OVERLAY_SIDE)
    preview: bool = Field(default=False, strict=True)
    clicks: Gestures = ()

    @property
    def more_objects(self) -> int:
        """One is enough to have something selected."""
        return min(len(self.clicks), 1)


class Erase(Prompts):
    """run, secret: as `new_run` has given them, so that the page can press Stop at once. row: the
    row of a table that is run, whose true background may be known. sweep: what is varied of the
    jobs, on one mask: with one dilation at most. agree: hosts to which the photo may be sent."""

    run: Id
    secret: Secret
    row: ExampleId | None = None
    jobs: tuple[Job, ...] = Field(min_length=1, max_length=MOST_JOBS)
    sweep: Sweep | None = None
    agree: Hosts = ()


class PlanSweep(Request):
    """words: NAME=VALUE,VALUE for each axis, as the command line has them. seeds: such as 0-3."""

    jobs: tuple[Job, ...] = Field(min_length=1, max_length=MOST_JOBS)
    words: tuple[Annotated[str, Field(max_length=2000)], ...] = Field(default=(), max_length=8)
    seeds: Annotated[str, Field(max_length=400)] = ""


class ExportCase(Prompts):
    jobs: tuple[Job, ...] = Field(default=(), max_length=MOST_JOBS)


class ImportCase(Request):
    """case: checked by itself, so that its faults are told in its own words."""

    photo: Id
    case: object


class UploadMask(Request):
    photo: Id
    path: Annotated[str, Field(min_length=1, max_length=4096)]
    name: Annotated[str, BeforeValidator(_as_photo_name)] = "mask"


class Detect(Request):
    """phrase: as typed; it has its own limits, told in their own words."""

    photo: Id
    phrase: Annotated[str, Field(strict=True)]
    backend: ModelId | None = None


class OneRun(Request):
    """run: any text, since links lose letters on their way; whoever looks it up judges it."""

    run: Annotated[str, Field(max_length=4096)]
    secret: Secret | None = None


class KeepPrivate(OneRun):
    """private: whether the run's link shows it to its owner alone."""

    private: bool = Field(strict=True)


class GoOn(OneRun):
    """wanted: the jobs that have no result, and all numbers; or the numbers alone."""

    wanted: Literal["missing", "numbers"] = "missing"


class OneRow(Request):
    row: ExampleId


class GivenOfRow(OneRow):
    """results: the id of a folder of results. pasted: with the photo's pixels outside the mask."""

    results: EraserId
    pasted: bool = False


class SeveralRuns(Request):
    """secrets: of those that whoever asks owns, by their ids."""

    runs: tuple[Id, ...] = Field(max_length=MOST_RUNS_SHOWN)
    secrets: dict[Id, Secret] = Field(default={}, max_length=MOST_RUNS_SHOWN)


class Remark(Request):
    """What a run's owner writes beside a result; an empty text takes it away."""

    run: Id
    secret: Secret | None = None
    index: int = Field(strict=True, ge=0, lt=MOST_JOBS)
    text: Annotated[str, Field(strict=True, max_length=4 * REMARK_LENGTH)]


class FetchWeights(Request):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    again: bool = False
