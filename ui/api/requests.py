"""The arguments of the API's endpoints, validated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from methods import MAX_SETTINGS, BadInput, Job, SettingName, SettingValue, WantedFormat
from segmentation import (
    BOX_THRESHOLD,
    MAX_POINTS,
    TEXT_THRESHOLD,
    Box,
    Case,
    Gesture,
    Objects,
    Point,
    Selection,
    Shape,
    Strokes,
    Sweep,
    SweepCell,
    are_run_lengths,
    cells_of,
    check_count,
    grown_as_usual,
    read_case,
    read_sweep,
    shape_of,
)
from ui.common.requests import (
    MOST_JOBS,
    MOST_POINTS,
    Hosts,
    ModelId,
    Request,
    Secret,
    check_points,
)

Number = Annotated[float, Field(allow_inf_nan=False)]
Click = Annotated[tuple[Number, ...], Field(min_length=2, max_length=3)]
Corners = tuple[Number, Number, Number, Number]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class FileArgument(BaseModel):
    """A picture: an uploaded file as Gradio describes it, its path or address, or bytes as text.

    `ui.api.pictures` says what each stands for, and checks it before it is used.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    path: str | None = None
    url: str | None = None
    orig_name: Annotated[str, Field(max_length=4096)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _takes_text_alone(cls, data: object) -> object:
        return {"path": data} if isinstance(data, str) else data


class ApiDetect(Request):
    """text: what to look for. detector: None = the first that is ready."""

    image: FileArgument
    text: Annotated[str, Field(strict=True)] | None = None
    box_threshold: Share = BOX_THRESHOLD
    text_threshold: Share = TEXT_THRESHOLD
    detector: ModelId | None = None

    @model_validator(mode="before")
    @classmethod
    def _null_is_the_default(cls, data: Mapping[str, object]) -> dict[str, object]:
        """For whoever posts all arguments by place and has nothing to say about these."""
        if not data.get("image") and not data.get("continue_from"):
            raise BadInput("no_picture")
        defaults = ("box_threshold", "text_threshold", "image")
        return {n: v for n, v in data.items() if v is not None or n not in defaults}


class ApiSegment(ApiDetect):
    """points are clicks, one after the other, and a box comes before them; what they mean is
    decided as on the page. objects says which objects there are, instead. What the text finds joins
    them. dilate stands for a shape that only grows. runs: the mask as run lengths,
    which may come in the place of a mask or of a case. mask_reading: which of its readings,
    from 1. case: a whole case, instead of all of these."""

    points: Annotated[tuple[Click, ...], Field(max_length=MOST_POINTS)] = ()
    box: Corners | None = None
    level: Annotated[int, Field(strict=True)] | None = None
    objects: Objects = ()
    shape: Shape = Shape()
    segmenter: ModelId | None = None
    strokes: Strokes = ()
    mask: FileArgument | None = None
    runs: object = None
    mask_reading: Annotated[int, Field(strict=True, ge=1)] | None = None
    case: object = None

    @model_validator(mode="before")
    @classmethod
    def _tells_run_lengths(cls, data: Mapping[str, object]) -> dict[str, object]:
        there = [name for name in ("mask", "case") if are_run_lengths(data.get(name))]
        rest = {name: value for name, value in data.items() if name not in there}
        return rest | {"runs": data[there[0]]} if there else rest

    @model_validator(mode="before")
    @classmethod
    def _takes_dilate_alone(cls, data: Mapping[str, object]) -> dict[str, object]:
        rest = {name: value for name, value in data.items() if name != "dilate"}
        return {**rest, "shape": shape_of(data.get("dilate"), data.get("shape"))}

    @model_validator(mode="after")
    def _a_reading_has_its_mask(self) -> ApiSegment:
        if self.mask_reading is not None and not self._has_mask:
            raise BadInput("reading_without_mask")
        return self

    def selection(self, size: tuple[int, int]) -> Selection:
        """What is selected on a photo of size (H, W), without what the text finds.

        Raises BadInput: nothing is, or two ways of saying it are mixed.
        """
        pointed = bool(self.points) or self.box is not None
        if self.case is not None:
            self._nothing_beside_the_case(pointed)
            return _of_case(read_case(self.case), size, self.segmenter)
        if pointed and self.objects:
            raise BadInput("two_kinds_of_prompts")
        check_points(self.objects)
        if not (self._has_mask or self.strokes or self.text is not None or pointed):
            check_count(len(self.objects))
        alone = not (pointed or self.objects or self.strokes or self.text)
        return Selection(
            objects=self.objects,
            strokes=self.strokes,
            shape=self._shape(size, alone=alone),
            segmenter=self.segmenter,
        )

    def clicks(self) -> tuple[Gesture, ...]:
        """The box and the points, for `segmentation.settle`. Raises BadInput."""
        if len(self.points) > MAX_POINTS:
            raise BadInput("too_many_points", limit=MAX_POINTS)
        drawn = () if self.box is None else (self._gesture(box=_box(self.box)),)
        return (*drawn, *(self._gesture(**_point(click).model_dump()) for click in self.points))

    def _gesture(self, **says: object) -> Gesture:
        return Gesture.model_validate({**says, "level": self.level})

    def _shape(self, size: tuple[int, int], *, alone: bool) -> Shape:
        """A selection grows as on the page; a mask that comes alone is meant as it is."""
        return self.shape if alone else grown_as_usual(self.shape, size)

    @property
    def _has_mask(self) -> bool:
        return self.mask is not None or self.runs is not None

    def _nothing_beside_the_case(self, pointed: bool) -> None:
        named = self.text is not None
        drawn = pointed or self.objects or self.strokes or self._has_mask or self.shape != Shape()
        if named or drawn:
            raise BadInput("two_kinds_of_prompts.case")


def _of_case(case: Case, size: tuple[int, int], segmenter: str | None) -> Selection:
    """segmenter: instead of the case's own, where it is given."""
    case.check_size(size)
    selection = case.selection
    check_points(selection.objects)
    if selection.upload is None and not selection.strokes:
        check_count(len(selection.objects))
    chosen = segmenter or selection.segmenter
    return selection.model_copy(update={"segmenter": chosen})


class ApiJobs(Request):
    """settings: by eraser's id. erasers: None = those of the case. sweep: see `read_sweep`."""

    case: object = None
    sweep: object = None
    erasers: Annotated[tuple[ModelId, ...], Field(min_length=1, max_length=MOST_JOBS)] | None = None
    settings: dict[
        ModelId, Annotated[dict[SettingName, SettingValue], Field(max_length=MAX_SETTINGS)]
    ] = Field(default_factory=dict, max_length=MOST_JOBS)
    seed: int = Field(default=0, strict=True, ge=0, le=2**32 - 1)

    @model_validator(mode="after")
    def _settings_have_their_eraser(self) -> ApiJobs:
        for name in self.settings:
            if name not in (self.erasers or ()):
                raise BadInput("settings_without_eraser", eraser=name)
        return self

    def swept(self) -> Sweep | None:
        """The sweep that is given; else that of the case, where its jobs are run. Raises
        BadInput."""
        if self.sweep is not None:
            return read_sweep(self.sweep)
        of_case = self.erasers is None and self.case is not None
        return read_case(self.case).sweep if of_case else None

    def jobs(self, default: tuple[str, ...]) -> tuple[Job, ...]:
        """The erasers that are named; else the jobs of the case; else those that are swept; else
        the default ones."""
        if self.erasers is None and self.case is not None:
            of_case = read_case(self.case).jobs
            if of_case:
                return of_case
        sweep = self.swept()
        ids = self.erasers or (() if sweep is None else sweep.erasers()) or default
        return tuple(Job(name, self.settings.get(name, {}), self.seed) for name in ids)

    def cells(self, default: tuple[str, ...]) -> tuple[SweepCell, ...]:
        """All that is to be run. Raises BadInput, also for what is both set and swept."""
        sweep = self.swept()
        for axis in () if sweep is None else sweep.axes:
            if axis.short in self.settings.get(axis.eraser, {}):
                raise BadInput("sweep_and_set", name=axis.name)
        return cells_of(sweep, self.jobs(default))


class ApiErase(ApiSegment, ApiJobs):
    """A selection and what is to be run on it. continue_from: RUN:CARD, a result in the place of an
    image; continue_secret: that run's, where it is private. format: what results are saved as, too;
    keep_location: with places and serial numbers of devices. agree: as in `Erase`."""

    image: FileArgument = FileArgument()
    continue_from: Annotated[str, Field(max_length=200)] | None = None
    continue_secret: Secret | None = None
    format: WantedFormat | None = None
    keep_location: bool | None = None
    agree: Hosts = ()

    @model_validator(mode="after")
    def _has_one_photo(self) -> ApiErase:
        if self.continue_from and (self.image.path or self.image.url):
            raise BadInput("one_photo")
        return self

    def card(self) -> tuple[str, int] | None:
        """The run and the index of the result that is gone on with. Raises BadInput."""
        if self.continue_from is None:
            return None
        run, _, card = self.continue_from.rpartition(":")
        if not card.isascii() or not card.isdecimal():
            raise BadInput("no_result")
        return run, int(card)


def _box(corners: Corners) -> Box:
    x0, y0, x1, y1 = corners
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)


def _point(click: tuple[float, ...]) -> Point:
    return Point.model_validate(dict(zip(("x", "y", "label"), click, strict=False)))
