"""A sweep: the same erasers several times, with other settings, seeds or dilations.

Pure data: axes with their values, and the cells that they make. Page, API, command line, case
files and tables all say it in this form, so that they mean the same cells under the same names.

    --sweep powerpaint.guidance_scale=5,7.5,10 --sweep dilate=0,8,16 --seeds 0-3
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, product
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from methods import BadInput, Job, SettingValue, get_eraser, settings_of
from segmentation._prompts.shape import Shape, check_dilate

MOST_CELLS = 64
MOST_AXES = 8
MOST_SEED = 2**32 - 1
DILATE, SEED = "dilate", "seed"
"""The axes that belong to no eraser."""


class Axis(BaseModel):
    """What is changed, and to which values. name: ERASER.SETTING, "dilate" (pixels by which the
    mask grows, in place of what else is said of it) or "seed"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^(dilate|seed|[a-z][a-z0-9_]{0,39}\.[A-Za-z_]\w{0,63})$")]
    values: tuple[SettingValue, ...] = Field(min_length=1, max_length=MOST_CELLS)

    @property
    def eraser(self) -> str:
        """Whose setting it is; "" for dilate and seed."""
        return self.name.partition(".")[0] if "." in self.name else ""

    @property
    def short(self) -> str:
        """The name without the eraser, as a cell has it."""
        return self.name.rpartition(".")[2]


class Sweep(BaseModel):
    """Axes in the order in which cells vary, the last one fastest; dilations outside of all, since
    each has a mask of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    axes: tuple[Axis, ...] = Field(min_length=1, max_length=MOST_AXES)

    def dilations(self) -> tuple[float, ...]:
        """Pixels; () where they are not swept. Raises BadInput."""
        return tuple(_dilation(value) for axis in self.axes if axis.name == DILATE
                     for value in axis.values)  # fmt: skip

    def seeds(self) -> tuple[int, ...]:
        """() where they are not swept. Raises BadInput."""
        return tuple(seed_of(value) for axis in self.axes if axis.name == SEED
                     for value in axis.values)  # fmt: skip

    def each_mask(self) -> list[Sweep]:
        """A sweep for each dilation, with that one alone."""
        return [
            Sweep(axes=tuple(axis if axis.name != DILATE else
                             Axis(name=DILATE, values=(pixels,)) for axis in self.axes))
            for pixels in self.dilations()
        ] or [self]  # fmt: skip

    def of_settings(self) -> Sweep | None:
        """The axes of erasers' settings; None where there is none."""
        axes = tuple(axis for axis in self.axes if axis.eraser)
        return Sweep(axes=axes) if axes else None

    def erasers(self) -> tuple[str, ...]:
        """Those whose settings are swept."""
        return tuple(dict.fromkeys(axis.eraser for axis in self.axes if axis.eraser))


@dataclass(frozen=True, slots=True)
class SweepCell:
    """One of a sweep. dilate: pixels, None where the mask is as it is. axes: the value on each axis
    that concerns it, by the axis's short name, in the sweep's order."""

    job: Job
    dilate: float | None = None
    axes: Mapping[str, SettingValue] = field(default_factory=dict)


def cells_of(sweep: Sweep | None, jobs: Sequence[Job]) -> tuple[SweepCell, ...]:
    """Every cell: of each dilation, each job with each value of the axes that concern it.

    Seeds concern erasers that throw dice. Raises BadInput: an axis or a value that stands twice, a
    setting or an eraser that is unknown or not of this run, seeds without an eraser that throws
    dice, more than `MOST_CELLS` cells.
    """
    if sweep is None:
        return tuple(SweepCell(job) for job in jobs)
    _check_axes(sweep, jobs)
    variants = [_Variants(job, sweep) for job in jobs]
    dilations: tuple[float | None, ...] = sweep.dilations() or (None,)
    count = len(dilations) * sum(variant.count for variant in variants)
    if count > MOST_CELLS:
        raise BadInput("sweep_too_many", count=min(count, 10**9), limit=MOST_CELLS)
    _check_alike("dilate", [value for value in dilations if value is not None])
    return tuple(
        cell for dilation in dilations for variant in variants for cell in variant.cells(dilation)
    )


@dataclass(frozen=True, slots=True)
class SweepPart:
    """The cells that share a mask. first: the number of the first of them among all cells."""

    dilate: float | None
    cells: tuple[SweepCell, ...]
    first: int = 0

    @property
    def jobs(self) -> list[Job]:
        """In the order of the cells."""
        return [cell.job for cell in self.cells]

    def shape(self, usual: Shape) -> Shape:
        """The mask's, grown by so many pixels where that is swept."""
        if self.dilate is None:
            return usual
        return usual.model_copy(update={"dilate": self.dilate, "dilate_unit": "px"})


def parts_of(cells: Sequence[SweepCell]) -> list[SweepPart]:
    """By their masks, in order."""
    parts: list[SweepPart] = []
    for dilate, group in groupby(cells, key=lambda cell: cell.dilate):
        first = sum(len(part.cells) for part in parts)
        parts.append(SweepPart(dilate, tuple(group), first))
    return parts


def _check_axes(sweep: Sweep, jobs: Sequence[Job]) -> None:
    erasers = [job.eraser for job in jobs]
    _check_alike("", [axis.name for axis in sweep.axes])
    for axis in sweep.axes:
        if axis.eraser and axis.eraser not in erasers:
            chosen = ", ".join(dict.fromkeys(erasers))
            raise BadInput("sweep_not_chosen", name=axis.name, eraser=axis.eraser, chosen=chosen)
        if axis.eraser and erasers.count(axis.eraser) > 1:
            raise BadInput("sweep_several", eraser=axis.eraser)
        if axis.name == SEED and not any(get_eraser(each).spec.seeded for each in erasers):
            raise BadInput("sweep_no_dice", chosen=", ".join(dict.fromkeys(erasers)))


def _check_alike(axis: str, values: Sequence[SettingValue]) -> None:
    """Raise BadInput for a value, or where no axis is named for an axis, that stands twice."""
    for number, value in enumerate(values):
        if any(value == other and type(value) is type(other) for other in values[:number]):
            said = value_words(value)[:80]
            raise BadInput("sweep_twice" if axis else "sweep_axis_twice", name=axis, value=said)


class _Variants:
    """One job with the axes that concern it."""

    def __init__(self, job: Job, sweep: Sweep) -> None:
        eraser = get_eraser(job.eraser)
        self._job = job
        own = [axis for axis in sweep.axes if axis.eraser == job.eraser]
        dice = [axis for axis in sweep.axes if axis.name == SEED and eraser.spec.seeded]
        self._axes = [axis for axis in sweep.axes if axis in own or axis in dice]
        self._order = [
            axis.short for axis in sweep.axes if axis.name == DILATE or axis in own + dice
        ]
        self._values = [self._read(axis) for axis in self._axes]
        self.count = math.prod(map(len, self._values))

    def _read(self, axis: Axis) -> tuple[SettingValue, ...]:
        """The axis's values as the eraser understands them, so that "5" and 5.0 are one."""
        read = [
            seed_of(value) if axis.name == SEED else self._setting(axis.short, value)
            for value in axis.values
        ]
        _check_alike(axis.name, read)
        return tuple(read)

    def _setting(self, name: str, value: SettingValue) -> SettingValue:
        settings = settings_of(get_eraser(self._job.eraser), {**self._job.settings, name: value})
        plain: dict[str, SettingValue] = settings.model_dump(mode="json")
        return plain[name]

    def cells(self, dilation: float | None) -> Iterator[SweepCell]:
        for values in product(*self._values):
            at = dict(zip((axis.short for axis in self._axes), values, strict=True))
            changes = {name: value for name, value in at.items() if name != SEED}
            job = replace(self._job, settings={**self._job.settings, **changes})
            if SEED in at:
                job = replace(job, seed=seed_of(at[SEED]))
            if dilation is not None:
                at[DILATE] = dilation
            yield SweepCell(job, dilation, {name: at[name] for name in self._order if name in at})


def seed_of(value: SettingValue) -> int:
    """A seed, also from text. Raises BadInput."""
    number = _number(value)
    if number is None or number != int(number) or not 0 <= number <= MOST_SEED:
        raise BadInput("sweep_seed", value=value_words(value)[:80])
    return int(number)


def _dilation(value: SettingValue) -> float:
    number = _number(value)
    if number is None:
        raise BadInput("sweep_dilate", value=value_words(value)[:80])
    check_dilate(number)
    return number


def _number(value: SettingValue) -> float | None:
    """Of a number, or of text that is one; not of true and false."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


# --- in words ----------------------------------------------------------------------------


def value_words(value: SettingValue) -> str:
    """A value as people write it: 8 for 8.0, true for True."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def cell_name(axes: Mapping[str, SettingValue]) -> str:
    """What sets a cell apart from others of its eraser, for ids and files: --radius-3--seed-0, ""
    for no axis. Each name and value stands in it, so different cells have different ones."""
    return "".join(f"--{name}-{value_words(value)}" for name, value in _seed_last(axes))


def _seed_last(axes: Mapping[str, SettingValue]) -> Iterator[tuple[str, SettingValue]]:
    """As ids have always been."""
    yield from ((name, value) for name, value in axes.items() if name != SEED)
    yield from ((name, value) for name, value in axes.items() if name == SEED)
